"""Pins are exact, whole, used and free of any registry; rooms keep to their floors."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution, packages_distributions
from typing import Any

from tests.helpers import ROOT
from tests.house.source import ROOMS, list_files, list_product_files, parse_file, show

LEFT_OUT = {"pandas", "pyarrow"}
"""Declared by chdb, imported only by calls that nobody here makes (decision 0002)."""

UNIMPORTED = {
    "httptools": "uvicorn's parser",
    "uvloop": "uvicorn's event loop",
    "ua-parser-rs": "resolver of ua-parser",
    "mypy": "run by make",
    "ruff": "run by make",
    "import-linter": "run by make",
    "pytest-timeout": "plugin of pytest",
    "pytest-xdist": "plugin of pytest",
    "aiohttp": "transport of the asynchronous warehouse client in tests",
    "psycopg-binary": "psycopg's way to the server, compiled",
    "tzdata": "time zones where the machine has none",
}
"""Declared packages that no file needs to import -> why they are declared."""


@cache
def read_project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return project


def read_lock() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normalise(name): version for name, version in pins}


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def list_declared() -> dict[str, str]:
    project = read_project()["project"]
    pins = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return {normalise(name): version for name, version in (pin.split("==") for pin in pins)}


def test_declared_pins_are_those_of_the_lock() -> None:
    lock = read_lock()
    assert {name: lock.get(name) for name in list_declared()} == list_declared()


def test_the_lock_is_the_whole_closure_and_no_more() -> None:
    seen: set[str] = set()
    waiting = [*list_declared(), "setuptools"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [need for need in _list_needs(name) if need not in LEFT_OUT]
    assert seen == set(read_lock()), "add or take out these lines of requirements.lock"


def _list_needs(name: str) -> list[str]:
    """Return what a package needs here, its extras left aside."""
    needs = [need.partition(";")[::2] for need in distribution(name).requires or []]
    return [
        normalise(re.match(r"[\w.-]+", need)[0])  # type: ignore[index]
        for need, marker in needs
        if "extra" not in marker and _holds(marker)
    ]


def _holds(marker: str) -> bool:
    from packaging.markers import Marker

    return not marker.strip() or Marker(marker).evaluate()


def test_this_environment_has_the_pinned_versions() -> None:
    lock = read_lock()
    assert {name: distribution(name).version for name in lock} == lock, "run `make setup`"


def test_locks_name_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    locks = [path.name for path in ROOT.glob("requirements*.lock")]
    for name in (*locks, ".npmrc", "pyproject.toml"):
        assert "://" not in (ROOT / name).read_text()


def test_node_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    groups = ("dependencies", "devDependencies", "optionalDependencies")
    pins = {name: pin for group in groups for name, pin in package.get(group, {}).items()}
    assert not [name for name, pin in pins.items() if not re.fullmatch(r"\d[\w.-]*", pin)]


def test_every_import_is_declared_and_every_declaration_used() -> None:
    owners = packages_distributions()
    runtime = {normalise(pin.split("==")[0]) for pin in read_project()["project"]["dependencies"]}
    product = _list_imports([parse_file(file) for file in list_product_files()])
    everywhere = _list_imports([parse_file(file) for file in list_files(".py")])
    needed = {normalise(owners[name][0]) for name in product if name in owners}
    used = {normalise(owner) for name in everywhere for owner in owners.get(name, [])}
    assert needed <= runtime | LEFT_OUT | {"chdb-core", "sanaq"}, "declare these in pyproject.toml"
    assert set(list_declared()) <= used | UNIMPORTED.keys(), "take out what nobody imports"


def _list_imports(trees: list[ast.Module]) -> set[str]:
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    names |= {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    names |= {_read_late_import(n) for n in nodes if isinstance(n, ast.Call)}
    return {name.split(".")[0] for name in names if name} - sys.stdlib_module_names - {*ROOMS}


def _read_late_import(call: ast.Call) -> str:
    """Return the module that `importlib.import_module("...")` names, else ''."""
    late = ast.unparse(call.func).endswith("import_module") and call.args
    name = call.args[0].value if late and isinstance(call.args[0], ast.Constant) else ""
    return name if isinstance(name, str) else ""


def test_every_room_stands_under_the_import_rules() -> None:
    rules = read_project()["tool"]["importlinter"]
    rooms = {room for room in ROOMS if (ROOT / room / "__init__.py").exists()}
    assert rooms == set(rules["root_packages"]), "name the room in pyproject.toml"
    told = {contract["name"]: contract for contract in rules["contracts"]}
    layers = " ".join(told["Rooms import downwards only"]["layers"])
    assert not [room for room in rooms if room not in re.findall(r"\w+", layers)]


def test_nobody_imports_the_top_or_the_tools() -> None:
    trees = {show(file): parse_file(file) for file in list_product_files()}
    wrong = [
        name
        for name, tree in trees.items()
        if _list_imports([tree]) & {"cli", "scripts", "tests"} and name != "cli.py"
    ]
    assert not wrong, "cli wires programs together, and nothing of the product needs the tools"
