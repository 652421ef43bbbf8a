"""Exactly the declared columns, absent values spelled as the warehouse spells them."""

from __future__ import annotations

import pytest

from collector.frames import PROTECTED, to_frame
from collector.stages import PROTECT
from collector.stages.conform import DERIVED
from collector.stages.gate import GOVERNED
from config.policy import Policy
from storage.schemas import DIAGNOSTICS, EVENTS, NO_ID
from tests.collector.worlds import ALL, CHROME, POLICY, bits, context, event


def test_absent_values_are_empty_and_numbers_null() -> None:
    sent = event(granted=0, refused=bits("analytics"), _address=None, _user_agent="")
    frame = PROTECT.run(to_frame([sent]), context()).frame
    assert dict(frame.schema) == PROTECTED and list(frame.columns) == list(PROTECTED)
    row = frame.row(0, named=True)
    assert {name: row[name] for name in row if row[name] is None} == dict.fromkeys(
        ["latitude", "longitude", "revenue", "screen_width", "screen_height", "struck"]
    )
    assert [name for name, value in row.items() if value == NO_ID] == [
        "person_id", "device_id", "advertising_id", "session_id", "visit_id", "subject_id",
    ]  # fmt: skip
    assert row["page_title"] == row["batch_id"] == row["subject_kind"] == row["device_model"] == ""
    assert row["properties"] == row["measurements"] == row["remarks"] == []
    assert row["is_bot"] is False


def test_derived_columns_meet_their_purpose_too() -> None:
    sent = {"_user_agent": CHROME, "_address": "95.56.10.20", "page_host": "soq.example"}
    batch = [
        event(**sent, granted=ALL),
        event(**sent, granted=0),
        event(**sent, table="diagnostics", event_name="crash", kind="crash", granted=0),
    ]
    frame = PROTECT.run(to_frame(batch), context()).frame
    columns = ("browser", "browser_version", "os_version", "country", "page_host", "kind")
    assert frame.select(columns).rows() == [
        ("Chrome", "126.0.0", "10", "KZ", "soq.example", ""),
        ("Chrome", "", "", "KZ", "soq.example", ""),
        ("Chrome", "126.0.0", "10", "KZ", "soq.example", "crash"),
    ]


def test_no_column_comes_to_rest_without_having_met_its_purpose() -> None:
    met = {*GOVERNED.values(), *DERIVED}
    assert {*EVENTS, *DIAGNOSTICS} - met == {
        "event_id", "batch_id", "event_name", "site", "protocol", "sdk", "source", "basis",
        "occurred_at", "received_at", "purposes", "policy_version", "decided_by", "remarks",
    }  # fmt: skip


MODEL_TOLD = {"_user_agent": CHROME, "_client_hints": 'sec-ch-ua-model="SM-A536B"'}


def test_a_model_that_only_the_browser_told_meets_its_purpose() -> None:
    batch = [event(**MODEL_TOLD, granted=ALL), event(**MODEL_TOLD, granted=0)]
    frame = PROTECT.run(to_frame(batch), context()).frame
    assert frame["device_model"].to_list() == ["SM-A536B", ""]


@pytest.mark.parametrize("column", DERIVED)
def test_every_derived_column_is_kept_only_with_the_purpose_that_a_policy_puts_it_under(
    column: str,
) -> None:
    agent = "Mozilla/5.0 (compatible; Googlebot/2.1)" if column == "is_bot" else CHROME
    sent = MODEL_TOLD | {"_user_agent": agent, "_address": "95.56.10.20", "granted": 0}
    batch = [event(**sent), event(**sent, refused=bits("diagnostics"))]
    frame = PROTECT.run(to_frame(batch), context(policy=_policy_with(column))).frame
    kept, blanked = frame[column].to_list()
    assert blanked in ("", NO_ID, False) and kept not in ("", NO_ID, False)


def _policy_with(column: str) -> Policy:
    """Give the shipped policy with one column of events under *diagnostics*."""
    written = POLICY.model_dump()
    for rule in written["purposes"].values():
        rule["columns"]["events"] = [one for one in rule["columns"]["events"] if one != column]
    written["purposes"]["diagnostics"]["columns"]["events"] = [column]
    return Policy.model_validate(written)


def test_a_column_of_the_other_table_is_never_filled() -> None:
    sent = event(table="diagnostics", event_name="crash", page_title="t", campaign_name="c")
    other = event(exception_message="m", kind="crash")
    frame = PROTECT.run(to_frame([sent, other]), context()).frame
    columns = ("page_title", "campaign_name", "exception_message", "kind")
    assert frame.select(columns).rows() == [("", "", "", ""), ("", "", "", "")]
