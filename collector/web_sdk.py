"""The web SDK as files of the collector: `/sanaq.js`, and the same under a name for good.

Called by `collector.worker`; `sanaq doctor` and the docs tell what is served. The files are what
`make setup` built, read once at the start of a worker and compressed then. A product that was
installed without Node has none, and says so.
"""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha384
from pathlib import Path
from typing import NamedTuple

import brotli
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

DIST = Path(__file__).resolve().parent.parent / "sdk" / "web" / "dist"
"""Where set-up builds it."""

FILES = {"sanaq.js": "sanaq.js", "sanaq.full.js": "sanaq.full.js", "sanaq.module.js": "index.js"}
"""Name under which a file is served -> its name as built."""

NOT_BUILT = "The web SDK is not built in this installation: run `make setup` where Node is.\n"
NO_SUCH_BUILD = (
    "This build of the web SDK is not served here: take the address from sanaq doctor.\n"
)

DIGEST_CHARS = 16
"""So much of a file's digest stands in its name for good."""

HOUR_SECONDS, YEAR_SECONDS = 3_600, 31_536_000

HEADERS = {
    # A page of any origin may load it and check its integrity; who asks makes no difference.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
    "vary": "accept-encoding",
}


class Build(NamedTuple):
    """One file as it is served."""

    name: str
    """Name for good, which changes with the content: `sanaq.3f09….js`."""
    integrity: str
    """What a page's `integrity` says."""
    bodies: Mapping[str, bytes]
    """Content coding -> bytes; '' for the file as it is."""

    @classmethod
    def of(cls, name: str, content: bytes) -> Build:
        """Compress a file and name it after its content."""
        digest = sha384(content)
        stem = name.removesuffix(".js")
        bodies = {
            "br": brotli.compress(content, quality=11),
            "gzip": gzip.compress(content, 9, mtime=0),
            "": content,
        }
        integrity = f"sha384-{b64encode(digest.digest()).decode()}"
        return cls(f"{stem}.{digest.hexdigest()[:DIGEST_CHARS]}.js", integrity, bodies)


def read_builds(folder: Path = DIST) -> dict[str, Build]:
    """Give the files that were built, by the name under which they are served; {} where none was.

    A build that lacks a file is none.
    """
    try:
        contents = {name: (folder / built).read_bytes() for name, built in FILES.items()}
    except OSError:
        return {}
    return {name: Build.of(name, content) for name, content in contents.items()}


def write_snippet(build: Build, origin: str, key: str) -> str:
    """Give the one line that a page needs, with the integrity of this very build."""
    return (
        f'<script async src="{origin}/{build.name}" integrity="{build.integrity}" '
        f'crossorigin="anonymous" data-key="{key}"></script>'
    )


def list_routes(builds: Mapping[str, Build]) -> list[Route]:
    """Give the routes of all files: for an hour by their plain names, for good by the others."""
    served = {name: WebSdk(name, builds.get(name)).answer for name in FILES}
    plain = [Route(f"/{name}", answer) for name, answer in served.items()]
    # Longer names first: `sanaq.full.3f09….js` is none of `sanaq.js`.
    stems = sorted((name.removesuffix(".js") for name in FILES), key=len, reverse=True)
    return plain + [Route(f"/{one}.{{digest}}.js", served[f"{one}.js"]) for one in stems]


class WebSdk:
    """Serves one file under both its names."""

    def __init__(self, name: str, build: Build | None) -> None:
        self._name = name
        self._build = build

    async def answer(self, request: Request) -> Response:
        """Answer a request for the file."""
        build = self._build
        if build is None:
            return _say_why_not(NOT_BUILT)
        asked = request.url.path.rpartition("/")[2]
        if asked not in (self._name, build.name):
            return _say_why_not(NO_SUCH_BUILD)
        wanted = _codings_of(request.headers.get("accept-encoding", ""))
        coding = next((one for one in build.bodies if one in wanted), "")
        etag = f'"{build.name}{coding and "-" + coding}"'
        lasts = f"{YEAR_SECONDS}, immutable" if asked == build.name else str(HOUR_SECONDS)
        headers = HEADERS | {"etag": etag, "cache-control": f"public, max-age={lasts}"}
        if etag in _tags_of(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        if coding:
            headers["content-encoding"] = coding
        return Response(build.bodies[coding], headers=headers, media_type="text/javascript")


def _codings_of(header: str) -> set[str]:
    """Give the codings that `Accept-Encoding` names and does not refuse."""
    named = (part.replace(" ", "").lower().partition(";q=") for part in header.split(","))
    return {coding for coding, _, weight in named if not weight or weight.strip("0.")}


def _tags_of(header: str) -> set[str]:
    """Give the tags of `If-None-Match`; a weak one compares like a strong one there."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _say_why_not(text: str) -> Response:
    headers = HEADERS | {"cache-control": "no-store"}
    return Response(text, 404, headers=headers, media_type="text/plain")
