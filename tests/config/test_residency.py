"""Where data lies is declared: stores on other hosts, and partners, with their country."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aggregator.job import open_job
from commands.policy import policy as policy_command
from config.errors import ConfigError
from config.residency import check_addresses, hold_store, hosts_of, is_here
from config.settings import load_settings
from config.vocabulary import check_vocabulary
from storage.registry import open_registry
from storage.warehouse import connect
from tests.config.copies import change, copy_config
from tests.helpers import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return copy_config(tmp_path / "config")


@pytest.mark.parametrize(
    ("dsn", "hosts"),
    [
        ("", []),
        ("sqlite:////srv/sanaq/registry.sqlite", []),
        ("clickhouse://u:p@CH.example:8123/sanaq", ["ch.example"]),
        ("https://u:p%40x@ch.example/sanaq", ["ch.example"]),
        ("postgresql://u:p@[2a02:6b8::1]:5432/db", ["2a02:6b8::1"]),
        ("postgresql://u:p@a.example:1,b.example:2/db", ["a.example", "b.example"]),
        ("postgresql+psycopg://u@/db?host=c.x&hostaddr=203.0.113.7", ["c.x", "203.0.113.7"]),
        ("postgresql://u@localhost/db?host=d.x,e.x", ["localhost", "d.x", "e.x"]),
        ("postgresql:///db?host=/var/run/postgresql", ["/var/run/postgresql"]),
    ],
)  # fmt: skip
def test_every_host_of_an_address_is_seen(dsn: str, hosts: list[str]) -> None:
    assert hosts_of(dsn) == hosts


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "/run/db", ""])
def test_this_host(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["db.example", "10.0.0.7", "localhost.example", "2a02:6b8::1"])
def test_another_host(host: str) -> None:
    assert not is_here(host)


def environ_of(folder: Path, tmp_path: Path, **more: str) -> dict[str, str]:
    """The environment of an installation with this configuration."""
    return {"SANAQ_CONFIG": str(folder), "SANAQ_HOME": str(tmp_path / "home"), **more}


ABROAD = [
    ("SANAQ_CLICKHOUSE", "clickhouse://u:hidden@ch.example:8123/sanaq", "warehouse"),
    ("SANAQ_REGISTRY", "postgresql://u:hidden@ch.example/sanaq", "registry"),
]


@pytest.mark.parametrize(("variable", "dsn", "store"), ABROAD)
def test_an_undeclared_host_is_never_connected_to(
    folder: Path, tmp_path: Path, variable: str, dsn: str, store: str
) -> None:
    settings = load_settings(environ_of(folder, tmp_path, **{variable: dsn}))
    with pytest.raises(ConfigError) as refused:
        connect(settings) if store == "warehouse" else open_registry(settings)
    what = f"{variable} names a host that stores.{store}.hosts does not"
    assert str(refused.value) == f"environment: {what}; add it there, with its country"
    assert [str(error) for error in check_addresses(settings)] == [str(refused.value)]


@pytest.mark.parametrize(("variable", "dsn", "store"), ABROAD)
def test_a_declared_host_is_used_and_its_country_counts(
    folder: Path, tmp_path: Path, variable: str, dsn: str, store: str
) -> None:
    table, country = f"[stores.{store}]", '\ncountry = "KZ"'
    change(folder, "policy.toml", table + country, f'{table}\nhosts = ["ch.example"]{country}')
    settings = load_settings(environ_of(folder, tmp_path, **{variable: dsn}))
    hold_store(settings, store)
    declared = f'{table}\nhosts = ["ch.example"]'
    change(folder, "policy.toml", declared + country, f'{declared}\ncountry = "DE"')
    with pytest.raises(ConfigError, match=f"stores.{store} lies outside KZ"):
        hold_store(settings, store)


def test_the_check_of_the_policy_looks_at_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (variable, dsn, _), _ = ABROAD
    for name, value in environ_of(folder, tmp_path, **{variable: dsn}).items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(policy_command, ["check"])
    assert result.exit_code == 2
    assert "SANAQ_CLICKHOUSE names a host" in result.output and "hidden" not in result.output


def test_no_role_starts_with_an_undeclared_host(folder: Path, tmp_path: Path) -> None:
    for variable, dsn, _ in ABROAD:
        environ = {**os.environ, **environ_of(folder, tmp_path, **{variable: dsn})}
        command = [sys.executable, "-m", "cli", "up"]
        ended = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 2
        assert f"{variable} names a host" in ended.stderr and "hidden" not in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1


HOSTLESS = "postgresql:///sanaq"


@pytest.mark.parametrize(
    ("dsn", "variable"),
    [
        (HOSTLESS, "PGHOST"),
        (HOSTLESS, "PGHOSTADDR"),
        ("postgresql+psycopg://u@localhost/db", "PGHOSTADDR"),
        ("postgresql://u@/db?host=/run/db", "PGHOSTADDR"),
    ],
)
def test_a_host_that_the_driver_takes_from_the_environment_is_declared_too(
    folder: Path, tmp_path: Path, dsn: str, variable: str
) -> None:
    settings = load_settings(environ_of(folder, tmp_path, SANAQ_REGISTRY=dsn))
    hold_store(settings, "registry", {variable: "127.0.0.1,/run/db"})
    with pytest.raises(ConfigError, match=f"environment: {variable} names a host"):
        hold_store(settings, "registry", {variable: "localhost,203.0.113.7"})
    change(folder, "policy.toml", "[stores.registry]", '[stores.registry]\nhosts = ["203.0.113.7"]')
    hold_store(settings, "registry", {variable: "203.0.113.7"})


def test_what_the_driver_does_not_take_changes_nothing(folder: Path, tmp_path: Path) -> None:
    for dsn in ("sqlite:////srv/r.sqlite", "postgresql://u@localhost/db?hostaddr=127.0.0.1"):
        settings = load_settings(environ_of(folder, tmp_path, SANAQ_REGISTRY=dsn))
        hold_store(settings, "registry", {"PGHOST": "a.example", "PGHOSTADDR": "203.0.113.7"})


def test_a_service_file_names_no_host_of_the_registry(folder: Path, tmp_path: Path) -> None:
    named = environ_of(folder, tmp_path, SANAQ_REGISTRY=f"{HOSTLESS}?service=prod")
    with pytest.raises(ConfigError, match="a service file names the registry's host"):
        hold_store(load_settings(named), "registry", {})
    plain = load_settings(environ_of(folder, tmp_path, SANAQ_REGISTRY=HOSTLESS))
    with pytest.raises(ConfigError, match="a service file names the registry's host"):
        hold_store(plain, "registry", {"PGSERVICE": "prod"})


def test_the_embedded_warehouse_is_looked_for_on_declared_hosts_alone(
    folder: Path, tmp_path: Path
) -> None:
    for here in ("127.0.0.1:8123", "0.0.0.0:8123", "[::]:8123", "localhost:8123"):
        hold_store(load_settings(environ_of(folder, tmp_path, SANAQ_EMBEDDED=here)), "warehouse")
    away = load_settings(environ_of(folder, tmp_path, SANAQ_EMBEDDED="ch.example:8123"))
    with pytest.raises(ConfigError, match="SANAQ_EMBEDDED names a host"):
        connect(away)
    table = "[stores.warehouse]"
    change(folder, "policy.toml", table, f'{table}\nhosts = ["ch.example"]')
    hold_store(away, "warehouse")


def complaints(folder: Path) -> list[tuple[str, int, str]]:
    """Every complaint, as (file, line, what)."""
    return [(Path(e.file).name, e.line, e.what) for e in check_vocabulary(folder)]


def test_a_partner_abroad_needs_a_basis(folder: Path) -> None:
    old, abroad = '[partners.acme]\ncountry = "KZ"', '[partners.acme]\ncountry = "DE"'
    line = change(folder, "policy.toml", old, abroad)
    what = "partners.acme lies outside KZ; give its cross_border_basis"
    assert complaints(folder) == [("policy.toml", line + 1, what)]
    basis = '\ncross_border_basis = "Contract of 2026-10-01, law art. 16 (2)"'
    change(folder, "policy.toml", abroad, abroad + basis)
    assert complaints(folder) == []


def test_a_release_to_an_undeclared_partner_is_refused(folder: Path, tmp_path: Path) -> None:
    change(folder, "policy.toml", "[partners.acme]", "[partners.other]")
    ((file, _, what),) = complaints(folder)
    assert file == "weekly_reach.toml" and what.startswith("policy.toml has no such partner")
    settings = load_settings(environ_of(folder, tmp_path))
    with pytest.raises(ConfigError, match="no such partner"), open_job(settings):
        pass


def test_a_partner_has_no_hosts(folder: Path) -> None:
    table = "[partners.acme]"
    line = change(folder, "policy.toml", table, f'{table}\nhosts = ["a.example"]')
    what = "hosts are of stores; a partner comes for its files"
    assert complaints(folder) == [("policy.toml", line + 1, what)]
