"""Two hosts behind one balancer: who meets both has one pseudonym, and loses it on both."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.postgres import PostgresServer
from tests.service import Service, running

NOW = datetime.now(UTC).isoformat()
IDS = {"person": "u-1842", "device": "5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11", "session": "s-7"}
QUERY = "SELECT DISTINCT person_id, device_id, session_id, visit_id FROM sanaq.events ORDER BY ALL"


def tell(service: Service, key: str) -> list[dict[str, str]]:
    """Send one event of a person and one of a visit, and give their ids as kept."""
    consent = {"purposes": {"analytics": True}, "method": "checkbox"}
    who = {"ip": "95.56.10.20", "user_agent": "Mozilla/5.0 Firefox/128.0"}
    events = [
        {"name": "page_view", "occurred_at": NOW, "consent": consent, **IDS},
        {"name": "page_view", "occurred_at": NOW},
    ]
    answer = service.post(key, {"context": who, "events": events})
    assert answer.json()["accepted"] == 2
    service.await_loaded()
    return service.sql(QUERY)


@pytest.mark.timeout(300)
def test_two_hosts_know_a_person_and_a_visit_as_one(
    postgres: PostgresServer, home: Path, tmp_path: Path
) -> None:
    shared = {"SANAQ_REGISTRY": postgres.make_database("hosts")}
    with running(home, shared) as first:
        shared["SANAQ_MASTER_KEY_FILE"] = first.environ["SANAQ_MASTER_KEY_FILE"]
        with running(tmp_path, shared) as second:
            key = first.key()
            rows = tell(first, key)
            assert len(rows) == 2 and all(set(row.values()) > {"00" * 16} for row in rows)
            assert tell(second, key) == rows
            name = ("--site", "soq", "--class", "person", "--epoch", "0")
            first.sanaq("keys", "destroy", *name, "--yes")
            for one in (first, second):
                listed = json.loads(one.sanaq("keys", "list", "--json"))
                assert "person" not in [row["class"] for row in listed]
