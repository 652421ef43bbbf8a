"""What a relay does when its recipient, its secret or its neighbours fail."""

from __future__ import annotations

from threading import Thread

import pytest

from config.errors import ConfigError
from storage.registry.forwardings import list_hours
from tests.collector.forwarding.conftest import Make
from tests.collector.forwarding.relaying import RelayWorld, titled
from tests.service import wait_until

TWO = {"a": "first", "b": "second"}
"""Devices and the titles of their pages."""


def test_pauses_grow_and_a_recipient_may_ask_for_longer_ones(world: RelayWorld) -> None:
    world.end.status = 500
    world.spool_rows(*titled("a"))
    pauses = world.run_steps(12)
    assert 0.5 <= pauses[0] <= 1 and pauses[5] >= 16 and 150 <= pauses[-1] <= 300
    assert len(set(pauses)) == 12
    world.end.status, world.end.headers = 429, {"retry-after": "900"}
    assert world.run_steps(1) == [900]
    assert world.progress.fault == "busy" and world.progress.counts == {}
    world.end.status, world.end.headers = 200, {}
    world.run_steps()
    assert world.names() == ["a"] and world.progress.fault == ""


@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_a_recipient_that_lets_nobody_in_is_tried_again(world: RelayWorld, status: int) -> None:
    world.end.status, world.end.headers = status, {"location": world.end.url}
    world.spool_rows(*titled("a"))
    world.run_steps(1)
    assert world.progress.fault == "turned_away" and len(world.end.received) == 1


def test_rejected_events_are_counted_and_passed(world: RelayWorld) -> None:
    world.end.status = 422
    world.spool_rows(*titled("a", "b"))
    world.run_steps()
    world.end.status = 200
    world.spool_rows(*titled("c"))
    world.run_steps()
    assert world.names() == ["c"]
    assert world.progress.counts == {"rejected": 2, "delivered": 1}
    assert [(one["status"], one["count"]) for one in world.alarms()] == [(422, 2)]


def test_of_requests_that_go_together_only_those_that_failed_go_again(make: Make) -> None:
    world = make(kind="ga4_mp")
    world.run_steps(2)
    world.end.too_much = b"second"
    world.spool_rows(*({"device_id": t.encode() * 16, "page_title": n} for t, n in TWO.items()))
    world.run_steps(3)
    assert world.progress.counts == {} and world.progress.fault == "failing"
    world.clock.advance(hours=25)
    world.end.too_much = b""
    world.run_steps()
    events = [one["params"]["page_title"] for one in world.end.events()]
    assert events == ["first"] and world.progress.counts == {"delivered": 1, "too_old": 1}
    assert len(world.end.received) == 4
    lines = list_hours(world.registry)
    assert (sum(one.begun for one in lines), sum(one.delivered for one in lines)) == (2, 1)


def test_a_missing_secret_sends_nothing(world: RelayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_SECRET")
    world.spool_rows(*titled("a"))
    with pytest.raises(ConfigError, match="secret is missing"):
        world.run_steps()
    monkeypatch.setenv("ACME_SECRET", "s3cret")
    world.run_steps()
    assert world.names() == ["a"]


def test_a_relay_goes_on_when_a_fault_is_mended(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_SECRET")
    world.spool_rows(*titled("a"))
    thread = Thread(target=world.relay.run)
    thread.start()
    try:
        wait_until(lambda: world.progress.fault == "secret_missing", 10)
        monkeypatch.setenv("ACME_SECRET", "s3cret")
        wait_until(lambda: world.names() == ["a"], 10)
        wait_until(lambda: world.progress.fault == "", 10)
    finally:
        world.stopping.set()
        thread.join()
    assert world.log.getvalue().count('"reason":"secret_missing"') == 1
