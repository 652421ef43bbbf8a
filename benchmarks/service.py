"""The whole service as it is shipped, measured from outside."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.processes import CpuTimes, read_cpu_times
from storage.spool import Ledger, read_ledger
from tests.service import Service

STORED_SECONDS_MAX = 300.0
POLL_SECONDS = 0.1

QUIET_SECONDS = 2.0
"""When nothing came in for so long, the requests cut off by a load's end have been worked on."""

ROLES = ("collector", "spooler", "loader", "embedded", "dashboards", "up")


class NotStored(Exception):
    """The service did not do what it said: its figures would mean nothing."""


@dataclass(frozen=True)
class Measured:
    """A running service and how to look at it."""

    service: Service
    key: str

    def cpu_times(self) -> CpuTimes:
        """Read the CPU times of all its processes."""
        assert self.service.process is not None
        return read_cpu_times(self.service.process.pid, name_role)

    def ledger(self) -> Ledger:
        """Read the service's own account of every event."""
        return read_ledger(self.service.home / "spool" / "spool.sqlite")

    def await_stored(self) -> Ledger:
        """Wait until nothing comes in any more and all of it is in the warehouse.

        Errors: NotStored where that takes too long or the account does not add up.
        """
        deadline = time.monotonic() + STORED_SECONDS_MAX
        ledger, quiet_since = self.ledger(), time.monotonic()
        while ledger.spooled or time.monotonic() < quiet_since + QUIET_SECONDS:
            if time.monotonic() > deadline:
                raise NotStored("spooled events were not loaded in time")
            time.sleep(POLL_SECONDS)
            received, ledger = ledger.received, self.ledger()
            if ledger.received != received:
                quiet_since = time.monotonic()
        if ledger.difference:
            raise NotStored("the ledger does not add up")
        return ledger


def name_role(words: Sequence[str]) -> str:
    """Tell from its command line which process of the service one is."""
    if "--listener-fd" in words:
        return "workers"
    return next((role for role in ROLES if role in words), "other")


def check_account(before: Ledger, after: Ledger, acknowledged: int, under_way_max: int) -> None:
    """Compare what was answered with what the service says it took.

    `under_way_max` events may have been taken whose answers came after the load had ended.
    Errors: NotStored.
    """
    taken = after.received - before.received
    if not acknowledged <= taken <= acknowledged + under_way_max:
        raise NotStored(f"{acknowledged} events were answered for, {taken} were taken")
    if after.duplicate > before.duplicate or after.rejected > before.rejected:
        raise NotStored("events that are new and well-formed were turned away")
