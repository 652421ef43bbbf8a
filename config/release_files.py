"""Reads partner releases: `releases/*.toml`, the keysets they name, and `budgets.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from config.errors import ConfigError
from config.loading import Strict, parse, read_toml, sort_errors
from config.release_checks import check_release, read_keysets
from config.releases import Budgets, Release, ReleaseFile, Releases

M = TypeVar("M", bound=Strict)


def load_releases(config_dir: Path) -> Releases:
    """Read all releases.

    Errors: `ConfigError`, the first in order of file and line.
    """
    releases, errors = read_releases(config_dir)
    if releases is None:
        raise errors[0]
    return releases


def read_releases(config_dir: Path) -> tuple[Releases | None, list[ConfigError]]:
    """Give all releases, or every complaint about them."""
    budgets, errors = _read(config_dir / "budgets.toml", Budgets)
    found: dict[str, Release] = {}
    for file in sorted((config_dir / "releases").glob("*.toml")):
        parsed, complaints = _read(file, ReleaseFile)
        if parsed is not None:
            keysets, complaints = read_keysets(config_dir, file, parsed)
            release = Release(**dict(parsed), name=file.stem, keysets=keysets)
            if budgets is not None:
                complaints = complaints + check_release(file, release, budgets)
            found[file.stem] = release
        errors += complaints
    if errors or budgets is None:
        return None, sort_errors(errors)
    return Releases(releases=found, caps=budgets.datasets), []


def _read(file: Path, model: type[M]) -> tuple[M | None, list[ConfigError]]:
    try:
        return parse(read_toml(file), model)
    except ConfigError as error:
        return None, [error]
