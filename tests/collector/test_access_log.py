"""Log lines become page views or rejections, one outcome each."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.frames import to_frame
from collector.outcomes import BadRequest
from collector.protocols.access_log import LINE_CHARS_MAX, decode_access_log
from collector.raw_event import Decoded, RawEvent
from collector.stages import PROTECT
from tests.collector.worlds import LIMITS, TERMS, context, post, sender

LINE = (
    '83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /ads/1?utm_source=mail HTTP/1.1" 200 '
    '203023 "http://semicomplete.com/about/" "Mozilla/5.0 (X11; Linux x86_64)"'
)
MOMENT_MS = 1_431_857_103_000


def decode(*lines: Any, **changes: Any) -> Decoded:
    numbered = [line if isinstance(line, tuple) else (0, line) for line in lines]
    body = {"import": {"source": "access-log", "basis": "legitimate_interest"}, "lines": numbered}
    who = sender(trusted=True)
    return decode_access_log(post(msgspec.json.encode(body | changes)), who, TERMS)


def one(line: str) -> RawEvent:
    decoded = decode(line)
    assert decoded.rejected == []
    return decoded.events[0]


def test_a_line_becomes_a_page_view() -> None:
    event = one(LINE + "\r\n")
    assert (event.protocol, event.source, event.basis, event.is_import) == (
        "access_log", "access-log", "legitimate_interest", True,
    )  # fmt: skip
    assert (event.event_name, event.occurred_at_ms) == ("page_view", MOMENT_MS)
    assert (event.page_path, event.page_query, event.campaign_source) == (
        "/ads/1", "utm_source=mail", "mail",
    )  # fmt: skip
    assert (event.referrer_host, event.referrer_path) == ("semicomplete.com", "/about/")
    assert (event._address, event._user_agent) == (
        "83.149.9.216",
        "Mozilla/5.0 (X11; Linux x86_64)",
    )
    assert event._person is None


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("- - [", "- aigul [", "_person", "aigul"),
        ("- - [", "- a b c [", "_person", "a b c"),
        ("10:05:03 +0000", "15:05:03 +0500", "occurred_at_ms", MOMENT_MS),
        ("200 203023", "304 -", "event_name", "page_view"),
        ("/ads/1?utm_source=mail", "http://soq.example/ads", "page_host", "soq.example"),
        ("/ads/1?utm_source=mail", "//wp-admin/x", "page_path", "/wp-admin/x"),
        ("/ads/1?utm_source=mail", "//wp-admin/x", "page_host", ""),
        ("/ads/1?utm_source=mail", "/a b", "page_path", "/a b"),
        ("/ads/1?utm_source=mail", r"/a\"b", "page_path", r"/a\"b"),
        (" HTTP/1.1", "", "page_path", "/ads/1"),
        ('"Mozilla/5.0 (X11; Linux x86_64)"', '"-"', "_user_agent", ""),
        ('"http://semicomplete.com/about/"', '"-"', "referrer_host", None),
    ],
)
def test_variants(old: str, new: str, field: str, value: Any) -> None:
    assert old in LINE
    assert getattr(one(LINE.replace(old, new)), field) == value


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("GET", "POST", "method_unwanted"),
        ("GET", "HEAD", "method_unwanted"),
        (" 200 ", " 404 ", "http_error"),
        (" 200 ", " 301 ", "http_error"),
        (" 200 ", " 500 ", "http_error"),
        ("/ads/1", "/style.CSS", "asset"),
        ("/ads/1", "/favicon.ico", "asset"),
        ("/ads/1", "/blog/index.rss", "asset"),
        (LINE, "", "line_invalid"),
        (LINE, "no log line", "line_invalid"),
        ("17/May/2015", "17/Mai/2015", "line_invalid"),
        ("10:05:03", "25:05:03", "line_invalid"),
        ("GET /ads/1?utm_source=mail HTTP/1.1", "", "line_invalid"),
        ("GET /ads/1?utm_source=mail HTTP/1.1", "GET", "line_invalid"),
        ("GET /ads", r"\x16\x03\x01 /ads", "method_unwanted"),
        ('x86_64)"', "x86_64)", "line_invalid"),
        ("x86_64", "x" * LINE_CHARS_MAX, "line_invalid"),
    ],
)
def test_lines_that_ask_for_no_page(old: str, new: str, reason: str) -> None:
    assert old in LINE
    decoded = decode(LINE, LINE.replace(old, new), LINE)
    assert (decoded.rejected, decoded.positions) == ([(1, reason)], [0, 2])
    assert decoded.received == 3


def test_a_lines_identity_is_the_line_and_how_often_it_occurred() -> None:
    events = decode((0, LINE), (1, LINE), (0, LINE), (0, LINE.replace("ads", "x"))).events
    frame = PROTECT.run(to_frame(events), context()).frame
    first, second, again, other = frame["event_id"].to_list()
    assert first == again and len({first, second, other}) == 3


def test_a_user_of_the_log_is_found_in_its_text_and_kept_without_consent_nowhere() -> None:
    line = LINE.replace("- - [", "- aigul.s [").replace("/ads/1", "/home/aigul.s/")
    frame = PROTECT.run(to_frame([one(line)]), context()).frame
    row = frame.row(0, named=True)
    assert row["page_path"] == "/home/[own_id]/"
    assert (row["person_id"], row["subject_kind"]) == (bytes(16), "visit")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lines": [(0, LINE)] * (LIMITS.events_per_request_max + 1)}, "events_too_many"),
        ({"lines": [LINE]}, "body_invalid"),
        ({"lines": [(-1, LINE)]}, "body_invalid"),
        ({"import": {"source": "x"}}, "body_invalid"),
        ({"import": None}, "body_invalid"),
    ],
)
def test_requests_of_a_wrong_form(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRequest) as fault:
        decode(**changes)
    assert fault.value.reason == reason


@given(st.lists(st.sampled_from([*'[]"\\ -', "GET ", "17/May/2015:10:05:03 +0000", LINE, "200"])))
def test_any_line_has_one_outcome(pieces: list[str]) -> None:
    assert decode("".join(pieces)).received == 1


def test_a_hostile_line_costs_no_time() -> None:
    lines = ["a b " + "[" * 16_000, "a b c [x] " + '"' + "\\" * 16_000, "a b " + "c " * 8_000]
    assert decode(*lines * 20).received == 60
