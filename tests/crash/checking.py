"""What must hold after any crash: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

from clickhouse_connect.driver.client import Client

from config.settings import Settings
from storage import warehouse
from storage.spool import read_ledger
from storage.spool_file import spool_file
from tests.crash.senders import Book, Identity
from tests.service import wait_until

DRAINED_SECONDS_MAX = 180.0
COPIED_SECONDS_MAX = 60.0

OUTCOMES_SQL = "SELECT outcome, sum(n) FROM sanaq.outcomes FINAL GROUP BY outcome"


def check(settings: Settings, book: Book) -> dict[str, int]:
    """Hold what the senders were told against ledger and warehouse; give what was counted.

    Everything runs, and the senders have ended. FINAL is used for the counters' copy alone.
    """
    file = spool_file(settings)
    wait_until(lambda: read_ledger(file).spooled == 0, DRAINED_SECONDS_MAX)
    ledger = read_ledger(file)
    with closing(warehouse.connect(settings, "sanaq_reader")) as client:
        rows = _read_rows(client)
        _check_events(rows, book)
        assert ledger.difference == 0
        assert ledger.stored == sum(rows.values()), "the ledger's count of what is stored"
        _check_told(book, ledger.stored)
        expected = {"stored": ledger.stored, "received": ledger.received}
        wait_until(lambda: _copied(client).items() >= expected.items(), COPIED_SECONDS_MAX)
    return {
        "sent": len(book.sent),
        "acknowledged": len(book.acknowledged),
        "stored": ledger.stored,
        "lost": len(book.acknowledged - set(rows)),
        "doubled": sum(n - 1 for n in rows.values()),
        "unasked": len(set(rows) - set(book.sent)),
        **book.told,
    }


def _check_events(rows: Counter[Identity], book: Book) -> None:
    lost = book.acknowledged - set(rows)
    assert not lost, f"{len(lost)} acknowledged events are not stored"
    doubled = [one for one, times in rows.items() if times > 1]
    assert not doubled, f"{len(doubled)} events are stored more than once"
    unasked = set(rows) - set(book.sent)
    assert not unasked, f"{len(unasked)} stored events were never sent, or were rejected"


def _check_told(book: Book, stored: int) -> None:
    """The answers agree with each other: an event is told to be new once at most."""
    assert not book.wrong, book.wrong[:5]
    assert book.told["never answered"] == 0
    assert book.told["accepted"] <= stored
    assert book.told["accepted"] + book.told["duplicate"] >= len(book.acknowledged)


def _read_rows(client: Client) -> Counter[Identity]:
    """Count the rows of each identity, as they lie in the tables."""
    rows: Counter[Identity] = Counter()
    for table in ("events", "diagnostics"):
        sql = f"SELECT site, toString(event_id) FROM sanaq.{table}"
        rows.update((table, site, event_id) for site, event_id in client.query(sql).result_rows)
        (counted,) = client.query(
            f"SELECT count(), uniqExact(site, event_id) FROM sanaq.{table}"
        ).result_rows
        assert counted[0] == counted[1], f"{table} holds an event more than once"
    return rows


def _copied(client: Client) -> dict[str, int]:
    return {str(row[0]): int(row[1]) for row in client.query(OUTCOMES_SQL).result_rows}
