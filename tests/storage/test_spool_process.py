"""The real spooler process behind its socket, with real clients."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from storage.errors import Unavailable
from storage.spool import read_batches, read_ledger
from storage.spool_client import SpoolClient
from storage.spool_loader import LoaderClient
from storage.spool_protocol import ClaimedBatch, Commit, Committed, Count
from tests.storage.spooling import SpoolerProcess, make_commit, make_part, running_spooler


def commit_all(path: Path, *commits: Commit) -> list[Committed]:
    """Hand over commits one after the other, as one worker."""

    async def hand_over() -> list[Committed]:
        client = SpoolClient(path)
        answers = [await client.commit(commit) for commit in commits]
        await client.close()
        return answers

    return asyncio.run(hand_over())


def claim_when_free(loader: LoaderClient) -> list[ClaimedBatch]:
    """Claim once the spooler has seen that the other loader is gone."""
    for _ in range(200):
        with suppress(Unavailable):
            return loader.claim(100)
        time.sleep(0.02)
    raise TimeoutError("the lease was not given back")


def test_duplicates_are_found_across_workers(home: Path) -> None:
    with running_spooler(home) as spooler:
        commit_all(spooler.socket, make_commit(1, 2, 3))
        (answer,) = commit_all(spooler.socket, make_commit(4, 3, 5, 1))
        assert answer.duplicates == [bytes([0b1010])]


def test_many_workers_at_once_share_transactions_and_agree_on_one_first(home: Path) -> None:
    async def race(path: Path) -> list[Committed]:
        clients = [SpoolClient(path) for _ in range(8)]
        everyone = [c.commit(make_commit(n)) for n in range(50) for c in clients]
        answers = await asyncio.gather(*everyone)
        status = await clients[0].status()
        assert status.transactions < status.commits == 400
        for client in clients:
            await client.close()
        return answers

    with running_spooler(home) as spooler:
        answers = asyncio.run(race(spooler.socket))
        for start in range(0, 400, 8):
            firsts = [a for a in answers[start : start + 8] if a.duplicates == [b""]]
            assert len(firsts) == 1
        ledger = read_ledger(spooler.file)
        assert (ledger.received, ledger.duplicate, ledger.spooled) == (400, 350, 50)


def test_a_commit_survives_kill_and_is_not_counted_twice(home: Path) -> None:
    with running_spooler(home) as spooler:
        commit = Commit([make_part([1, 2])], [Count("soq", "rejected", "too_late", 3)])
        first = commit_all(spooler.socket, commit)
        spooler.kill()
        spooler.start()
        assert commit_all(spooler.socket, commit) == first
        (later,) = commit_all(spooler.socket, make_commit(2, 9))
        assert later.duplicates == [b"\x01"]
        ledger = read_ledger(spooler.file)
        assert (ledger.received, ledger.rejected, ledger.duplicate) == (7, 3, 1)
        assert ledger.difference == 0


def test_a_client_reconnects_and_sends_again_what_was_not_answered(home: Path) -> None:
    async def commit_through_a_restart(spooler: SpoolerProcess) -> Committed:
        client = SpoolClient(spooler.socket)
        await client.commit(make_commit(1))
        spooler.kill()
        waiting = asyncio.create_task(client.commit(make_commit(1, 2)))
        await asyncio.sleep(0.2)
        spooler.launch()
        answer = await waiting
        await client.close()
        return answer

    with running_spooler(home) as spooler:
        assert asyncio.run(commit_through_a_restart(spooler)).duplicates == [b"\x01"]


def test_no_spooler_is_unavailable_within_the_time_given(home: Path) -> None:
    client = SpoolClient(home / "nobody.sock", answer_seconds_max=0.2)
    with pytest.raises(Unavailable):
        asyncio.run(client.commit(make_commit(1)))


def test_the_loader_claims_reads_and_ends_batches(home: Path) -> None:
    with running_spooler(home) as spooler:
        commit_all(spooler.socket, make_commit(1, 2), make_commit(2, 3), make_commit(3))
        loader = LoaderClient(spooler.socket)
        claimed = loader.claim(100)
        assert [(batch.table, batch.rows) for batch in claimed] == [("events", 2), ("events", 1)]
        batches = read_batches(spooler.file, [batch.seq for batch in claimed])
        assert [batch.duplicates for batch in batches] == [b"", b"\x01"]
        assert not any(batch.state_was_loading for batch in batches)
        loader.loaded([batch.seq for batch in claimed])
        assert loader.claim(100) == []
        ledger = read_ledger(spooler.file)
        assert (ledger.stored, ledger.spooled, ledger.difference) == (3, 0, 0)
        loader.close()


def test_a_second_loader_waits_until_the_first_is_gone(home: Path) -> None:
    with running_spooler(home) as spooler:
        commit_all(spooler.socket, make_commit(1))
        first, second = LoaderClient(spooler.socket), LoaderClient(spooler.socket)
        (batch,) = first.claim(100)
        with pytest.raises(Unavailable, match="loader lease"):
            second.claim(100)
        first.close()
        (again,) = claim_when_free(second)
        assert again.seq == batch.seq
        (read,) = read_batches(spooler.file, [again.seq])
        assert read.state_was_loading
        second.close()


def test_a_second_spooler_refuses_to_start(home: Path) -> None:
    with running_spooler(home) as spooler:
        second = SpoolerProcess(home)
        second.launch()
        assert second.wait() == 1
        commit_all(spooler.socket, make_commit(1))


def test_sigterm_ends_it_cleanly(home: Path) -> None:
    with running_spooler(home) as spooler:
        commit_all(spooler.socket, make_commit(1))
        assert spooler.stop() == 0


@pytest.mark.parametrize("junk", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x03abc", b"\x00\x00\x00\x00"])
def test_junk_ends_its_connection_and_harms_nobody_else(home: Path, junk: bytes) -> None:
    with running_spooler(home) as spooler:
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.settimeout(10)
            stranger.connect(str(spooler.socket))
            stranger.sendall(junk)
            assert stranger.recv(10) == b""
        commit_all(spooler.socket, make_commit(1))
