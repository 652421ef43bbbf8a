"""Permission first: purposes per event, columns blanked, events refused."""

from __future__ import annotations

from typing import Any

import pytest

from collector.consent.recorded import NOTHING_RECORDED, Recorded
from collector.pipeline import REASON
from collector.stages.gate import GOVERNED, UNGOVERNED, gate
from config.policy import Policy
from config.policy_rules import SignalRule, SiteRule
from storage.schemas import TABLES
from tests.collector.worlds import ALL, CATALOGUE, POLICY, bits, event, rows_of, run_stages

IDS = {"_person": "u-1", "_device": "d-1", "_advertising_id": "a-1", "_session": "s-1"}


def with_sites(**sites: SiteRule) -> Policy:
    return POLICY.model_copy(update={"sites": sites})


@pytest.mark.parametrize(
    ("granted", "refused", "purposes"),
    [
        ("", "", "necessary diagnostics"),
        ("analytics", "", "necessary diagnostics analytics"),
        ("analytics advertising", "advertising", "necessary diagnostics analytics"),
        ("analytics", "analytics", "necessary diagnostics"),
        ("", "necessary", "necessary diagnostics"),
        ("", "diagnostics", "necessary"),
        ("", "analytics advertising", "necessary diagnostics"),
    ],
)
def test_permitted_is_granted_or_held_and_not_refused(
    granted: str, refused: str, purposes: str
) -> None:
    sent = event(granted=bits(*granted.split()), refused=bits(*refused.split()))
    assert run_stages([gate], sent)["purposes"].to_list() == [purposes.split()]


def test_a_column_is_kept_only_with_its_purpose() -> None:
    sent = {
        "page_host": "soq.example",
        "page_title": "Ponies",
        "latitude": 43.2,
        "_properties": b"{}",
        **IDS,
    }
    batch = run_stages(
        [gate],
        event(**sent),
        event(**sent, granted=bits("analytics")),
        event(**sent, granted=bits("advertising")),
        event(**sent, granted=0),
        event(**sent, granted=bits("geolocation"), event_name="sign_in"),
    )
    columns = ("page_host", "page_title", "latitude", "_properties", "_person", "_advertising_id")
    assert rows_of(batch, *columns) == [
        ("soq.example", "Ponies", 43.2, b"{}", "u-1", "a-1"),
        ("soq.example", "Ponies", None, b"{}", "u-1", None),
        ("soq.example", None, None, None, None, "a-1"),
        ("soq.example", None, None, None, None, None),
        ("soq.example", None, 43.2, None, None, None),
    ]


def test_identifiers_without_permission_are_still_known_to_the_scrubber() -> None:
    batch = run_stages([gate], event(**IDS, granted=0), event(granted=0))
    assert batch["_sent_ids"].to_list() == ["u-1\x1fd-1\x1fa-1\x1fs-1", ""]


@pytest.mark.parametrize(
    ("table", "name", "granted", "refused", "reason", "may_visit"),
    [
        ("events", "page_view", 0, 0, None, True),
        ("events", "page_view", 0, bits("analytics"), None, False),
        ("events", "page_view", bits("analytics"), 0, None, True),
        ("events", "page_view", 0, bits("advertising"), None, True),
        ("events", "sign_in", 0, 0, None, False),
        ("events", "never_declared", 0, 0, None, True),
        ("events", "ad_click", bits("analytics"), 0, None, False),
        ("events", "crash", 0, 0, None, True),
        ("events", "crash", 0, bits("diagnostics"), "consent_refused", False),
        ("diagnostics", "crash", 0, 0, None, True),
        ("diagnostics", "crash", ALL, bits("diagnostics"), "consent_refused", False),
        ("diagnostics", "page_view", 0, bits("diagnostics"), "consent_refused", False),
    ],
)
def test_what_becomes_of_an_event_without_permission(
    table: str, name: str, granted: int, refused: int, reason: str | None, may_visit: bool
) -> None:
    sent = event(table=table, event_name=name, granted=granted, refused=refused)
    assert rows_of(run_stages([gate], sent), REASON, "may_visit") == [(reason, may_visit)]


def test_no_visits_where_the_policy_counts_none() -> None:
    silent = POLICY.model_copy(
        update={"visits": POLICY.visits.model_copy(update={"counted": False})}
    )
    assert run_stages([gate], event(granted=0), policy=silent)["may_visit"].to_list() == [False]


def test_a_site_may_have_another_basis() -> None:
    policy = with_sites(
        open=SiteRule(legal_basis={"analytics": "opt_out"}),
        bound=SiteRule(legal_basis={"analytics": "contract"}),
    )
    refusal = bits("analytics")
    batch = run_stages(
        [gate],
        event(site="open", granted=0),
        event(site="open", granted=0, refused=refusal),
        event(site="bound", granted=0, refused=refusal),
        event(site="soq", granted=0),
        policy=policy,
    )
    assert [("analytics" in names) for names in batch["purposes"]] == [True, False, True, False]


def test_every_decoded_column_is_governed_or_named_as_free() -> None:
    kept = set().union(*TABLES.values())
    assert not UNGOVERNED & GOVERNED.keys()
    assert {name for name in GOVERNED.values() if name not in kept} == set()


def test_the_policy_version_in_force_is_noted() -> None:
    assert run_stages([gate], event())["policy_version"].to_list() == [POLICY.version]


def test_records_are_asked_for_with_the_ids_as_sent_and_deny_whatever_is_claimed() -> None:
    asked: list[tuple[list[str | None], ...]] = []

    def records_of(*columns: Any) -> list[Recorded]:
        asked.append(tuple(list(column) for column in columns))
        return [Recorded(withdrawn=bits("analytics")), NOTHING_RECORDED]

    sent = [event(**IDS, _other_ids="x-1\x1fx-2"), event()]
    batch = run_stages([gate], *sent, records_of=records_of)
    ids = (["u-1", None], ["d-1", None], ["a-1", None], ["x-1\x1fx-2", None])
    assert asked == [(["soq", "soq"], *ids)]
    assert rows_of(batch, "_person", "_advertising_id", "may_visit") == [
        (None, "a-1", False),
        (None, None, True),
    ]
    assert "analytics=!withdrawal" in batch["decided_by"].to_list()[0]


def test_no_id_and_no_visit_where_the_records_are_stale() -> None:
    def stale(sites: Any, *ids: Any) -> list[Recorded]:
        return [Recorded(stale=True)] * len(sites)

    sent = [event(**IDS, page_title="Ponies"), event(_session="s-1"), event(_device="d", granted=0)]
    batch = run_stages([gate], *sent, records_of=stale)
    assert rows_of(batch, "_person", "_device", "_advertising_id", "page_title", "may_visit") == [
        (None, None, None, "Ponies", False),
        (None, None, None, None, True),
        (None, None, None, None, False),
    ]
    assert batch["_session"].to_list() == [None, "s-1", None]
    assert batch["_sent_ids"].to_list()[0] == "u-1\x1fd-1\x1fa-1\x1fs-1"


@pytest.mark.parametrize(
    ("recorded", "refused", "reason"),
    [
        (NOTHING_RECORDED, 0, "consent_missing"),
        (NOTHING_RECORDED, bits("analytics"), "consent_refused"),
        (Recorded(withdrawn=bits("analytics")), bits("analytics"), "consent_withdrawn"),
        (Recorded(restricted=True), 0, "consent_withdrawn"),
        (Recorded(granted=bits("analytics")), 0, None),
    ],
)
def test_a_refusal_says_why(recorded: Recorded, refused: int, reason: str | None) -> None:
    kinds = dict(CATALOGUE.events)
    kinds["search"] = kinds["search"].model_copy(update={"when_not_permitted": "refuse"})
    batch = run_stages(
        [gate],
        event(event_name="search", granted=0, refused=refused),
        catalogue=CATALOGUE.model_copy(update={"events": kinds}),
        records_of=lambda *columns: [recorded],
    )
    assert batch[REASON].to_list() == [reason]


def test_the_decision_of_one_site_is_not_that_of_another() -> None:
    policy = with_sites(strict=SiteRule(signals={"native": SignalRule(accepted_for=())}))
    batch = run_stages([gate], event(), event(site="strict"), event(), policy=policy)
    assert [len(purposes) for purposes in batch["purposes"]] == [7, 2, 7]
