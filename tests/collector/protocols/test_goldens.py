"""Requests that real SDKs sent become the events that were written down for them."""

from __future__ import annotations

import pytest

from tests.collector.protocols.goldens import GOLDEN, render

NAMES = sorted(file.stem for file in GOLDEN.glob("*.json"))


@pytest.mark.needs_shared
@pytest.mark.parametrize("name", NAMES)
def test_captured_requests_become_what_was_written_down(name: str) -> None:
    assert render(name) == (GOLDEN / f"{name}.json").read_text("utf-8")


def test_there_is_something_written_down() -> None:
    assert NAMES
