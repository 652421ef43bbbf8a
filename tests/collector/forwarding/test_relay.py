"""A relay's work step by step: where it begins, what it gives up, and what a crash leaves."""

from __future__ import annotations

import shutil

import msgspec

from collector.forwarding.pseudonyms import key_site
from storage.keyring_file import KeyName
from storage.registry.consents import Decided, record_decisions
from storage.registry.forwardings import chain_content, list_hours
from storage.registry.fresh_refusals import note_since
from tests.collector.forwarding.conftest import Make
from tests.collector.forwarding.recipients import PURPOSE
from tests.collector.forwarding.relaying import RelayWorld, titled


def test_a_new_recipient_begins_with_what_comes_now(make: Make) -> None:
    world = make()
    world.spool_rows(*titled("before"))
    world.run_steps(2)
    world.spool_rows(*titled("after"))
    world.run_steps()
    assert world.names() == ["after"]


def test_what_was_sent_is_on_the_register_with_its_content(world: RelayWorld) -> None:
    world.spool_rows(*titled("a", "b"))
    world.run_steps()
    world.spool_rows(*titled("c"))
    world.run_steps()
    (first, second) = world.end.taken()
    digest = ""
    for one in (first, second):
        events = msgspec.json.decode(one.body, type=dict[str, msgspec.Raw])["events"]
        texts = [bytes(text) for text in msgspec.json.decode(events, type=list[msgspec.Raw])]
        digest = chain_content(digest, b"\n".join(texts))
    line = world.line
    assert (line.begun, line.delivered, line.content_sha256) == (3, 3, digest)
    assert (line.purpose, line.basis) == ("recipient_acme", "consent to recipient_acme")
    assert first.headers["sanaq-signature"].startswith("t=")
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_events_wait_for_company_and_not_longer(make: Make) -> None:
    world = make(linger_seconds_max=30.0, events_per_request_max=3)
    world.run_steps(2)
    world.spool_rows(*titled("a"))
    world.run_steps()
    world.spool_rows(*titled("b", "c", "d"))
    world.run_steps()
    assert world.names() == ["a", "b", "c"]
    world.clock.advance(seconds=31)
    world.run_steps()
    assert world.names() == ["a", "b", "c", "d"] and len(world.end.taken()) == 2


def test_a_body_grows_no_larger_than_it_may(make: Make) -> None:
    world = make(body_bytes_max=2_000)
    world.run_steps(2)
    world.spool_rows(*titled("a", "b" * 3_000, "c", "d", "e"))
    world.run_steps()
    assert world.names() == ["a", "c", "d", "e"]
    taken = world.end.taken()
    assert all(len(one.body) < 2_200 for one in taken) and len(taken) > 1
    assert world.progress.counts == {"delivered": 4, "too_large": 1}


def test_what_grows_too_old_is_given_up_with_an_alarm(world: RelayWorld) -> None:
    world.end.status = 500
    world.spool_rows(*titled("a", "b"))
    world.run_steps()
    world.clock.advance(hours=25)
    world.spool_rows(*titled("c"))
    world.end.status = 200
    world.run_steps()
    assert world.names() == ["c"]
    assert world.progress.counts == {"too_old": 2, "delivered": 1}
    assert [(one["reason"], one["count"]) for one in world.alarms()] == [("too_old", 2)]
    lines = list_hours(world.registry)
    assert (sum(one.begun for one in lines), sum(one.delivered for one in lines)) == (3, 1)


def test_a_backlog_beyond_its_bound_is_given_up_oldest_first(make: Make) -> None:
    world = make(backlog_bytes_max=40_000)
    end = world.end
    world.run_steps(2)
    end.status = 503
    for number in range(20):
        world.spool_rows(*titled(*[f"{number}"] * 2))
    size = world.spool.status().spooled_bytes
    world.clock.advance(seconds=20)
    world.run_steps()
    end.status = 200
    world.run_steps(30)
    given_up = world.progress.counts["backlog"]
    assert size > 40_000 and 0 < given_up < 40
    assert world.progress.counts["delivered"] == 40 - given_up
    assert world.names()[-1] == "19" and "0" not in world.names()


def test_a_crash_before_settling_sends_again_and_registers_once(world: RelayWorld) -> None:
    world.end.status = 500
    world.spool_rows(*titled("a"))
    world.run_steps(1)
    world.end.status = 200
    world.restart()
    world.spool_rows(*titled("b"))
    world.run_steps()
    assert world.names() == ["a", "b"]
    ids = [one["event_id"] for one in world.end.events(taken=False)]
    assert ids[0] == ids[1] != ids[2]
    assert (world.line.begun, world.line.delivered) == (2, 2)


def test_loaded_batches_are_held_for_a_recipient_that_is_away(world: RelayWorld) -> None:
    world.end.status = 500
    world.spool_rows(*titled("a"))
    world.run_steps(1)
    assert world.relay.needed_from is not None
    world.spool.need(world.relay.needed_from)
    world.load_all()
    world.clock.advance(hours=20)
    world.spool.tidy()
    world.end.status = 200
    world.run_steps()
    assert world.names() == ["a"]


def test_batches_that_the_spool_could_not_hold_are_counted_as_lost(world: RelayWorld) -> None:
    world.end.status = 500
    world.spool_rows(*titled("a"))
    world.spool_rows(*titled("b"))
    world.run_steps(1)
    world.load_all()
    world.clock.advance(hours=2)
    world.spool.tidy()
    world.run_steps()
    assert world.progress.counts == {"lost": 2}
    world.end.status = 200
    world.spool_rows(*titled("c"))
    world.run_steps()
    assert world.names() == ["c"] and world.progress.counts["lost"] == 2
    assert [one["reason"] for one in world.alarms()] == ["lost"]


def test_a_batch_that_cannot_be_read_stands_in_nobodys_way(world: RelayWorld) -> None:
    world.spool_rows(*titled("a"), blob=b"no arrow")
    world.spool_rows(*titled("b"))
    world.run_steps()
    assert world.names() == ["b"] and world.progress.counts == {"unreadable": 1, "delivered": 1}


def test_without_its_key_a_recipient_gets_nothing_and_all_is_counted(world: RelayWorld) -> None:
    world.spool_rows(*titled("a"))
    world.run_steps()
    world.keyring.destroy([KeyName(key_site("acme"), "forward", "0")], world.clock())
    world.restart()
    world.spool_rows(*titled("b"))
    world.run_steps()
    assert world.names() == ["a"]
    assert world.progress.counts == {"delivered": 1, "key_destroyed": 1}


def test_nothing_leaves_while_nobody_notes_refusals(world: RelayWorld) -> None:
    note_since(world.registry, False)
    world.restart()
    world.spool_rows(*titled("a"))
    world.run_steps()
    world.clock.advance(minutes=1)
    note_since(world.registry, True)
    world.spool_rows(*titled("b"))
    world.run_steps()
    assert world.names() == ["b"] and world.progress.counts["unnoted"] == 1


def test_a_spool_that_was_put_back_is_followed_from_what_is_there(world: RelayWorld) -> None:
    world.spool_rows(*titled("a"))
    world.spool.close()
    shutil.copytree(world.folder / "spool", world.folder / "older")
    world.spool = world.open_spool()
    for title in ("b", "c"):
        world.spool_rows(*titled(title))
        world.run_steps()
    world.spool.close()
    shutil.rmtree(world.folder / "spool")
    shutil.copytree(world.folder / "older", world.folder / "spool")
    world.spool = world.open_spool()
    world.restart()
    world.spool_rows(*titled("d"))
    world.run_steps()
    assert world.names() == ["a", "b", "c", "a", "d"]


def test_a_refusal_while_a_request_is_made_is_still_honoured(world: RelayWorld) -> None:
    said = Decided("soq", bytes(16), world.clock(), frozenset(), frozenset({PURPOSE}), (b"x" * 16,))

    def refuse() -> None:
        world.meanwhile = lambda: None
        record_decisions(world.registry, [said])

    world.meanwhile = refuse
    world.spool_rows({"person_id": b"x" * 16, "page_title": "refused"}, {"page_title": "kept"})
    world.run_steps()
    assert world.names() == ["kept"]
    assert b"refused" not in world.end.every_byte()
