"""What is never collected, and what all workers count together, through every process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.copies import change, copy_config
from tests.service import Service, running

pytestmark = pytest.mark.timeout(240)

PLANTED = "zoroastrianplanted"
NAMES_MAX = 4
CLINIC = """[sites.clinic.allowed_categories]
health = "explicit consent on the booking form"


[purposes.necessary]
"""
GRANTED = {"purposes": {"analytics": True}}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a site that may collect health, and room for few undeclared names."""
    folder = tmp_path_factory.mktemp("c")
    config = copy_config(folder / "config")
    change(config, "policy.toml", "[purposes.necessary]\n", CLINIC)
    limit = "undeclared_names_per_site_max = "
    change(config, "settings.toml", f"{limit}1_000", f"{limit}{NAMES_MAX}")
    with running(folder, {"SANAQ_CONFIG": str(config)}) as one:
        yield one


def test_a_forbidden_property_goes_is_counted_and_is_in_no_byte(service: Service) -> None:
    properties = {"religion": PLANTED, "city": "almaty", "about": {"faith": [PLANTED]}}
    body = {"consent": GRANTED, "events": [{"name": "listing_seen", "properties": properties}]}
    assert service.post(service.key("soq"), body).json()["accepted"] == 1
    named = {"events": [{"name": "religion_selected", "properties": {"a": PLANTED}}]}
    told = service.post(service.key("soq"), named).json()
    assert told["rejected"] == [{"index": 0, "reason": "forbidden_category"}]
    service.await_loaded()
    (row,) = service.sql("SELECT properties, remarks FROM sanaq.events WHERE site = 'soq'")
    assert row == {"properties": {"city": "almaty"}, "remarks": []}
    ledger = service.ledger("--site", "soq")
    assert (ledger["received"], ledger["stored"], ledger["property_refused"]) == (2, 1, 2)
    assert ledger["reasons"] == {"belief": 2, "forbidden_category": 1}
    assert [file for file in service.home.rglob("*") if _holds(file, PLANTED.encode())] == []


def _holds(file: Path, needle: bytes) -> bool:
    return file.is_file() and needle in file.read_bytes()


def test_a_site_that_is_allowed_one_keeps_it_and_that_is_on_the_log(service: Service) -> None:
    properties = {"diagnosis": "J06", "religion": "x"}
    body = {"consent": GRANTED, "events": [{"name": "booked", "properties": properties}]}
    assert service.post(service.key("clinic"), body).json()["accepted"] == 1
    service.await_loaded()
    (row,) = service.sql("SELECT properties FROM sanaq.events WHERE site = 'clinic'")
    assert row["properties"] == {"diagnosis": "J06"}
    shown = service.sanaq("audit", "show")
    assert shown.count("category.allow") == 1 and "explicit consent on the booking form" in shown


def test_workers_share_the_room_for_names_and_a_restart_keeps_it(service: Service) -> None:
    assert len(service.pids("worker")) > 1
    key = service.key("names")

    def send(name: str) -> bool:
        told = service.post(key, {"events": [{"name": name}]}).json()
        assert told["rejected"] in ([], [{"index": 0, "reason": "names_exceeded"}])
        return not told["rejected"]

    taken = [name for name in (f"made_up_{n}" for n in range(30)) if send(name)]
    assert len(taken) == NAMES_MAX
    service.stop()
    service.start()
    assert not send("made_up_99")
    assert [send(name) for name in taken] == [True] * NAMES_MAX
