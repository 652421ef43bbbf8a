"""Exactly the declared columns, absent values spelled as the warehouse spells them."""

from __future__ import annotations

from collector.frames import PROTECTED, to_frame
from collector.stages import PROTECT
from storage.schemas import NO_ID
from tests.collector.worlds import ALL, CHROME, bits, context, event


def test_absent_values_are_empty_and_numbers_null() -> None:
    sent = event(granted=0, refused=bits("analytics"), _address=None, _user_agent="")
    frame = PROTECT.run(to_frame([sent]), context()).frame
    assert dict(frame.schema) == PROTECTED and list(frame.columns) == list(PROTECTED)
    row = frame.row(0, named=True)
    assert {name: row[name] for name in row if row[name] is None} == dict.fromkeys(
        ["latitude", "longitude", "revenue", "screen_width", "screen_height"]
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


def test_a_column_of_the_other_table_is_never_filled() -> None:
    sent = event(table="diagnostics", event_name="crash", page_title="t", campaign_name="c")
    other = event(exception_message="m", kind="crash")
    frame = PROTECT.run(to_frame([sent, other]), context()).frame
    columns = ("page_title", "campaign_name", "exception_message", "kind")
    assert frame.select(columns).rows() == [("", "", "", ""), ("", "", "", "")]
