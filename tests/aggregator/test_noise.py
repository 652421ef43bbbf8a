"""The noise is the discrete Gaussian that the accounting speaks of, and never drawn twice alike."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import pytest

from aggregator.accounting import tail_of
from aggregator.noise import add_noise

DRAWS = 100_000


@pytest.mark.parametrize("scale", [Fraction(3), Fraction(3305, 256)])
def test_the_law_of_the_noise(scale: Fraction) -> None:
    drawn = add_noise([0] * DRAWS, scale)
    sigma = float(scale)
    mean = math.fsum(drawn) / DRAWS
    deviation = math.sqrt(math.fsum(z * z for z in drawn) / DRAWS)
    lag = math.fsum(a * b for a, b in pairwise(drawn)) / DRAWS / sigma**2
    # Five standard errors: one false alarm in about a million runs; a scale 2 % off is seen.
    assert abs(mean) < 5 * sigma / math.sqrt(DRAWS)
    assert abs(deviation / sigma - 1) < 5 / math.sqrt(2 * DRAWS)
    assert abs(lag) < 5 / math.sqrt(DRAWS)
    assert _chi_square_z(drawn, scale) < 5


def test_a_wrong_scale_would_be_seen() -> None:
    drawn = add_noise([0] * DRAWS, Fraction(3))
    assert _chi_square_z(drawn, Fraction(33, 10)) > 20


def test_values_are_shifted_by_noise_alone() -> None:
    values = [0, 10**6, -(10**6)] * 300
    drawn = add_noise(values, Fraction(2))
    moved = [z - value for z, value in zip(drawn, values, strict=True)]
    assert all(isinstance(z, int) for z in drawn)
    assert max(map(abs, moved)) < 40
    assert len(set(moved)) > 5


def test_two_processes_draw_differently() -> None:
    code = (
        "from fractions import Fraction; from aggregator.noise import add_noise;"
        "import sys; sys.stdout.write(str(add_noise([0] * 50, Fraction(20))))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout.startswith(b"[")
    assert runs[0].stdout != runs[1].stdout


def test_nothing_to_draw_draws_nothing() -> None:
    assert add_noise([], Fraction(5)) == []


def test_a_scale_that_no_double_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="exact"):
        add_noise([0], Fraction(1, 3))


def _chi_square_z(drawn: list[int], scale: Fraction) -> float:
    """How many deviations the histogram is from the exact law (Wilson and Hilferty)."""
    reach = math.ceil(2.5 * float(scale))
    counts = dict.fromkeys(range(-reach, reach + 1), 0)
    for z in drawn:
        counts[max(-reach, min(reach, z))] += 1
    inner = {k: tail_of(scale, k) - tail_of(scale, k + 1) for k in range(-reach + 1, reach)}
    shares = inner | {-reach: tail_of(scale, reach), reach: tail_of(scale, reach)}
    chi = sum((counts[k] - DRAWS * p) ** 2 / (DRAWS * p) for k, p in shares.items())
    free = len(shares) - 1
    cube_root: float = (chi / free) ** (1 / 3)
    return (cube_root - (1 - 2 / (9 * free))) / math.sqrt(2 / (9 * free))
