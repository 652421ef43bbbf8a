"""What the crash tests share: a seed."""

from __future__ import annotations

import os
import random
import sys

import pytest


@pytest.fixture
def seed() -> int:
    """The seed of this run, printed with a failure; `SANAQ_TEST_SEED` sets it."""
    number = int(os.environ.get("SANAQ_TEST_SEED") or random.SystemRandom().randrange(10_000))
    sys.stdout.write(f"SANAQ_TEST_SEED={number}\n")
    return number
