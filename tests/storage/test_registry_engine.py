"""The registry's engine: versions, turns at writing, and a neighbour that is away."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.errors import ConfigError
from storage.errors import Unavailable
from storage.registry import Registry, audit, open_dsn, sites
from storage.registry.tables import METADATA, format_moment, meta, spends
from storage.registry.versions import VERSIONS
from tests.helpers import ROOT
from tests.storage.registry_worlds import ACTOR, Place, open_registry_at


def read_meta(registry: Registry) -> dict[str, int]:
    with registry.read() as connection:
        return dict(connection.execute(sa.select(meta.c.name, meta.c.value)).all())


def test_opening_twice_makes_nothing_new(place: Place) -> None:
    first = open_registry_at(place)
    sites.add_site(first, "soq", ACTOR)
    before = read_meta(first)
    again = open_registry_at(place)
    assert read_meta(again) == before
    assert before["schema_version"] == len(VERSIONS)
    with again.read() as connection:
        assert set(sa.inspect(connection).get_table_names()) == set(METADATA.tables)
    first.close()
    again.close()


def test_a_newer_registry_is_refused(place: Place) -> None:
    registry = open_registry_at(place)
    with registry.write() as connection:
        row = meta.c.name == "schema_version"
        connection.execute(meta.update().where(row).values(value=99))
    registry.close()
    with pytest.raises(ConfigError, match="a newer Sanaq"):
        open_registry_at(place)


def test_a_write_that_fails_leaves_nothing(place: Place) -> None:
    registry = open_registry_at(place)
    with pytest.raises(KeyError), registry.write() as connection:
        sites.add_within(registry, connection, "soq", ACTOR)
        raise KeyError
    assert sites.load_sites(registry) == {}
    assert audit.read_entries(registry) == []
    registry.close()


def test_a_read_sees_one_moment(place: Place) -> None:
    """What is committed while a read is open shows in the next one."""
    registry = open_registry_at(place)
    count = sa.select(sa.func.count()).select_from(sa.text("sites"))
    with registry.read() as connection:
        assert connection.execute(count).scalar_one() == 0
        sites.add_site(registry, "soq", ACTOR)
        assert connection.execute(count).scalar_one() == 0
    with registry.read() as connection:
        assert connection.execute(count).scalar_one() == 1
    registry.close()


def test_a_registry_that_cannot_be_reached_is_unavailable(home: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        open_dsn(f"sqlite:///{home}/none/registry.sqlite")
    assert caught.value.what == "registry"


def test_moments_are_utc_text_that_sorts() -> None:
    almaty = timezone(timedelta(hours=5))
    moment = datetime(2026, 11, 22, 10, 11, 12, 345678, tzinfo=almaty)
    assert format_moment(moment) == "2026-11-22T05:11:12.345Z"
    with pytest.raises(ValueError, match="time zone"):
        format_moment(moment.replace(tzinfo=None))
    later = format_moment(datetime(2026, 11, 22, 5, 11, 13, tzinfo=UTC))
    assert format_moment(moment) < later


def test_exact_numbers_come_back_exact(place: Place) -> None:
    registry = open_registry_at(place)
    column = spends.c.rho.type
    dialect = registry.engine.dialect
    for number in (Fraction(1, 40), Fraction(1, 3**40), Fraction(7), Fraction(0)):
        text = column.process_bind_param(number, dialect)  # type: ignore[attr-defined]
        assert column.process_result_value(text, dialect) == number  # type: ignore[attr-defined]
    registry.close()


def test_processes_that_open_first_together_all_succeed(place: Place) -> None:
    code = """
import sys
from storage.registry import open_dsn, version
print(version(open_dsn(sys.argv[1])))
"""
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code, place.dsn], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    try:
        answers = [starter.communicate(timeout=60)[0] for starter in starters]
    finally:
        for starter in starters:
            starter.kill()
            starter.wait()
    assert answers == ["0\n"] * 6
