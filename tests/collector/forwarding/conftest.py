"""A relay with all that it works with, and the end that it sends to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.collector.forwarding.destination import Destination, running_destination
from tests.collector.forwarding.relaying import RelayWorld

Make = Callable[..., RelayWorld]


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> Iterator[Destination]:
    """A destination that takes everything."""
    monkeypatch.setenv("ACME_SECRET", "s3cret")
    with running_destination() as made:
        yield made


@pytest.fixture
def make(tmp_path: Path, end: Destination) -> Iterator[Make]:
    """A way to relays with limits of their own."""
    with ExitStack() as stack:
        yield lambda **limits: stack.enter_context(closing(RelayWorld(tmp_path, end, limits)))


@pytest.fixture
def world(make: Make) -> RelayWorld:
    """A relay that has found its place."""
    made = make()
    made.run_steps(2)
    return made
