"""A small world for whole releases: a registry, a keyring, a folder, and rows that stand still."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from aggregator.audit import AuditReport
from aggregator.job import Job
from aggregator.windows import week_of
from config.policy_file import load_policy
from config.releases import Cap, Release, Releases
from storage.errors import Unavailable
from storage.keyring import Keyring
from tests.aggregator.makers import make_release
from tests.helpers import ROOT
from tests.storage.keyring_worlds import MASTER, HandClock
from tests.storage.registry_worlds import ACTOR, open_registry_in

NOW = datetime(2026, 11, 22, 5, 11, tzinfo=UTC)
"""A Sunday; the last closed week is 2026-W46."""

WINDOW = week_of("2026-W46")
SOUND = AuditReport(canaries=0, mu_declared=1.0, mu_lower_bound=0.5, pairs=0, pairs_broken=0)


@dataclass
class StillRows:
    """A warehouse that always gives the same rows, counts its reads, and fails when told to."""

    rows: Sequence[tuple[int, str, str, int]]
    fails: bool = False
    reads: int = 0
    before: Callable[[], None] = field(default=lambda: None)

    def raw_query(self, query: str, *, parameters: dict[str, Any], fmt: str) -> bytes:
        """Answer as the real client does."""
        self.reads += 1
        self.before()
        if self.fails:
            raise Unavailable("warehouse")
        if fmt == "TabSeparated":
            return b"7\n"
        schema = {"unit": pl.Int64, "category": pl.String, "city": pl.String, "rows": pl.UInt64}
        frame = pl.DataFrame(self.rows, schema=schema, orient="row")
        data = io.BytesIO()
        frame.with_columns(pl.col("unit").cast(pl.String)).write_ipc_stream(data)
        return data.getvalue()


def make_job(home: Path, client: Any, release: Release | None = None, **changes: Any) -> Job:
    """Everything around a release, real but for the rows; `rho_cap` is the year's cap."""
    release = release or make_release()
    clock = changes.pop("clock", None) or HandClock(NOW)
    rho_cap = Fraction(changes.pop("rho_cap", 100))
    cap = Cap(description="Test.", rho_per_year_max=rho_cap, delta_per_year_max=Fraction(1, 10))
    folder = home / "releases"
    folder.mkdir(mode=0o700, exist_ok=True)
    values: dict[str, Any] = {
        "config": Releases(releases={release.name: release}, caps={release.dataset: cap}),
        "policy": load_policy(ROOT / "config"),
        "registry": open_registry_in(home, clock),
        "keyring": Keyring.open(home / "keyring.sqlite", MASTER, clock),
        "folder": folder,
        "client": client,
        "clock": clock,
        "actor": ACTOR,
        "attack": lambda _: SOUND,
    }
    return Job(**(values | changes))
