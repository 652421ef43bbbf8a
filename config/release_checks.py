"""What the shape of a release file cannot say: keysets, costs against caps, names that clash.

Called by `config.release_files`; every complaint names the file and the line.
"""

from __future__ import annotations

import re
from pathlib import Path

from config.errors import ConfigError
from config.loading import Document, read_text, read_toml, show_file
from config.releases import COLUMNS, WINDOWS_PER_YEAR_MAX, Budgets, Release, ReleaseFile

KEYS_MAX = 10_000
"""Most keys of one keyset."""

CELLS_MAX = 200_000
"""Most public cells of one release: noise is drawn for each, about 45,000 a second."""

_KEY = re.compile(r"[^\x00-\x1f\",]{1,64}")


def read_keysets(
    config_dir: Path, file: Path, release: ReleaseFile
) -> tuple[dict[str, tuple[str, ...]], list[ConfigError]]:
    """Give the public keys of each dimension that names a keyset, or every complaint."""
    keysets: dict[str, tuple[str, ...]] = {}
    errors: list[ConfigError] = []
    document = read_toml(file)
    for index, dimension in enumerate(release.dimensions):
        if dimension.keyset is None:
            continue
        keys, complaints = _read_keyset(config_dir / "keysets" / dimension.keyset, dimension.name)
        errors += complaints
        if dimension.others is not None and dimension.others not in keys and not complaints:
            what = "others is not a key of the keyset; add it there"
            errors.append(document.complain(("dimensions", index, "others"), what))
        keysets[dimension.name] = tuple(sorted(keys))
    return keysets, errors


def check_release(file: Path, release: Release, budgets: Budgets) -> list[ConfigError]:
    """Give every complaint about a release whose shape is right."""
    document = read_toml(file)
    return [
        *_check_names(document, release),
        *_check_selection(document, release),
        *_check_costs(document, release, budgets),
    ]


def _read_keyset(file: Path, name: str) -> tuple[list[str], list[ConfigError]]:
    """Read one column of keys under the dimension's name."""
    try:
        lines = read_text(file).splitlines()
    except ConfigError as error:
        return [], [error]
    shown, keys, errors = show_file(file), list[str](), list[ConfigError]()
    if not lines or lines[0] != name:
        errors.append(ConfigError(shown, 1, "the first line must be the dimension's name"))
    for line, key in enumerate(lines[1:], start=2):
        if not _KEY.fullmatch(key) or key != key.strip():
            what = "a key is 1 to 64 signs without comma, quote or outer blanks"
            errors.append(ConfigError(shown, line, what))
        elif key in keys:
            errors.append(ConfigError(shown, line, "this key stands here twice; remove one"))
        keys.append(key)
    if not 1 <= len(keys) <= KEYS_MAX:
        errors.append(ConfigError(shown, 1, "a keyset has 1 to 10000 keys"))
    return keys, errors


def _check_names(document: Document, release: Release) -> list[ConfigError]:
    errors = []
    taken = {"units", "rows", "unit", release.measures.units, release.measures.rows}
    if release.measures.units == release.measures.rows:
        errors.append(document.complain(("measures", "rows"), "the two measures need two names"))
    for index, dimension in enumerate(release.dimensions):
        path = ("dimensions", index)
        if dimension.name in taken:
            errors.append(document.complain((*path, "name"), "this name is taken; choose another"))
        taken.add(dimension.name)
        if not dimension.source.startswith("properties.") and dimension.source not in COLUMNS:
            what = f"source is properties.<key> or one of: {', '.join(COLUMNS)}"
            errors.append(document.complain((*path, "source"), what))
        if dimension.others is not None and dimension.keyset is None:
            errors.append(document.complain((*path, "others"), "others needs a keyset"))
    return errors


def _check_selection(document: Document, release: Release) -> list[ConfigError]:
    """Public keys need no delta and can have no floor; private ones need a delta."""
    errors = []
    delta = ("budget", "selection_delta")
    if release.is_public and release.budget.selection_delta != 0:
        what = 'all keys are public, so selection costs nothing; write "0"'
        errors.append(document.complain(delta, what))
    if release.is_public and release.units_min != 1:
        what = "a floor before the noise needs private selection; remove it or a keyset"
        errors.append(document.complain(("units_min",), what))
    if not release.is_public and release.budget.selection_delta == 0:
        what = 'keys are chosen privately, which needs a delta such as "1/100000000"'
        errors.append(document.complain(delta, what))
    cells = 1
    for keys in release.keysets.values():
        cells *= len(keys)
    if release.is_public and cells > CELLS_MAX:
        what = "the keysets make more than 200000 cells; make them smaller"
        errors.append(document.complain(("dimensions",), what))
    return errors


def _check_costs(document: Document, release: Release, budgets: Budgets) -> list[ConfigError]:
    """A year of windows must fit, or the release would stop some week in autumn."""
    errors = []
    budget = release.budget
    for key in ("units_rho", "rows_rho", "loss_rho", "epsilon_delta"):
        if getattr(budget, key) <= 0:
            errors.append(document.complain(("budget", key), f"{key} must be positive"))
    cap = budgets.datasets.get(release.dataset)
    if cap is None:
        what = "this data set has no cap; add it to budgets.toml"
        return [*errors, document.complain(("dataset",), what)]
    if budget.rho * WINDOWS_PER_YEAR_MAX > cap.rho_per_year_max:
        what = "55 windows of this release cost more than the data set's year allows"
        errors.append(document.complain(("budget",), what))
    if budget.selection_delta * WINDOWS_PER_YEAR_MAX > cap.delta_per_year_max:
        what = "55 windows of this release exceed the data set's yearly delta"
        errors.append(document.complain(("budget", "selection_delta"), what))
    return errors
