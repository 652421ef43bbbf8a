"""The daily salt of visits in the real service: one for all workers, before and after a kill."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from storage.keyring import Keyring
from storage.master_key import FILE_NAME
from tests.service import Service, running
from tests.storage.keyring_worlds import find_bytes

NOW = datetime.now(UTC).isoformat()
"""Moment of all events, so that no midnight falls between two of them."""

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"


def visit(service: Service, key: str, count: int) -> None:
    """Send events that say nothing of consent, each on a connection of its own."""
    for _ in range(count):
        body = {"events": [{"name": "page_view", "occurred_at": NOW}]}
        assert service.post(key, body, headers={"user-agent": AGENT}).status_code == 200


def test_all_workers_count_one_visit_and_its_salt_is_nowhere_in_the_clear(home: Path) -> None:
    """Twenty connections, a kill of every process, twenty more: one visit."""
    with running(home) as service:
        key = service.key("visits", "browser")
        visit(service, key, 20)
        assert len(service.pids("worker")) == 2
        service.kill_all()
        service.start()
        visit(service, key, 20)
        service.await_loaded()
        rows = service.sql(
            "SELECT hex(visit_id) AS visit, subject_kind, count() AS events FROM sanaq.events "
            "WHERE site = 'visits' GROUP BY ALL"
        )
        assert [(row["subject_kind"], row["events"]) for row in rows] == [("visit", 40)]
        assert rows[0]["visit"] != "00" * 16
        salts = read_salts(service)
        assert len(salts) == 1
        # Stopped, since the warehouse takes files away while it runs.
        service.stop()
        assert find_bytes(service.folder, salts[0]) == []
        (service.folder / "planted").write_bytes(salts[0])
        assert find_bytes(service.folder, salts[0]) == ["planted"]


def read_salts(service: Service) -> list[bytes]:
    """Give the living visit salts, as whoever holds the master key can read them."""
    master = bytes.fromhex(Path(service.environ["SANAQ_MASTER_KEY_FILE"]).read_text())
    keyring = Keyring.open(service.home / "keys" / FILE_NAME, master)
    salts = list(keyring.live_keys("visits", "visit").values())
    keyring.close()
    return salts
