"""Forwarding as it runs: real processes, recipients on loopback that obey, fail and hang.

One service for all; recipients keep apart by the purpose that only they need.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from config.settings import load_settings
from storage.registry import audit, disclosures, open_registry
from storage.registry.forwardings import Progress, find_progress
from tests.collector.forwarding.destination import Destination, running_destination
from tests.config.copies import copy_config
from tests.privacy.needles import find_in, search_files
from tests.service import Service, kill, running, wait_until

pytestmark = pytest.mark.timeout(300)

SECONDS_MAX = 60.0

RECIPIENT = """\
title = "{name}"
kind = "{kind}"
url = "{url}"
sites = ["soq", "other"]
purpose = "recipient_{name}"
country = "KZ"
events = ["deal", "page_view"]
fields = ["country", "page_host", "page_path", "person_id", "device_id", "advertising_id"]
properties = ["category"]
ids = "own"
secret_env = "TEST_SECRET"

[limits]
linger_seconds_max = 0.2
answer_seconds_max = 3
retry_seconds_min = 0.1
retry_seconds_max = 0.5
"""

PURPOSE = """
[purposes.recipient_{name}]
description = "Tell {name} what was agreed to."
legal_basis = "consent"
since = "2026-11"
retention_days = 30

[purposes.recipient_{name}.columns]
events = []
diagnostics = []
"""

KINDS = {"acme": "webhook", "bolt": "segment", "dead": "webhook", "brief": "webhook"}

MAIL = "aigul.bekova@mail.example"

LIST = '    "partner_sharing",\n]'


class World:
    """A service that forwards, and the ends of its recipients."""

    def __init__(self, service: Service, ends: dict[str, Destination]) -> None:
        self.service = service
        self.ends = ends
        self.key = service.key("soq")
        self.registry = open_registry(load_settings(service.environ))
        self.sent: list[str] = [MAIL]
        """Every identifier that was ever sent in."""

    def post(self, count: int = 1, to: str = "acme", **fields: Any) -> list[str]:
        """Post deals that one recipient may have; give the page paths that tell them apart."""
        purposes = {"analytics": True, f"recipient_{to}": True} | fields.pop("purposes", {})
        paths = [f"/p/{uuid4().hex[:12]}" for _ in range(count)]
        ids = {n: fields.pop(n, f"{n}-{uuid4().hex}") for n in ("person", "device", "session")}
        self.sent += ids.values()
        events = [
            {
                "event_id": str(uuid4()),
                "name": "deal",
                "page": {"url": f"https://soq.example{path}"},
                "properties": {"category": "horses", "city": "almaty", "email": MAIL},
                **fields,
                **ids,
            }
            for path in paths
        ]
        self.sent += [str(one["event_id"]) for one in events]
        body = {"consent": {"purposes": purposes}, "events": events}
        answer = self.service.post(self.key, body)
        assert answer.json()["accepted"] == count
        return paths

    def paths_at(self, name: str) -> list[str]:
        """Give the page paths of the events that a recipient took."""
        end = self.ends[name]
        pages = [one.get("page") or one["context"]["page"] for one in end.events()]
        return [page["url"].removeprefix("https://soq.example") for page in pages]

    def await_at(self, name: str, paths: list[str]) -> None:
        """Wait until a recipient has events."""
        wait_until(lambda: set(paths) <= set(self.paths_at(name)), SECONDS_MAX)

    def progress(self, name: str) -> Progress | None:
        """Give how far a recipient has got."""
        return next(iter(find_progress(self.registry, name)), None)

    def count(self, name: str, word: str) -> int:
        """Give how many events of a recipient ended in a way."""
        progress = self.progress(name)
        return progress.counts.get(word, 0) if progress else 0

    def shown(self, *arguments: str) -> list[dict[str, Any]]:
        """Give what `sanaq forward` prints."""
        return list(json.loads(self.service.sanaq("forward", *arguments, "--json")))


def configure(folder: Path, ends: dict[str, Destination]) -> Path:
    """Write a configuration with a recipient for each end."""
    config = copy_config(folder / "config")
    (config / "recipients").mkdir()
    policy = (config / "policy.toml").read_text()
    own = "".join(f'    "recipient_{name}",\n' for name in ends)
    policy = policy.replace(LIST, LIST.replace("]", f"{own}]"))
    for name, end in ends.items():
        text = RECIPIENT.format(name=name, kind=KINDS[name], url=end.url)
        if name == "brief":
            text += "forward_age_hours_max = 0.0008\n"
        (config / "recipients" / f"{name}.toml").write_text(text)
        policy += PURPOSE.format(name=name)
    (config / "policy.toml").write_text(policy)
    return config


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service that forwards to four recipients; one never answers."""
    folder = tmp_path_factory.mktemp("f")
    with ExitStack() as stack:
        ends = {name: stack.enter_context(running_destination()) for name in KINDS}
        ends["dead"].hangs.set()
        config = configure(folder, ends)
        environ = {"SANAQ_CONFIG": str(config), "TEST_SECRET": "s3cret"}
        service = stack.enter_context(running(folder, environ))
        made = World(service, ends)
        # What comes before a recipient has its place is not forwarded to it.
        wait_until(lambda: all(made.progress(name) for name in KINDS), SECONDS_MAX)
        yield made
        made.registry.close()


def test_each_recipient_gets_what_its_people_agreed_to(world: World) -> None:
    mine, theirs = world.post(2), world.post(2, to="bolt")
    both = world.post(purposes={"recipient_bolt": True})
    nobodys = world.post(purposes={"recipient_acme": False})
    world.await_at("acme", mine + both)
    world.await_at("bolt", theirs + both)
    assert not set(world.paths_at("acme")) & set(theirs + nobodys)
    assert not set(world.paths_at("bolt")) & set(mine + nobodys)


def test_fields_leave_by_their_own_permission_and_ids_are_the_recipients_own(world: World) -> None:
    granted = {"recipient_bolt": True}
    (full,) = world.post(purposes=granted)
    (bare,) = world.post(purposes=granted | {"analytics": False})
    world.await_at("acme", [full, bare])
    world.await_at("bolt", [full, bare])
    at_acme = dict(zip(world.paths_at("acme"), world.ends["acme"].events(), strict=True))
    at_bolt = dict(zip(world.paths_at("bolt"), world.ends["bolt"].events(), strict=True))
    assert at_acme[full]["properties"] == {"category": "horses"}
    assert not {"properties", "person", "device"} & at_acme[bare].keys()
    assert at_acme[full]["person"] != at_bolt[full]["userId"]
    assert at_acme[full]["event_id"] != at_bolt[full]["messageId"]
    rows = world.service.sql(f"SELECT person_id FROM sanaq.events WHERE page_path = '{full}'")
    assert at_acme[full]["person"] not in [row["person_id"] for row in rows]


def test_a_recipient_that_hangs_stalls_nobody(world: World) -> None:
    started = time.monotonic()
    world.post(5, to="dead")
    paths = world.post(5)
    assert time.monotonic() - started < 15
    world.await_at("acme", paths)
    world.service.await_loaded()
    wait_until(lambda: _fault(world, "dead") == "too_slow", SECONDS_MAX)
    assert not world.ends["dead"].received
    (row,) = [one for one in world.shown("status") if one["recipient"] == "dead"]
    assert row["fault"] == "too_slow" and row["lag_seconds"] >= 0 and row["waiting_bytes"] > 0


def _fault(world: World, name: str) -> str:
    progress = world.progress(name)
    return progress.fault if progress else ""


def test_a_withdrawal_between_receipt_and_sending_keeps_the_event(world: World) -> None:
    acme = world.ends["acme"]
    acme.status = 503
    leaving, staying = f"leaving-{uuid4().hex}", f"staying-{uuid4().hex}"
    (withdrawn,), (kept,) = world.post(person=leaving), world.post(person=staying)
    wait_until(lambda: any(kept.encode() in one.body for one in acme.received), SECONDS_MAX)
    record = {"person": leaving, "purposes": {"recipient_acme": False}}
    assert world.service.post(world.key, record, "/v1/consent").status_code == 200
    # A request that was under way then may still hold the event; the next one must not.
    answered = len(acme.received) + 1
    wait_until(lambda: len(acme.received) > answered, SECONDS_MAX)
    assert withdrawn.encode() not in acme.received[-1].body
    acme.status = 200
    world.await_at("acme", [kept])
    assert withdrawn not in world.paths_at("acme")


def test_a_killed_forwarder_sends_everything_at_least_once(world: World) -> None:
    acme = world.ends["acme"]
    paths: list[str] = []
    for _ in range(3):
        arrived = acme.arrived
        acme.hangs.set()
        paths += world.post(40)
        wait_until(partial(_has_arrived, acme, arrived), SECONDS_MAX)
        for pid in world.service.pids("forwarder"):
            kill(pid)
        acme.hangs.clear()
    world.await_at("acme", paths)
    ids = [one["event_id"] for one in acme.events()]
    assert len(set(ids)) == len(set(world.paths_at("acme"))), "an event keeps its id"
    assert len(ids) > len(set(ids)), "what was under way at a kill went again"


def _has_arrived(end: Destination, before: int) -> bool:
    return end.arrived > before


def test_what_is_too_old_is_given_up_and_counted(world: World) -> None:
    end = world.ends["brief"]
    end.status = 500
    world.post(3, to="brief")
    wait_until(lambda: world.count("brief", "too_old") == 3, SECONDS_MAX)
    end.status = 200
    paths = world.post(2, to="brief")
    world.await_at("brief", paths)
    assert b'"events were given up"' in world.service.log_file.read_bytes()


def test_what_is_rejected_for_good_stands_in_nobodys_way(world: World) -> None:
    bolt = world.ends["bolt"]
    bolt.unwanted = b"/unwanted/"
    world.post(to="bolt", page={"url": "https://soq.example/unwanted/1"})
    wait_until(lambda: world.count("bolt", "rejected") == 1, SECONDS_MAX)
    world.await_at("bolt", world.post(2, to="bolt"))
    assert not any("/unwanted/" in path for path in world.paths_at("bolt"))


@pytest.mark.parametrize(("name", "key"), [("acme", "event_id"), ("bolt", "messageId")])
def test_the_register_adds_up_with_what_was_received(world: World, name: str, key: str) -> None:
    end = world.ends[name]
    world.await_at(name, world.post(3, to=name))
    begun = {one[key] for one in end.events(taken=False)}
    taken = {one[key] for one in end.events()}
    wait_until(lambda: world.count(name, "delivered") == len(taken), SECONDS_MAX)
    lines = world.shown("register", "--recipient", name)
    assert {(line["purpose"], line["site"]) for line in lines} == {(f"recipient_{name}", "soq")}
    sums = [sum(line[word] for line in lines) for word in ("begun", "delivered")]
    assert sums == [len(begun), len(taken)]


def test_what_a_recipient_gets_is_a_disclosure_on_the_audit_log(world: World) -> None:
    world.await_at("acme", world.post())
    entries = audit.read_entries(world.registry, 1_000)
    begun = [one.subject for one in entries if one.action == "forward.begin"]
    assert begun.count("acme") == 1
    assert "acme" in {one.recipient for one in disclosures.list_disclosures(world.registry)}


def test_no_byte_that_left_tells_an_identifier_or_an_id_of_ours(world: World) -> None:
    world.await_at("acme", world.post(100))
    world.service.await_loaded()
    columns = ("person_id", "device_id", "session_id", "subject_id", "event_id", "batch_id")
    rows = world.service.sql(f"SELECT {', '.join(columns)} FROM sanaq.events WHERE site = 'soq'")
    ours = {str(value).replace("-", "") for row in rows for value in row.values()}
    ours = {one for one in ours if one.strip("0")}
    needles = {one: one for one in [*world.sent, *ours]}
    assert len(needles) > 300
    for end in world.ends.values():
        assert find_in(end.every_byte().replace(b"-", b""), {k: k for k in ours}) == set()
        assert find_in(end.every_byte(), needles) == set()
    folders = [world.service.home / "registry", world.service.log_file.parent / "log.txt"]
    assert search_files(folders, {one: one for one in world.sent[:40]}) == {}
    person = world.ends["acme"].events()[0]["person"]
    assert find_in(world.ends["acme"].every_byte(), {"control": person}) == {"control"}
