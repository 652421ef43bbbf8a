"""The first-party cookie: for pages on our own origin alone, set when kept, gone when refused."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from collector.device_cookie import DeviceCookie, judge_cookies
from collector.frames import to_frame
from collector.raw_event import Decoded, RawEvent
from collector.stages import PROTECT
from collector.verdicts import Became, Verdict
from tests.collector.worlds import ALL, bits, context, event

SENT = "5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11"
SAME = {"sec-fetch-site": "same-origin"}
BROUGHT = SAME | {"cookie": f"theme=dark; sanaq_device={SENT}"}


def cookie_of(headers: dict[str, str], days: int = 395) -> DeviceCookie:
    """Give the cookie of a request that has one."""
    cookie = DeviceCookie.of(headers, days)
    assert cookie is not None
    return cookie


def play(cookie: DeviceCookie, *events: RawEvent) -> Became:
    """Take events with a cookie through the pipeline and say what became of its id."""
    decoded = Decoded(list(events), list(range(len(events))), [])
    cookie.lend(decoded)
    frame = PROTECT.run(to_frame(decoded.events), context()).frame
    verdict = Verdict(len(events))
    owners = [(0, index) for index in range(len(events))]
    judge_cookies(frame, decoded.events, owners, [decoded.cookie], [verdict])
    return verdict.cookie


@pytest.mark.parametrize(
    ("headers", "days"),
    [
        (BROUGHT, 0),
        ({}, 395),
        ({"cookie": f"sanaq_device={SENT}"}, 395),
        (BROUGHT | {"sec-fetch-site": "same-site"}, 395),
        (BROUGHT | {"sec-fetch-site": "cross-site"}, 395),
        (BROUGHT | {"sec-fetch-site": "none"}, 395),
    ],
)
def test_no_cookie_where_switched_off_or_not_of_this_origin(
    headers: dict[str, str], days: int
) -> None:
    assert DeviceCookie.of(headers, days) is None


@pytest.mark.parametrize(
    "value",
    ["", "x", "u-1842", SENT[:-1], "00000000-0000-0000-0000-000000000000", "a" * 5_000, '"' + SENT],
)
def test_what_is_no_device_id_is_not_believed(value: str) -> None:
    """A page may plant a cookie of its own; only a UUID is taken, so nothing else is digested."""
    cookie = cookie_of(SAME | {"cookie": f"sanaq_device={value}"})
    assert cookie.is_new and UUID(cookie.value).version == 4


def test_two_cookies_give_the_first_and_fresh_ones_differ() -> None:
    header = f"sanaq_device={SENT.upper()}; sanaq_device=5d3a6f2e-0000-4000-8000-00000000abcd"
    assert cookie_of(SAME | {"cookie": header})[:2] == (SENT, False)
    assert cookie_of(SAME).value != cookie_of(SAME).value


def test_it_is_set_only_once_its_id_is_kept() -> None:
    cookie = cookie_of(SAME)
    set_cookie = cookie.answer(play(cookie, event()))
    assert set_cookie is not None
    pattern = r"sanaq_device=([0-9a-f-]{36}); Max-Age=34128000; Secure; HttpOnly; SameSite=Strict"
    match = re.fullmatch(pattern, set_cookie)
    assert match is not None and match[1] == cookie.value


@pytest.mark.parametrize("headers", [SAME, BROUGHT])
@pytest.mark.parametrize(
    "fields",
    [
        {"granted": 0},
        {"granted": bits("advertising")},
        {"refused": bits("advertising")},
        {"_device": "another"},
        {"event_name": "sign_in", "granted": 0},
        {"currency": "no such", "occurred_at_ms": 0},
    ],
)
def test_what_does_not_speak_of_it_changes_nothing(
    headers: dict[str, str], fields: dict[str, Any]
) -> None:
    """Silence, other purposes, an id of the app's own, events that are not stored."""
    said = {"granted": bits("analytics")} | fields
    cookie = cookie_of(headers)
    became = play(cookie, event(**said))
    kept = cookie.is_new and became == "kept"
    assert (cookie.answer(became) is not None) == kept
    assert became == ("kept" if fields == {"refused": bits("advertising")} else "")


def test_a_cookie_that_was_brought_is_not_set_again() -> None:
    """Its life is the chosen one, however often its browser comes back."""
    cookie = cookie_of(BROUGHT)
    became = play(cookie, event(), event(_device="another"))
    assert became == "kept" and cookie.answer(became) is None


def test_a_refusal_takes_it_away_and_sets_no_other() -> None:
    refusing = event(granted=0, refused=bits("analytics"))
    cookie = cookie_of(BROUGHT)
    became = play(cookie, refusing, event(granted=0))
    taken_away = "sanaq_device=; Max-Age=0; Secure; HttpOnly; SameSite=Strict"
    assert cookie.answer(became) == taken_away
    assert cookie.answer(play(cookie, event(), refusing, event())) == taken_away
    own = event(granted=0, refused=bits("analytics"), _device="another")
    assert cookie.answer(play(cookie, own)) == taken_away
    fresh = cookie_of(SAME)
    assert fresh.answer(play(fresh, refusing)) is None
    assert fresh.answer(play(fresh, event(), refusing)) is None


def test_requests_of_one_batch_do_not_answer_for_each_other() -> None:
    cookies = [cookie_of(SAME), cookie_of(BROUGHT)]
    decoded = [Decoded([event()], [0], []), Decoded([event(granted=0, refused=ALL)], [0], [])]
    for cookie, one in zip(cookies, decoded, strict=True):
        cookie.lend(one)
    events = [event for one in decoded for event in one.events]
    verdicts = [Verdict(1), Verdict(1), Verdict(0)]
    frame = PROTECT.run(to_frame(events), context()).frame
    values = [cookie.value for cookie in cookies]
    judge_cookies(frame, events, [(0, 0), (1, 0)], [*values, ""], verdicts)
    assert [verdict.cookie for verdict in verdicts] == ["kept", "refused", ""]
