"""Records of consent over HTTP: in force in every worker within a second, and after a restart."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from aggregator.job import open_job
from aggregator.read import read_window
from aggregator.windows import Window
from config.settings import load_settings
from storage.clock import utc_now
from storage.registry.exclusions import list_excluded
from tests.service import Service, kill, running, wait_until

HONOURED_SECONDS_MAX = 1.0
"""How soon after its answer a record must hold in every worker."""

POSTS = 20
"""Events sent one by one, over connections of their own: enough for each worker to take some."""

SAYS_YES = {"purposes": {"analytics": True, "advertising": True}, "method": "checkbox"}
"""What an SDK goes on saying that has not heard of a withdrawal."""

NO_ID = "00" * 16


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the tests of this file share."""
    with running(tmp_path_factory.mktemp("s")) as one:
        yield one


def record(service: Service, key: str, says: dict[str, bool], **fields: Any) -> httpx.Response:
    body = {"purposes": says, "method": "checkbox", "policy_version": "2026-11"} | fields
    return service.post(key, body, "/v1/consent")


def send(service: Service, key: str, n: int = 1, **fields: Any) -> None:
    """Post events one by one."""
    for _ in range(n):
        answer = service.post(key, {"events": [{"name": "page_view"} | fields]})
        assert answer.json()["accepted"] == 1, answer.text


def kinds(service: Service, site: str) -> dict[str, int]:
    """Give how many events of a site were loaded by what their subject is."""
    service.await_loaded()
    found = service.sql(
        f"SELECT subject_kind, count() AS n FROM sanaq.events WHERE site = '{site}' GROUP BY 1"
    )
    return {row["subject_kind"]: row["n"] for row in found}


def ledger_rows(service: Service, site: str, count: int) -> list[dict[str, Any]]:
    """Wait until so many rows of the ledger were loaded and give them."""
    sql = f"SELECT * FROM sanaq.consents FINAL WHERE site = '{site}' ORDER BY decided_at"
    wait_until(lambda: len(service.sql(sql)) >= count, 30)
    return service.sql(sql)


def test_a_withdrawal_holds_in_every_worker_within_a_second(service: Service) -> None:
    key = service.key("withdraws")
    assert len(service.pids("worker")) == 2
    send(service, key, 6, device="d-778812", consent=SAYS_YES)
    assert kinds(service, "withdraws") == {"device": 6}
    assert record(service, key, {"analytics": False}, device="d-778812").status_code == 200
    time.sleep(HONOURED_SECONDS_MAX)
    send(service, key, POSTS, device="d-778812", consent=SAYS_YES)
    send(service, key, 1, device="d-99", consent=SAYS_YES)
    assert kinds(service, "withdraws") == {"device": 7, "": POSTS}


def test_a_withdrawal_holds_after_every_process_was_killed(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        key = service.key("restarts")
        answer = record(service, key, {"analytics": False}, person="u-1842")
        assert answer.status_code == 200
        service.kill_all()
        service.start()
        send(service, key, POSTS, person="u-1842", device="d-1", consent=SAYS_YES)
        assert kinds(service, "restarts") == {"": POSTS}
        assert ledger_rows(service, "restarts", 1)[0]["refused"] == ["analytics"]
        for pid in service.pids("worker"):
            kill(pid)
        service.await_ready()
        send(service, key, POSTS, person="u-1842", consent=SAYS_YES)
        assert kinds(service, "restarts") == {"": 2 * POSTS}


def test_a_recorded_grant_holds_for_events_that_say_nothing(service: Service) -> None:
    key, browser = service.key("grants"), service.key("grants", kind="browser")
    assert record(service, browser, {"analytics": True}, device="d-5512").status_code == 200
    time.sleep(HONOURED_SECONDS_MAX)
    send(service, key, POSTS, device="d-5512")
    send(service, key, 1, device="d-5513")
    assert kinds(service, "grants") == {"device": POSTS, "visit": 1}


def test_releases_leave_out_who_withdrew_after_the_row_was_stored(service: Service) -> None:
    key, agrees = service.key("shared"), {"analytics": True, "partner_sharing": True}
    for ids in ({"device": "d-1"}, {"device": "d-2"}, {"device": "d-3", "person": "u-3"}):
        view = {"name": "listing_view", "consent": {"purposes": agrees}} | ids
        headers = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
        assert service.post(key, {"events": [view]}, headers=headers).json()["accepted"] == 1
    service.await_loaded()

    def counted() -> set[str]:
        now = utc_now()
        window = Window(now - timedelta(days=1), now, "today")
        with open_job(load_settings(service.environ)) as job:
            release = job.config.releases["weekly_reach"].model_copy(update={"sites": ("shared",)})
            marked = list_excluded(job.registry, release.sites)
            parts = read_window(job.client, release, window, now, marked)
            return set(pl.concat(parts).collect()["unit"])

    everyone = counted()
    assert len(everyone) == 3
    assert record(service, key, {"partner_sharing": False}, device="d-1").status_code == 200
    after = counted()
    assert len(after) == 2
    assert record(service, key, {"partner_sharing": False}, person="u-3").status_code == 200
    assert len(counted()) == 1, "of a row with two ids either may leave it out"
    assert record(service, key, {"partner_sharing": True}, device="d-1").status_code == 200
    assert counted() & (everyone - after), "who agreed again is counted again"


def test_only_a_later_recorded_grant_lifts_a_withdrawal(service: Service) -> None:
    key = service.key("lifts")
    early, late = "2026-10-01T10:00:00Z", "2026-10-02T10:00:00Z"
    assert record(service, key, {"analytics": False}, device="d-7781", decided_at=late)
    assert record(service, key, {"analytics": True}, device="d-7781", decided_at=early)
    time.sleep(HONOURED_SECONDS_MAX)
    send(service, key, 4, device="d-7781", consent=SAYS_YES)
    assert kinds(service, "lifts") == {"": 4}
    assert record(service, key, {"analytics": True}, device="d-7781")
    time.sleep(HONOURED_SECONDS_MAX)
    send(service, key, 4, device="d-7781")
    assert kinds(service, "lifts") == {"": 4, "device": 4}


def test_a_record_speaks_for_its_own_site_alone(service: Service) -> None:
    mine, other = service.key("mine"), service.key("other")
    assert record(service, other, {"analytics": False}, person="u-1").status_code == 200
    time.sleep(HONOURED_SECONDS_MAX)
    send(service, mine, 1, person="u-1", consent=SAYS_YES)
    assert kinds(service, "mine") == {"person": 1}


def test_browser_keys_refuse_for_anybody_and_grant_for_devices(service: Service) -> None:
    key = service.key("public", kind="browser")
    turned_away = record(service, key, {"analytics": True}, person="u-7")
    assert (turned_away.status_code, turned_away.json()["error"]) == (403, "key_kind")
    mixed = record(service, key, {"analytics": True, "advertising": False}, person="u-7")
    states = {p["purpose"]: p["event_state"] for p in mixed.json()["receipt"]["processing"]}
    assert states == {"analytics": "consent_not_accepted", "advertising": "consent_refused"}
    (row,) = ledger_rows(service, "public", 1)
    assert (row["granted"], row["refused"], row["ungranted"]) == (
        [],
        ["advertising"],
        ["analytics"],
    )
    assert (row["source"], row["subject_kind"]) == ("browser", "person")


def test_a_record_that_is_repeated_is_one_row_and_one_receipt(service: Service) -> None:
    key = service.key("repeats")
    said = {"decided_at": "2026-10-01T10:00:00Z", "evidence": "form 12", "device": "d-1"}
    answers = [record(service, key, {"analytics": True}, **said).json() for _ in range(4)]
    assert answers == [answers[0]] * 4
    record(service, key, {"analytics": False}, device="d-1")
    assert len(ledger_rows(service, "repeats", 2)) == 2
    raw = service.sql("SELECT count() AS n FROM sanaq.consents WHERE site = 'repeats'")
    assert raw == [{"n": 2}]


def test_rows_tell_the_decision_and_nobody(service: Service) -> None:
    key = service.key("ledger")
    answer = record(
        service,
        key,
        {"analytics": True},
        person="user-1842-x",
        evidence="user-1842-x called from +7 701 234 56 78",
        text_version="b-7",
        policy_version="1999-01",
    )
    assert answer.json()["receipt"]["processing"][0]["event_state"] == "consent_not_accepted"
    (row,) = ledger_rows(service, "ledger", 1)
    assert (row["granted"], row["ungranted"], row["policy_version"]) == (
        [],
        ["analytics"],
        "unknown",
    )
    assert row["text_version"] == "b-7" and len(row["consent_key_id"]) == 32
    assert row["consent_key_id"] != NO_ID == row["subject_id"]
    assert "1842" not in json.dumps([row, answer.json()]) and "234 56" not in str(row)
    assert service.ledger("--site", "ledger")["received"] == 0


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"nonsense", 400, "body_invalid"),
        ({"purposes": {"analytics": True}}, 400, "record_invalid"),
        ({"device": "d-1"}, 400, "record_invalid"),
        (b"x" * 1_000_001, 413, "body_too_large"),
    ],
)
def test_what_is_no_record_has_its_status(
    service: Service, body: Any, status: int, reason: str
) -> None:
    answer = service.post(service.key("faults"), body, "/v1/consent")
    assert (answer.status_code, answer.json()["error"]) == (status, reason)


def test_beacons_and_other_methods(service: Service) -> None:
    key = service.key("beacons", kind="browser")
    said = json.dumps({"device": "d-1", "purposes": {"analytics": False}}).encode()
    url = f"{service.collector}/v1/consent"
    beacon = httpx.post(url, params={"key": key}, content=said, timeout=30)
    assert beacon.status_code == 200 and beacon.json()["receipt"]
    assert httpx.post(url, content=said, timeout=30).status_code == 401
    assert httpx.get(url, timeout=30).status_code == 405
    assert httpx.options(url, timeout=30).status_code == 204


def test_many_records_at_once_are_all_kept(service: Service) -> None:
    key = service.key("many")
    with httpx.Client(timeout=30, headers={"authorization": f"Bearer {key}"}) as client:
        for number in range(60):
            said = {"device": f"d-{number}", "purposes": {"analytics": number % 2 == 0}}
            answer = client.post(f"{service.collector}/v1/consent", content=json.dumps(said))
            assert answer.status_code == 200
    rows = ledger_rows(service, "many", 60)
    assert len({row["consent_key_id"] for row in rows}) == 60
