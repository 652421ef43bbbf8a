"""Rate limits, undeclared names, outcomes and verdicts."""

from __future__ import annotations

import json
import os
import re

import pytest

from collector.outcomes import FAULTS, REASONS, REFUSALS, BadRequest
from collector.rate import ADDRESSES_MAX, RateLimit, make_memory, open_memory
from collector.verdicts import Verdict


class HandSeconds:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_of_two_seconds_then_so_many_a_second() -> None:
    seconds = HandSeconds()
    rate = RateLimit(5, seconds)
    assert [rate.admits("a") for _ in range(11)] == [True] * 10 + [False]
    assert rate.admits("b")
    seconds.now += 0.4
    assert [rate.admits("a") for _ in range(3)] == [True, True, False]
    seconds.now += 3_600
    assert [rate.admits("a") for _ in range(11)] == [True] * 10 + [False]


def test_a_large_request_costs_more_than_a_small_one() -> None:
    seconds = HandSeconds()
    rate = RateLimit(1_000, seconds)
    assert [rate.admits("a", 1_500), rate.admits("a", 600), rate.admits("a", 500)] == [
        True, False, True,
    ]  # fmt: skip
    seconds.now += 1
    assert [rate.admits("a", 1_001), rate.admits("a", 1_000)] == [False, True]


def test_a_flood_of_addresses_takes_bounded_memory_and_harms_nobody() -> None:
    rate = RateLimit(1, HandSeconds())
    assert all(rate.admits(str(n)) for n in range(ADDRESSES_MAX + 10))
    assert [rate.admits("new") for _ in range(3)] == [True, True, False]


def test_the_address_that_was_idle_longest_makes_room() -> None:
    seconds = HandSeconds()
    rate = RateLimit(1, seconds)
    assert [rate.admits("busy") for _ in range(3)] == [True, True, False]
    for number in range(ADDRESSES_MAX // 2):
        seconds.now += 0.00001
        rate.admits(str(number))
        rate.admits("busy", 0)
    assert not rate.admits("busy")


def test_what_was_given_back_may_be_spent_again() -> None:
    rate = RateLimit(5, HandSeconds())
    assert rate.admits("a", 10) and not rate.admits("a", 1)
    rate.give_back("a", 4)
    assert rate.admits("a", 4) and not rate.admits("a", 1)
    rate.give_back("b", 1_000)
    assert not rate.admits("b", 11)


def test_all_workers_count_in_one_place_and_each_limit_for_itself() -> None:
    number = make_memory()
    try:
        seconds = HandSeconds()
        one, other = (RateLimit(1, seconds, open_memory(number), 0) for _ in range(2))
        assert [one.admits("a"), other.admits("a"), one.admits("a")] == [True, True, False]
        assert RateLimit(1, seconds, open_memory(number), 1).admits("a")
        assert b"192.0.2.77" not in os.pread(number, 10_000_000, 0)
    finally:
        os.close(number)


def test_reasons_are_a_closed_set_with_a_sentence_each() -> None:
    assert REASONS.keys() >= REFUSALS
    assert not REASONS.keys() & FAULTS.keys()
    for name, sentence in [*REASONS.items(), *((k, v[1]) for k, v in FAULTS.items())]:
        assert re.fullmatch(r"[a-z_]{1,64}", name)
        assert sentence[0].isupper() and sentence.endswith(".")
    assert {status for status, _ in FAULTS.values()} == {400, 401, 403, 413, 415, 429, 503}


@pytest.mark.parametrize("reason", FAULTS)
def test_a_bad_request_carries_its_status_and_no_data(reason: str) -> None:
    fault = BadRequest(reason)
    assert (fault.status, fault.detail, str(fault)) == (*FAULTS[reason], reason)


def test_only_known_reasons_are_faults() -> None:
    with pytest.raises(KeyError):
        BadRequest("because")


def test_a_server_is_told_all_of_it_and_a_browser_less() -> None:
    reasons = {4: "consent_refused", 2: "property_invalid", 0: "too_late"}
    verdict = Verdict(received=8, reasons=reasons, duplicate=2, without_event_id=1)
    rejected = [{"index": 0, "reason": "too_late"}, {"index": 2, "reason": "property_invalid"}]
    assert verdict.refused == 1
    assert json.loads(verdict.answer(trusted=True)) == {
        "accepted": 3,
        "duplicate": 2,
        "refused": 1,
        "without_event_id": 1,
        "rejected": rejected,
    }
    assert json.loads(verdict.answer(trusted=False)) == {"accepted": 6, "rejected": rejected}


def test_a_browser_cannot_tell_refused_or_duplicate_from_accepted() -> None:
    plain = Verdict(received=3)
    other = Verdict(received=3, reasons={1: "consent_refused"}, duplicate=1, without_event_id=1)
    assert plain.answer(trusted=False) == other.answer(trusted=False)
    assert json.loads(plain.answer(trusted=True)) == {
        "accepted": 3, "duplicate": 0, "refused": 0, "rejected": [],
    }  # fmt: skip
