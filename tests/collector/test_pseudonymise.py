"""The line: identifiers become digests; what was sent is gone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from collector.stages.admit import admit
from collector.stages.gate import gate
from collector.stages.pseudonymise import IDENTIFYING, pseudonymise
from collector.stages.validate import validate
from tests.collector.worlds import bits, event, rows_of, run_stages, show_digests

STAGES = [gate, validate, admit, pseudonymise]
UUID_SENT = "0b2a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11"
ADVERTISING = "c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20"
IDS = {"_person": "p", "_device": "d", "_advertising_id": ADVERTISING, "_session": "s"}


def show(key_class: Any, value: bytes, site: str = "soq") -> bytes | None:
    return show_digests(key_class, [site], [0], [value])[0]


def test_every_class_has_its_own_digest_and_the_person_is_the_subject() -> None:
    batch = run_stages(STAGES, event(**IDS, _address="95.56.10.20"))
    assert rows_of(
        batch, "person_id", "device_id", "advertising_id", "session_id", "visit_id", "subject_id",
        "subject_kind",
    ) == [(
        show("person", b"p"), show("device", b"d"), show("advertising", ADVERTISING.encode()),
        show("session", b"s"), None, show("person", b"p"), "person",
    )]  # fmt: skip
    assert not set(IDENTIFYING) & set(batch.columns)


@pytest.mark.parametrize(
    ("fields", "kind", "has_visit"),
    [
        ({"_device": "d", "_session": "s"}, "device", False),
        ({"_session": "s"}, "", False),
        ({"_advertising_id": ADVERTISING}, "", False),
        ({"_advertising_id": "38400000-8cf0-11bd-b23e-10b96e40000d"}, "visit", True),
        ({}, "visit", True),
        ({"_person": "null", "_device": "0000-00"}, "visit", True),
        ({**IDS, "granted": 0}, "visit", True),
        ({**IDS, "granted": bits("advertising")}, "", False),
        ({**IDS, "granted": 0, "refused": bits("analytics")}, "", False),
        ({"_address": None, "_user_agent": ""}, "", False),
        ({"event_name": "sign_in", "granted": 0}, "", False),
    ],
)
def test_visits_only_where_no_other_id_is_kept(
    fields: dict[str, Any], kind: str, has_visit: bool
) -> None:
    sent = {"_address": "95.56.10.20", "_user_agent": "agent"} | fields
    batch = run_stages(STAGES, event(**sent))
    visit = show("visit", b"95.56.10.20\x1fagent") if has_visit else None
    assert rows_of(batch, "subject_kind", "visit_id") == [(kind, visit)]


@pytest.mark.parametrize(
    ("sent", "identifiers", "kept"),
    [
        (UUID_SENT, {}, True),
        (UUID_SENT.upper(), {}, True),
        (f" {UUID_SENT.replace('-', '')} ", {}, True),
        (UUID_SENT, {"_device": "other"}, True),
        (UUID_SENT, {"_device": UUID_SENT}, False),
        (UUID_SENT, {"_device": UUID_SENT.upper()}, False),
        (UUID_SENT, {"_device": UUID_SENT.replace("-", "")}, False),
        (UUID_SENT, {"_device": "{" + UUID_SENT + "}"}, False),
        (UUID_SENT, {"_person": "user-" + UUID_SENT}, False),
        (UUID_SENT, {"_advertising_id": UUID_SENT, "granted": 0}, False),
        (UUID_SENT, {"_session": UUID_SENT, "granted": 0, "refused": 0xFFFF}, False),
        ("00000000-0000-4000-8000-087012345678", {"_person": "87012345678"}, False),
        ("e-1", {}, False),
        ("x" * 500, {}, False),
    ],
)
def test_event_ids(sent: str, identifiers: dict[str, Any], kept: bool) -> None:
    batch = run_stages(STAGES, event(_event_id=sent, **identifiers), event(_event_id=sent))
    mine, plain = batch["event_id"].to_list()
    if kept:
        assert mine == plain == UUID_SENT
    else:
        assert (
            mine != sent and UUID(mine).version == 8 and UUID(mine).variant == UUID(plain).variant
        )
    assert batch["identity"][0] == show("event", b"identity\x1f" + mine.encode())


def test_a_sent_id_gives_the_same_row_again_and_a_missing_one_never() -> None:
    batch = run_stages(
        STAGES,
        event(_event_id="e-1"),
        event(_event_id="e-1", occurred_at_ms=0, is_import=True),
        event(_event_id="e-1", site="other"),
        event(),
        event(),
    )
    first, again, other, made, made_too = batch["event_id"].to_list()
    assert first == again != other
    assert made != made_too and UUID(made).version == 4
    assert batch["identity"].n_unique() == 4


def test_a_destroyed_key_leaves_the_event_without_that_id() -> None:
    def digest_many(key_class: Any, sites: Any, moments: Any, values: Any) -> list[bytes | None]:
        if key_class == "device":
            return [None for _ in values]
        return show_digests(key_class, sites, moments, values)

    batch = run_stages(STAGES, event(_device="d", _session="s"), digest_many=digest_many)
    assert rows_of(batch, "device_id", "session_id", "subject_kind") == [
        (None, show("session", b"s"), "")
    ]
