"""No column of any row holds anything without its purpose, whatever was said and recorded.

The whole pipeline runs over events with every field filled; who decides is computed here anew, from
the policy's own words and not by the code that decides.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.consent.recorded import Recorded
from collector.frames import CONTROL, PROTECTED, to_frame
from collector.stages import PROTECT
from storage.schemas import NO_ID, TABLES
from tests.collector.worlds import ALL, POLICY, bits, context, event

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36"
)
"""A user agent that tells a model, which no sender stated."""

FULL: dict[str, Any] = {
    "sdk": "s", "_person": "p-184242", "_device": "d-1842421", "_session": "s-18424",
    "_advertising_id": "5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11", "_address": "95.56.10.20",
    "_user_agent": PHONE, "_event_id": "e-1", "_properties": b'{"a": "b"}', "page_host": "h.kz",
    "page_path": "/p", "page_query": "utm_term=x", "page_title": "T", "referrer_host": "r.kz",
    "referrer_path": "/r", "campaign_source": "a", "campaign_medium": "b", "campaign_name": "c",
    "campaign_term": "d", "campaign_content": "e", "latitude": 43.238949, "longitude": 76.889709,
    "revenue": 1.5, "currency": "KZT", "screen_width": 10, "screen_height": 20,
    "timezone": "Asia/Almaty", "locale": "ru", "app_version": "3", "device_model": "M",
    "kind": "error", "exception_type": "t", "exception_message": "m", "exception_stack": "s",
    "measurements": [{"name": "n", "value": 1.0, "unit": "u"}], "release": "r", "environment": "e",
}  # fmt: skip

IDS = ("person_id", "device_id", "advertising_id", "session_id", "visit_id", "subject_id")

PURPOSES = st.integers(0, ALL)
RECORDS = st.builds(
    Recorded,
    withdrawn=st.just(0) | PURPOSES,
    granted=st.just(0) | PURPOSES,
    restricted=st.booleans(),
    objected=st.booleans(),
    stale=st.booleans(),
)
SAID = st.fixed_dictionaries(
    {
        "table": st.sampled_from(["events", "diagnostics"]),
        "event_name": st.sampled_from(["page_view", "custom", *sorted(context().catalogue.events)]),
        "granted": PURPOSES,
        "refused": st.just(0) | PURPOSES,
        "without": st.frozensets(st.sampled_from(sorted(FULL)), max_size=4),
    }
)


def permits(purpose: str, said: dict[str, Any], recorded: Recorded) -> bool:
    """Decide one purpose, from the words of docs/privacy.md."""
    basis, bit = POLICY.legal_basis(purpose, "soq"), bits(purpose)
    if basis == "none_needed":
        return True
    if recorded.restricted or (recorded.objected and purpose == "partner_sharing"):
        return False
    if basis == "contract":
        return True
    if (recorded.withdrawn | said["refused"]) & bit:
        return False
    return basis != "consent" or bool((said["granted"] | recorded.granted) & bit)


def is_absent(value: Any) -> bool:
    """Tell whether a column holds nothing, as the warehouse spells it."""
    return value in (None, "", NO_ID) or value is False or value == []


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(SAID, RECORDS), min_size=1, max_size=6), st.sampled_from([1, 40]))
def test_no_column_without_its_purpose(
    sent: list[tuple[dict[str, Any], Recorded]], times: int
) -> None:
    sent = sent * times
    events = []
    for said, _ in sent:
        words = {name: said[name] for name in ("table", "event_name", "granted", "refused")}
        fields = {name: value for name, value in FULL.items() if name not in said["without"]}
        events.append(event(**words, **fields))
    records = [recorded for _, recorded in sent]
    known = context(records_of=lambda *asked: records)
    for row in PROTECT.run(to_frame(events), known).frame.rows(named=True):
        said, recorded = sent[row["row"]]
        columns = TABLES[said["table"]]
        for column in columns:
            if column != "batch_id" and not is_absent(row[column]):
                assert permits(POLICY.purpose_of(said["table"], column), said, recorded), column
        for column in PROTECTED.keys() - CONTROL.keys() - columns.keys():
            assert is_absent(row[column]), column
        if recorded.stale and events[row["row"]]._person:
            assert all(is_absent(row[column]) for column in IDS)
        for column in ("latitude", "longitude"):
            assert row[column] is None or row[column] == round(row[column], 2)


def test_everything_is_kept_where_everything_is_permitted() -> None:
    """Otherwise the property above could hold because nothing is ever kept."""
    tables = ("events", "diagnostics")
    events = [event(table=table, event_name="custom", **FULL) for table in tables]
    for row in PROTECT.run(to_frame(events), context()).frame.rows(named=True):
        absent = {column for column in TABLES[row["table"]] if is_absent(row[column])}
        assert absent == {"batch_id", "source", "basis", "remarks", "visit_id", "is_bot"}
