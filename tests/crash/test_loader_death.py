"""The loader, killed at every step between its claim and its word that rows are loaded.

The step that matters most is the one after the warehouse has answered and before the spooler knows:
the rows are there, and the next loader finds a batch that nobody vouches for.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from collector.loading import QUERY_PREFIX
from storage import warehouse
from storage.spool_loader import LoaderClient
from storage.spooler import spooler_socket
from tests.config.copies import change, copy_config
from tests.crash.direct import TABLES, Batches
from tests.crash.roles import Roles, make_tables, roles
from tests.helpers import ROOT

ALIVE = 10**9
"""A step that no loader reaches."""

STEPS_MAX = 2_000

LITTLE_LINGER = "load_linger_seconds_max = 0.01"

Load = Callable[[int], bool]
"""Loads, dying at a step; tells whether it died."""


@contextmanager
def loading(one: Roles, by: str) -> Iterator[Load]:
    """Give what loads until it has nothing to do or is killed at a step, by `call` or `line`."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.dying_loader", by],
        cwd=ROOT,
        env=one.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None

        def load(step: int) -> bool:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(f"{step}\n")
            process.stdin.flush()
            told = process.stdout.readline().strip()
            assert told in ("killed", "alive")
            return told == "killed"

        yield load
        process.stdin.close()


def leave_batches(one: Roles, batches: Batches) -> None:
    """Leave a batch that nobody has touched, and one that an earlier loader loaded in part."""
    batches.commit(["diagnostics"])
    with closing(LoaderClient(spooler_socket(one.settings))) as loader:
        loader.claim(1_000)
        with closing(warehouse.connect(one.settings, "sanaq_writer")) as client:
            rows = batches.frames["diagnostics"][-1]
            part = rows.filter(pl.col("received_at") == pl.col("received_at").min())
            warehouse.insert_frame(client, "diagnostics", part, f"{QUERY_PREFIX}{uuid4().hex}")
    batches.commit(["events"])


@pytest.mark.parametrize(
    "by", ["call", pytest.param("line", marks=[pytest.mark.slow, pytest.mark.timeout(3_600)])]
)
@pytest.mark.timeout(600)
def test_a_loader_that_dies_at_any_step_leaves_every_row_once(home: Path, by: str) -> None:
    config = copy_config(home / "config")
    change(config, "settings.toml", "load_linger_seconds_max = 1.0", LITTLE_LINGER)
    with roles(home, {"SANAQ_CONFIG": str(config)}) as one, loading(one, by) as load:
        one.start_role("spooler")
        one.start_role("embedded")
        make_tables(one)
        batches, untold = Batches(one), 0
        for step in range(1, STEPS_MAX):
            leave_batches(one, batches)
            killed = load(step)
            untold += _is_loaded_untold(one, batches)
            assert not load(ALIVE)
            assert one.await_spooled().spooled == 0
            batches.check()
            if not killed:
                break
        assert not killed and step > 30
        assert untold > 1, "no death came between an insert and the word of it"


def _is_loaded_untold(one: Roles, batches: Batches) -> bool:
    """Tell whether all rows are in the warehouse and the spooler does not know."""
    sent = sum(frame.height for frames in batches.frames.values() for frame in frames)
    there = sum(len(batches.stored(table)) for table in TABLES)
    return there == sent and one.spool.spooled > 0
