"""Only so many undeclared names a site, for all workers together, and after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collector.names import UndeclaredNames
from collector.pipeline import REASON
from collector.stages.admit import admit
from collector.stages.gate import gate
from collector.stages.identify_client import identify_client
from collector.stages.locate import locate
from collector.stages.scrub import scrub
from collector.stages.strike import strike
from collector.stages.validate import validate
from storage.registry.engine import Registry, open_dsn
from tests.collector.worlds import event, run_stages

STAGES = [gate, validate, strike, locate, identify_client, scrub, admit]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An open registry."""
    opened = open_dsn(f"sqlite:///{tmp_path}/registry.sqlite")
    yield opened
    opened.close()


def reasons(names: UndeclaredNames, *sent: str, **fields: str) -> list[str | None]:
    """Give why each event of these names leaves, if it does."""
    events = [event(event_name=name, **fields) for name in sent]
    return run_stages(STAGES, *events, admit_names=names.admit)[REASON].to_list()


def test_only_so_many_a_site(registry: Registry) -> None:
    names = UndeclaredNames(registry, 2)
    expected = [None, None, None, "names_exceeded", None]
    assert reasons(names, "a", "b", "a", "c", "page_view") == expected
    assert reasons(names, "c", "a") == ["names_exceeded", None]
    assert reasons(names, "c", site="other") == [None]


def test_workers_share_the_room_and_restarts_keep_it(registry: Registry) -> None:
    one, other = UndeclaredNames(registry, 3), UndeclaredNames(registry, 3)
    assert one.admit("soq", ["a", "b"]) == {"a", "b"}
    assert other.admit("soq", ["c", "d"]) == {"c"}
    assert one.admit("soq", ["d", "c"]) == {"c"}
    assert UndeclaredNames(registry, 3).admit("soq", ["e", "b"]) == {"b"}


def test_workers_at_once_never_exceed_it(registry: Registry) -> None:
    def flood(worker: int) -> None:
        names = UndeclaredNames(registry, 20)
        for n in range(30):
            names.admit("soq", [f"name_{worker}_{n}"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(flood, range(4)))
    everything = [f"name_{worker}_{n}" for worker in range(4) for n in range(30)]
    assert len(UndeclaredNames(registry, 20).admit("soq", everything)) == 20


def test_a_name_with_an_identifier_in_it_is_one_name_for_all(registry: Registry) -> None:
    names = UndeclaredNames(registry, 1)
    assert reasons(names, *(f"call_8701234567{n}" for n in range(5))) == [None] * 5


def test_a_registry_that_is_away_refuses_nobody(registry: Registry) -> None:
    names = UndeclaredNames(registry, 2)
    assert names.admit("soq", ["a"]) == {"a"}
    registry.close()
    file = Path(str(registry.engine.url.database))
    for one in file.parent.glob(f"{file.name}*"):
        one.unlink()
    file.mkdir()
    assert names.admit("soq", ["a", "b", "c"]) == {"a", "b"}


def test_a_flood_of_names_asks_the_registry_no_more(registry: Registry) -> None:
    names = UndeclaredNames(registry, 2)
    names.admit("soq", ["a", "b"])
    registry.close()
    assert names.admit("soq", [f"n{n}" for n in range(100)]) == frozenset()
