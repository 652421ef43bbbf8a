"""One service for all SDKs, and for each test a site, its keys and a relay of its own."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from collector.key_book import POLL_SECONDS
from tests.helpers import ROOT
from tests.sdks.relay import Relay, relaying
from tests.service import Service, running, wait_until

SITES_MAX = 200

HONOURED_SECONDS = 2.0
"""A record is known to every worker within one second; so much more for a busy machine."""

BACK_SECONDS_MAX = 60.0

GRANTED = """
[sites.granted{number}]
legal_basis = {{ analytics = "opt_out", advertising = "opt_out", personalisation = "opt_out" }}
"""
"""Sites on which nobody has to be asked, so that a test sees what arrives."""


@dataclass
class Target:
    """Where an SDK sends to."""

    service: Service
    site: str
    relay: Relay

    @property
    def base(self) -> str:
        """Give the address that is given to an SDK."""
        return self.relay.address

    def key(self, kind: str = "server") -> str:
        """Make a write key of the site."""
        return self.service.key(self.site, kind)

    def list_origin(self, origin: str) -> None:
        """Let pages of an origin send to the site without a key."""
        self.service.sanaq("site", "add", self.site, check=False)
        self.service.ask("site", "set", self.site, "--origins", origin)
        # Until every worker has looked at the registry again.
        time.sleep(3 * POLL_SECONDS)

    def record(self, key: str, choice: Mapping[str, Any]) -> None:
        """Put a choice on record, and wait until every worker knows of it."""
        self.service.post(key, dict(choice), "/v1/consent").raise_for_status()
        time.sleep(HONOURED_SECONDS)

    def events(self, table: str = "events", order: str = "occurred_at") -> list[dict[str, Any]]:
        """Give the site's rows, once nothing waits to be loaded, in the order of their time."""
        self.service.await_loaded()
        query = f"SELECT * FROM sanaq.{table} WHERE site = '{self.site}' ORDER BY {order}"
        return self.service.sql(query)

    def reasons(self) -> dict[str, int]:
        """Give how many of the site's events were turned away for which reason."""
        self.service.await_loaded()
        told: dict[str, int] = self.service.ledger("--site", self.site)["reasons"]
        return told

    def restart_collector(self) -> None:
        """End the collector's processes; the supervisor starts them anew."""
        before = set(self.service.pids("worker"))
        for pid in self.service.pids("collector"):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: bool(set(self.service.pids("worker")) - before), BACK_SECONDS_MAX)
        self.service.await_ready()


@pytest.fixture(scope="session")
def sdk_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose sites `granted0` … ask nobody."""
    folder = tmp_path_factory.mktemp("sdks")
    config = folder / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    rules = "".join(GRANTED.format(number=number) for number in range(SITES_MAX))
    with (config / "policy.toml").open("a", encoding="utf-8") as policy:
        policy.write(rules)
    with running(folder, {"SANAQ_CONFIG": str(config)}) as service:
        yield service


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Numbers for sites, each once."""
    return count()


@contextmanager
def making_targets(service: Service, numbers: Iterator[int]) -> Iterator[Callable[..., Target]]:
    """Give what makes targets: `make()`; `make(granted=False)` asks for consent."""
    with ExitStack() as stack:

        def make(granted: bool = True) -> Target:
            number = next(numbers)
            relay = stack.enter_context(relaying(service.collector))
            return Target(service, f"granted{number}" if granted else f"asked{number}", relay)

        yield make


@pytest.fixture
def make_target(sdk_service: Service, numbers: Iterator[int]) -> Iterator[Callable[..., Target]]:
    """Makes targets: `make_target()`; `make_target(granted=False)` asks for consent."""
    with making_targets(sdk_service, numbers) as make:
        yield make


@pytest.fixture
def page_folder(tmp_path: Path) -> Path:
    """A folder for what is built for a page."""
    return tmp_path
