"""What a worker knows of people's decisions: at once, of every id, and never for too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import consent_book
from collector.consent.recorded import NOTHING_RECORDED, Recorded
from collector.consent_book import STALE, STALE_SECONDS, ConsentBook
from collector.consent_ids import IdKind, consent_value
from collector.consent_states import StateTable
from storage.key_epochs import KeyClass
from storage.registry import Registry, consents
from storage.registry.consents import Decided
from tests.collector.worlds import POLICY, bits
from tests.storage.keyring_worlds import NOW
from tests.storage.registry_worlds import ACTOR, open_registry_in

ADVERTISING = "c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20"
GONE = "site-without-key"


class Seconds:
    """A monotonic clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def digest(key_class: KeyClass, site: str, value: bytes) -> bytes:
    return blake2b(f"{key_class}/{site}/".encode() + value, digest_size=16).digest()


def digest_many(
    key_class: KeyClass, sites: Sequence[str], at: Sequence[int], values: Sequence[bytes | None]
) -> list[bytes | None]:
    return [
        None if value is None or site == GONE else digest(key_class, site, value)
        for site, value in zip(sites, values, strict=True)
    ]


def id_digest(kind: IdKind, text: str, site: str = "soq") -> bytes:
    return digest("consent", site, consent_value(kind, text) or b"")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = open_registry_in(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def book(registry: Registry, seconds: Seconds) -> ConsentBook:
    return ConsentBook(registry, POLICY, digest_many, seconds)


def record(
    registry: Registry,
    kind: IdKind,
    text: str,
    grants: str = "",
    withdraws: str = "",
    minutes: int = 0,
    site: str = "soq",
) -> None:
    at = NOW + timedelta(minutes=minutes)
    purposes = frozenset(grants.split()), frozenset(withdraws.split())
    consents.record_decisions(registry, [Decided(site, id_digest(kind, text, site), at, *purposes)])


def ask(book: ConsentBook, site: str = "soq", **ids: str | None) -> Recorded:
    columns = [[ids.get(name)] for name in ("person", "device", "advertising_id", "others")]
    (found,) = book.records_of([site], *columns)
    return found


def test_what_was_recorded_holds_from_the_next_look(registry: Registry, book: ConsentBook) -> None:
    record(registry, "device", "d-1", grants="analytics", withdraws="advertising")
    assert ask(book, device="d-1") == NOTHING_RECORDED
    book.refresh()
    found = ask(book, device="d-1")
    assert found == Recorded(withdrawn=bits("advertising"), granted=bits("analytics"))
    assert ask(book, device="d-2") == NOTHING_RECORDED
    assert ask(book, person="d-1") == NOTHING_RECORDED
    assert ask(book, device="d-1", site="other") == NOTHING_RECORDED
    assert ask(book) == NOTHING_RECORDED


def test_a_worker_that_starts_knows_everything(registry: Registry, seconds: Seconds) -> None:
    record(registry, "person", "u-1", withdraws="analytics")
    assert ask(ConsentBook(registry, POLICY, digest_many, seconds), person="u-1").withdrawn


def test_one_spelling_finds_the_record_of_another(registry: Registry, book: ConsentBook) -> None:
    record(registry, "advertising_id", ADVERTISING.upper(), withdraws="advertising")
    record(registry, "device", " d-1 ", withdraws="analytics")
    book.refresh()
    assert ask(book, advertising_id=ADVERTISING).withdrawn == bits("advertising")
    assert ask(book, device="d-1").withdrawn == bits("analytics")


def test_a_no_for_any_id_beats_the_yes_of_another(registry: Registry, book: ConsentBook) -> None:
    record(registry, "device", "d-1", grants="analytics geolocation")
    record(registry, "person", "u-1", withdraws="analytics")
    book.refresh()
    found = ask(book, person="u-1", device="d-1")
    assert found == Recorded(withdrawn=bits("analytics"), granted=bits("geolocation"))


def test_a_withdrawal_is_lifted_by_a_later_grant_alone(
    registry: Registry, book: ConsentBook
) -> None:
    record(registry, "device", "d-1", withdraws="analytics")
    record(registry, "device", "d-1", grants="analytics", minutes=-1)
    book.refresh()
    assert ask(book, device="d-1") == Recorded(withdrawn=bits("analytics"))
    record(registry, "device", "d-1", grants="analytics", minutes=1)
    book.refresh()
    assert ask(book, device="d-1") == Recorded(granted=bits("analytics"))


def test_restrictions_and_objections_are_known(registry: Registry, book: ConsentBook) -> None:
    consents.mark(registry, "soq", id_digest("person", "u-1"), ACTOR, restricted=True)
    consents.mark(registry, "soq", id_digest("person", "u-2"), ACTOR, objected=True)
    book.refresh()
    assert ask(book, person="u-1") == Recorded(restricted=True)
    assert ask(book, person="u-2") == Recorded(objected=True)


def test_a_book_that_is_not_brought_up_to_date_says_so(
    registry: Registry, book: ConsentBook, seconds: Seconds
) -> None:
    record(registry, "device", "d-1", grants="analytics")
    book.refresh()
    seconds.now = STALE_SECONDS + 0.1
    assert book.is_stale
    assert ask(book, device="d-1") == ask(book) == STALE
    book.refresh()
    assert ask(book, device="d-1").granted


def test_an_id_that_cannot_be_looked_up_may_not_be_kept(book: ConsentBook) -> None:
    assert ask(book, device="d-1", site=GONE) == STALE
    assert ask(book, site=GONE) == NOTHING_RECORDED
    assert ask(book, device="null", site=GONE) == NOTHING_RECORDED


def test_a_registry_put_back_to_an_earlier_copy_is_read_anew(
    registry: Registry, book: ConsentBook, tmp_path: Path
) -> None:
    for minutes in range(3):
        record(registry, "device", "d-1", grants="analytics", minutes=minutes)
    book.refresh()
    (tmp_path / "earlier").mkdir()
    earlier = open_registry_in(tmp_path / "earlier")
    record(earlier, "device", "d-2", withdraws="analytics")
    book._registry = earlier
    book.refresh()
    assert ask(book, device="d-1") == NOTHING_RECORDED
    assert ask(book, device="d-2").withdrawn
    earlier.close()


def test_past_their_bound_grants_are_looked_up_and_withdrawals_held(
    registry: Registry, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_book, "GRANTS_HELD_MAX", 2)
    book = ConsentBook(registry, POLICY, digest_many, seconds)
    for number in range(5):
        record(registry, "device", f"d-{number}", grants="analytics")
    record(registry, "device", "d-9", withdraws="analytics")
    book.refresh()
    assert len(book._states) == 3
    assert all(ask(book, device=f"d-{number}").granted for number in range(5))
    assert ask(book, device="d-9").withdrawn
    assert ask(book, device="d-7") == NOTHING_RECORDED
    record(registry, "device", "d-4", withdraws="analytics", minutes=1)
    record(registry, "device", "d-7", grants="analytics", minutes=1)
    book.refresh()
    assert ask(book, device="d-4").withdrawn and ask(book, device="d-7").granted
    record(registry, "device", "d-9", grants="analytics", minutes=2)
    book.refresh()
    assert ask(book, device="d-9") == Recorded(granted=bits("analytics"))


def test_many_events_are_asked_about_at_once(registry: Registry, book: ConsentBook) -> None:
    for number in range(0, 50, 2):
        record(registry, "device", f"d-{number}", withdraws="analytics")
    book.refresh()
    devices = [f"d-{number}" for number in range(50)]
    none = [None] * 50
    found = book.records_of(["soq"] * 50, none, devices, none, none)
    assert [bool(one.withdrawn) for one in found] == [number % 2 == 0 for number in range(50)]
    found = book.records_of(["soq"] * 50, none, none, none, devices)
    assert [bool(one.withdrawn) for one in found] == [number % 2 == 0 for number in range(50)]


@pytest.mark.parametrize("kind", ["person", "device"])
def test_what_any_further_id_forbids_is_forbidden_and_none_of_them_permits(
    registry: Registry, book: ConsentBook, kind: IdKind
) -> None:
    record(registry, kind, "x-1", grants="analytics", withdraws="advertising")
    record(registry, "device", "d-1", grants="analytics")
    consents.mark(registry, "soq", id_digest(kind, "x-2"), ACTOR, restricted=True)
    record(registry, "advertising_id", ADVERTISING, withdraws="advertising")
    book.refresh()
    assert ask(book, others="203.0.113.7\x1fx-1") == Recorded(withdrawn=bits("advertising"))
    assert ask(book, device="d-1", others="x-1") == Recorded(
        withdrawn=bits("advertising"), granted=bits("analytics")
    )
    assert ask(book, device="d-1", others="x-0\x1fx-2").restricted
    assert ask(book, others=ADVERTISING.upper()).withdrawn == bits("advertising")
    assert ask(book, device="d-2", others="x-0") == NOTHING_RECORDED
    assert ask(book, site=GONE, others="x-0") == STALE


DIGESTS = st.binary(min_size=16, max_size=16) | st.sampled_from(
    [bytes(16), bytes(15) + b"\1", b"\1" + bytes(15), b"\xff" * 16, b"\x80" + bytes(15)]
)


@given(steps=st.lists(st.tuples(DIGESTS, st.integers(1, 2**32 - 1), st.booleans())), others=DIGESTS)
def test_the_table_of_states_is_a_dict(steps: list[tuple[bytes, int, bool]], others: bytes) -> None:
    table, model = StateTable(), dict[bytes, int]()
    for one, value, merges in steps:
        table.put(one, value)
        model[one] = value
        if merges:
            table.merge()
    asked = [*model, others]
    assert table.get_many(asked) == [model.get(one, 0) for one in asked]
    table.merge()
    assert table.get_many(asked) == [model.get(one, 0) for one in asked]
    assert len(table) == len(model)
