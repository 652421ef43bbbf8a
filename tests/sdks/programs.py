"""Runs a few lines of a vendor's SDK: under Python, under Node, or in a page of a real browser."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from scripts.node import find_node
from tests.browser import open_page
from tests.helpers import ROOT
from tests.sdk.pages import Site, serving

PYTHON = ROOT / ".venv-sdks" / "bin" / "python"
ESBUILD = ROOT / "node_modules" / "esbuild-wasm" / "bin" / "esbuild"

PROGRAM_SECONDS_MAX = 120

BUNDLED: dict[str, bytes] = {}
"""Script -> its bundle. Making one takes seconds, and tests share scripts."""

AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/153.0.0.0 Safari/537.36"
)
"""Some SDKs send nothing from a browser that calls itself headless."""


def run_python(source: str, told: Mapping[str, str]) -> str:
    """Run a Python program beside the vendors' packages; `told` is its environment."""
    return _run([str(PYTHON), "-c", source], told)


def run_node(source: str, told: Mapping[str, str]) -> str:
    """Run a program under Node (CommonJS, top-level await in an async function of its own)."""
    wrapped = f"(async () => {{ {source} }})().catch(e => {{ console.error(e); process.exit(1); }})"
    return _run([str(find_node()), "-e", wrapped], told)


def _run(command: list[str], told: Mapping[str, str]) -> str:
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=plain | dict(told),
        capture_output=True,
        text=True,
        timeout=PROGRAM_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def bundle(source: str, folder: Path) -> bytes:
    """Bundle a script with what it imports from node_modules, for a page; each script once."""
    if source not in BUNDLED:
        BUNDLED[source] = bundle_all({"bundle": source}, folder)["bundle"]
    return BUNDLED[source]


def bundle_all(sources: Mapping[str, str], folder: Path) -> dict[str, bytes]:
    """Bundle each of some scripts, by name; all at once, since the start costs most."""
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source)
    done = subprocess.run(
        [find_node(), ESBUILD, "--bundle", "--format=iife", "--platform=browser",
         "--define:process.env.NODE_ENV=\"production\"", "--define:global=window",
         "--log-level=error", f"--outdir={folder / 'out'}", *(f"{name}.js" for name in sources)],
        cwd=folder,
        # Imports are looked for beside the scripts, and there.
        env=os.environ | {"NODE_PATH": str(ROOT / "node_modules")},
        capture_output=True,
        text=True,
        timeout=PROGRAM_SECONDS_MAX,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return {name: (folder / "out" / f"{name}.js").read_bytes() for name in sources}


@contextmanager
def open_site(
    source: str,
    told: Mapping[str, Any],
    folder: Path,
    path: str,
    list_origin: Callable[[str], None] | None = None,
) -> Iterator[Page]:
    """Open a page on a site of its own that runs a script; what it is told is `window.TOLD`.

    The page is on another origin than the collector, which `list_origin` is told before the page
    opens. Its address is at `page.url`.
    """
    site = Site({"/app.js": ("text/javascript", bundle(source, folder))})
    script = f"<script>window.TOLD={json.dumps(dict(told))}</script>"
    where = path.partition("?")[0]
    site.add_page(where, head=script, body='<h1>page</h1><script src="/app.js"></script>')
    with serving(site), open_page(user_agent=AGENT) as page:
        if list_origin is not None:
            list_origin(site.address)
        page.add_init_script("Object.defineProperty(navigator, 'webdriver', {get: () => false})")
        page.goto(site.address + path)
        yield page
