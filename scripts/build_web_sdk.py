"""Checks and builds the web SDK into `sdk/web/dist`: script files, modules and types.

Run by `make setup` after the node packages are installed. Source: `sdk/web/src`; nothing of what is
built is in the repository, and what builds it is what the lock file pins.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.node import find_node

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "node_modules"
SOURCE = ROOT / "sdk" / "web"
DIST = SOURCE / "dist"

SCRIPT, MODULE = "--format=iife", "--format=esm"

FILES = {
    "sanaq.js": ("script.ts", [SCRIPT]),
    "sanaq.full.js": ("full.ts", [SCRIPT]),
    "index.js": ("index.ts", [MODULE]),
    "consent.js": ("consent.ts", [MODULE]),
    "consent.global.js": ("consent.ts", [SCRIPT, "--global-name=sanaqConsent"]),
}
"""File that is built -> its source, and what makes it a script or an ES module."""


def check_types() -> str | None:
    """Check the types of the source; return what is wrong, or None where nothing is."""
    return _run(MODULES / "typescript" / "bin" / "tsc", "--project", str(SOURCE))


def build_web_sdk(dist: Path = DIST) -> str | None:
    """Build every file and the types anew; return what is wrong, or None where nothing is."""
    for name, (source, form) in FILES.items():
        wrong = _run(
            MODULES / "esbuild-wasm" / "bin" / "esbuild",
            str(SOURCE / "src" / source),
            "--bundle",
            "--minify",
            "--target=es2021",
            "--log-level=warning",
            f"--outfile={dist / name}",
            *form,
        )
        if wrong is not None:
            return wrong
    return _write_types(dist)


def _write_types(dist: Path) -> str | None:
    """Write the module's types; return what is wrong, or None where nothing is."""
    how = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly"]
    where = ["--outDir", str(dist / "types")]
    tsc = MODULES / "typescript" / "bin" / "tsc"
    return _run(tsc, "--project", str(SOURCE), *how, *where)


def _run(program: Path, *arguments: str) -> str | None:
    """Run one program under Node; return what it complains of, or None where it ends well."""
    if not program.is_file():
        return f"node_modules lacks {program.relative_to(MODULES)}: run `make setup`."
    done = subprocess.run(
        [find_node(), program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return None if done.returncode == 0 else done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(check_types() or build_web_sdk())
