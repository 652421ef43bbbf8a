"""What only a server does: refuse an address, vanish, lose a connection, wait for its turn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from config.errors import ConfigError
from scripts.postgres import PostgresServer
from storage.errors import Unavailable
from storage.registry import Registry, RegistryRefused, audit, disclosures, engine, open_dsn, sites
from storage.registry.address import CONNECT_DEFAULTS, DRIVER, fill_defaults, read_address
from storage.registry.tables import meta
from tests.helpers import free_port
from tests.storage.registry_worlds import ACTOR, Place, open_registry_at

ON_A_SERVER = pytest.mark.parametrize("place", ["postgresql"], indirect=True)
SECRET = "s3cr3t"


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    """An empty registry."""
    opened = open_registry_at(place)
    yield opened
    opened.close()


def told_for(dsn: str) -> str:
    """Give what the operator reads about an address, and make sure that it quotes nothing."""
    with pytest.raises(ConfigError) as caught:
        open_dsn(dsn)
    assert caught.value.__suppress_context__ and caught.value.__cause__ is None
    assert SECRET not in f"{caught.value!r} {caught.value}"
    return caught.value.what


@pytest.mark.parametrize(
    ("login", "database"),
    [
        (f"registries:{SECRET}", "registries"),
        (f"nobody_here:{SECRET}", "registries"),
        ("registries", "registries"),
        (None, f"no_{SECRET}"),
    ],
)
def test_a_server_that_refuses_us_is_told_from_one_that_is_away(
    postgres: PostgresServer, registry_database: str, login: str | None, database: str
) -> None:
    parts = urlsplit(registry_database)
    right = parts.netloc.rpartition("@")[0]
    dsn = f"postgresql://{login or right}@127.0.0.1:{postgres.port}/{database}"
    assert told_for(dsn).startswith("the database server answers, and refuses this user, password")


def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        open_dsn(f"postgresql://u:{SECRET}@127.0.0.1:{free_port()}/db")
    assert caught.value.what == "registry"
    chain = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__cause__}"
    assert SECRET not in chain


@pytest.mark.parametrize(
    ("dsn", "what"),
    [
        (f"postgresql://u:{SECRET}@h:{SECRET}/db", "must look like postgresql://"),
        (f"postgresql://u:a@{SECRET}:b@h/db", "must look like postgresql://"),
        (SECRET, "must look like postgresql://"),
        (f"{SECRET}://u:p@h/db", "no driver for this kind of database"),
    ],
)
def test_an_address_that_is_none_is_told_without_it(dsn: str, what: str) -> None:
    assert told_for(dsn).startswith(what)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", DRIVER])
def test_the_driver_is_ours_whatever_the_address_names(scheme: str) -> None:
    url = read_address(f"{scheme}://u:p@h/db?connect_timeout=3")
    assert url.drivername == DRIVER
    assert fill_defaults(url) == {
        name: value for name, value in CONNECT_DEFAULTS.items() if name != "connect_timeout"
    }


def test_a_user_without_rights_is_told_which(postgres: PostgresServer) -> None:
    dsn = postgres.make_database("locked")
    postgres.execute("ALTER SCHEMA public OWNER TO postgres", "locked")
    postgres.execute("REVOKE ALL ON SCHEMA public FROM public", "locked")
    postgres.execute("GRANT USAGE ON SCHEMA public TO locked", "locked")
    assert told_for(dsn).startswith("this user may not make or change tables")


@ON_A_SERVER
def test_a_connection_that_was_cut_is_made_again(
    registry: Registry, postgres: PostgresServer
) -> None:
    sites.add_site(registry, "soq", ACTOR)
    _cut_all(postgres)
    assert list(sites.load_sites(registry)) == ["soq"]


@ON_A_SERVER
def test_a_write_whose_connection_is_cut_leaves_nothing(
    registry: Registry, postgres: PostgresServer
) -> None:
    with pytest.raises(Unavailable), registry.write() as connection:
        sites.add_within(registry, connection, "soq", ACTOR)
        _cut_all(postgres)
        sites.add_within(registry, connection, "zan", ACTOR)
    assert sites.load_sites(registry) == {}
    assert audit.verify(registry).entries == 0


def _cut_all(postgres: PostgresServer) -> None:
    ours = "application_name = 'sanaq' AND pid <> pg_backend_pid()"
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")


@ON_A_SERVER
def test_a_turn_that_does_not_come_is_unavailable(
    registry: Registry, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_registry_at(place)
    monkeypatch.setattr(engine, "LOCK_SECONDS_MAX", 0.1)
    with registry.write(), pytest.raises(Unavailable):
        sites.add_site(other, "soq", ACTOR)
    sites.add_site(other, "soq", ACTOR)
    other.close()


@ON_A_SERVER
def test_a_writer_that_falls_silent_loses_its_turn(
    registry: Registry, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_registry_at(place)
    monkeypatch.setattr(engine, "SILENT_SECONDS_MAX", 0.1)
    with pytest.raises(Unavailable), registry.write() as connection:
        monkeypatch.undo()
        time.sleep(0.2)
        sites.add_site(other, "soq", ACTOR)
        sites.add_within(registry, connection, "zan", ACTOR)
    assert list(sites.load_sites(other)) == ["soq"]
    other.close()


@ON_A_SERVER
def test_a_reader_cannot_write(registry: Registry) -> None:
    with pytest.raises(Unavailable), registry.read() as connection:
        connection.execute(meta.update().values(value=meta.c.value + 1))


@ON_A_SERVER
@pytest.mark.parametrize("text", ["x" * 129, "acme\x00"])
def test_a_text_that_cannot_be_kept_is_refused_whole(registry: Registry, text: str) -> None:
    with pytest.raises(RegistryRefused, match="cannot be kept"):
        disclosures.record_disclosure(registry, text, "figures", "law", ACTOR)
    assert disclosures.list_disclosures(registry) == []
    assert audit.read_entries(registry) == []


@ON_A_SERVER
def test_the_text_of_an_error_holds_no_value(registry: Registry) -> None:
    row = {"name": SECRET * 10, "value": 0}
    with pytest.raises(RegistryRefused) as caught, registry.write() as connection:
        connection.execute(meta.insert().values(row))
    assert isinstance(caught.value.__cause__, sa.exc.DataError)
    assert SECRET not in f"{caught.value.__cause__}"
