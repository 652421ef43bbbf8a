"""The web SDK as files of the collector: names, caches, codings, and an installation without it."""

from __future__ import annotations

import asyncio
import gzip
from base64 import b64encode
from hashlib import sha384
from pathlib import Path
from typing import NamedTuple

import brotli
import httpx
import pytest
from starlette.applications import Starlette

from collector.web_sdk import (
    FILES,
    NO_SUCH_BUILD,
    NOT_BUILT,
    list_routes,
    read_builds,
    write_snippet,
)

CONTENT = {name: f"/* {name} */ {'x' * 500}".encode() for name in FILES}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A folder with every file."""
    for name, built in FILES.items():
        (tmp_path / built).write_bytes(CONTENT[name])
    return tmp_path


class Told(NamedTuple):
    """An answer, its body as it was sent."""

    status: int
    headers: httpx.Headers
    body: bytes


def ask(dist: Path, path: str, method: str = "GET", **headers: str) -> Told:
    """Ask the routes for what is built in a folder."""
    app = Starlette(routes=list(list_routes(read_builds(dist))))
    sent = {"accept-encoding": ""} | {k.replace("_", "-"): v for k, v in headers.items()}

    async def read() -> Told:
        transport = httpx.ASGITransport(app=app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="https://c.example") as client,
            client.stream(method, path, headers=sent) as answer,
        ):
            body = b"".join([piece async for piece in answer.aiter_raw()])
            return Told(answer.status_code, answer.headers, body)

    return asyncio.run(read())


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_served_for_an_hour_and_by_its_digest_for_good(dist: Path, name: str) -> None:
    build = read_builds(dist)[name]
    plain, pinned = ask(dist, f"/{name}"), ask(dist, f"/{build.name}")
    assert plain.body == pinned.body == CONTENT[name]
    assert plain.headers["cache-control"] == "public, max-age=3600"
    assert pinned.headers["cache-control"] == "public, max-age=31536000, immutable"
    for answer in (plain, pinned):
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["vary"] == "accept-encoding"
    digest = b64encode(sha384(CONTENT[name]).digest()).decode()
    assert build.integrity == f"sha384-{digest}"
    assert ask(dist, f"/{name}", "HEAD").headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0", "gzip"),
        ("br; q=0, gzip", "gzip"),
        ("br;q=0.000, gzip;q=0", ""),
        ("br;q=0.5", "br"),
        ("identity", ""),
        ("", ""),
    ],
)
def test_it_comes_in_a_coding_that_the_browser_takes(
    dist: Path, accepted: str, coding: str
) -> None:
    answer = ask(dist, "/sanaq.js", accept_encoding=accepted)
    opened = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert answer.headers.get("content-encoding", "") == coding
    assert opened(answer.body) == CONTENT["sanaq.js"]


def test_what_a_browser_has_is_not_sent_again(dist: Path) -> None:
    told = ask(dist, "/sanaq.js", accept_encoding="br")
    tag = told.headers["etag"]
    assert tag != ask(dist, "/sanaq.js").headers["etag"]
    for sent in (tag, f'"other", W/{tag}'):
        answer = ask(dist, "/sanaq.js", accept_encoding="br", if_none_match=sent)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert ask(dist, "/sanaq.js", accept_encoding="br", if_none_match='"other"').body == told.body


def test_another_build_is_not_given_for_the_one_that_was_asked_for(dist: Path) -> None:
    for path in ("/sanaq.0123456789abcdef.js", "/sanaq.full.0123456789abcdef.js"):
        answer = ask(dist, path)
        assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")
        assert answer.body == NO_SUCH_BUILD.encode()


def test_an_installation_without_it_says_so(dist: Path) -> None:
    (dist / "sanaq.full.js").unlink()
    assert read_builds(dist) == {} == read_builds(dist / "nowhere")
    for path in ("/sanaq.js", "/sanaq.module.js", "/sanaq.full.0123456789abcdef.js"):
        answer = ask(dist, path)
        assert (answer.status, answer.body) == (404, NOT_BUILT.encode())


def test_the_snippet_names_one_build_and_its_integrity(dist: Path) -> None:
    build = read_builds(dist)["sanaq.js"]
    assert write_snippet(build, "https://c.example", "sk_b_x") == (
        f'<script async src="https://c.example/{build.name}" integrity="{build.integrity}" '
        'crossorigin="anonymous" data-key="sk_b_x"></script>'
    )
