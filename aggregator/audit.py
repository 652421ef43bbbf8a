"""Attacks the release before it runs: synthetic people through the real code, no real row.

Called by `release` before anything is spent, and at length by the tests. Two attacks:
(1) take one synthetic unit away and look whether the exact counts move further than declared;
(2) plant thousands of canaries, each in or out by a coin, run the real measurement once, and guess
from the published numbers who was in. The guesses bound the privacy loss from below; if they
beat what is declared, the release does not run. Source: Nasr et al. 2023 (arXiv:2302.07956);
Steinke, Nasr and Jagielski 2023 (arXiv:2305.08846) for many canaries in one run.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

import polars as pl

from aggregator.accounting import decimal_up
from aggregator.aggregate import UNITS
from aggregator.bound import ROWS, UNIT
from aggregator.consistency import MEASURED
from aggregator.intervals import lower_bound, upper_bound
from aggregator.measure import Counted, Measured, count_window, measure_window
from aggregator.plan import Plan, plan_release
from config.releases import Release

SUITE_VERSION = 2
"""Version of the attacks; grows when one changes."""

CANARIES = 5_000
"""Synthetic units of one audit: sees a loss 1.5 times the declared one nearly always."""

PAIRS = 100
"""Pairs of data sets that differ in one unit."""

MISTAKE = 0.001
"""Chance that a sound release is called unsound by the canaries."""

RHO_AUDITED = Fraction(1, 2)
"""Loss at which the canaries look: mu = 1."""

PARTS = 3
"""Parts that the synthetic units come in, as those of a window do."""

Measurement = Callable[[Iterable[pl.LazyFrame], Plan], Measured]
Counting = Callable[[Iterable[pl.LazyFrame], Release, int], Counted]


@dataclass(frozen=True)
class AuditReport:
    """What the attacks found. Synthetic data alone: it may be published."""

    canaries: int
    """How many were planted."""
    mu_declared: float
    """What the release claims at `RHO_AUDITED`: sqrt(2 rho)."""
    mu_lower_bound: float
    """What the attack proves at least, at the confidence of `MISTAKE`."""
    pairs: int
    """How many pairs of data sets were compared."""
    pairs_broken: int
    """How many moved further than declared."""

    @property
    def is_sound(self) -> bool:
        """True where no attack beat the declaration."""
        return self.pairs_broken == 0 and self.mu_lower_bound <= self.mu_declared

    def as_json(self) -> dict[str, object]:
        """Give the report for the artefact: whole numbers and texts."""
        return {
            "suite_version": SUITE_VERSION,
            "canaries": self.canaries,
            "mu_declared": decimal_up(self.mu_declared),
            "mu_lower_bound": decimal_up(self.mu_lower_bound),
            "sensitivity_pairs": self.pairs,
            "sensitivity_pairs_broken": self.pairs_broken,
            "is_sound": self.is_sound,
        }


def audit_release(
    release: Release,
    *,
    canaries: int = CANARIES,
    pairs: int = PAIRS,
    measure: Measurement = measure_window,
    count: Counting = count_window,
) -> AuditReport:
    """Run both attacks against a release. Reads no data and spends nothing."""
    # Dice for synthetic people; noise never comes from here.
    dice = random.Random()
    return AuditReport(
        canaries=canaries,
        mu_declared=math.sqrt(2 * float(RHO_AUDITED)),
        mu_lower_bound=attack_canaries(release, canaries, dice, measure),
        pairs=pairs,
        pairs_broken=sum(not holds_sensitivity(release, dice, count) for _ in range(pairs)),
    )


def attack_canaries(
    release: Release, canaries: int, dice: random.Random, measure: Measurement = measure_window
) -> float:
    """Give a lower bound of the privacy loss mu, from guessing who was in one measurement.

    Why these canaries: each owns L0 cells that nobody else is in and sends ten times what the
        bounds allow, so a missing clip or a second delivery shows; disjoint cells keep canaries
        from hiding each other.
    """
    plan = _sharpen(release, canaries)
    inside = [dice.random() < 0.5 for _ in range(canaries)]
    scores = _score(measure(_part(_plant(release, inside)), plan), plan, canaries)
    half = canaries // 2
    cut = _best_cut(scores[:half], inside[:half])
    return _bound_mu(scores[half:], inside[half:], cut)


def holds_sensitivity(
    release: Release, dice: random.Random, count: Counting = count_window
) -> bool:
    """Tell whether taking one random unit away moves exact counts no further than declared."""
    names = release.dimension_names
    rows = _scatter(release, dice)
    seed = dice.getrandbits(63)
    schema: dict[str, type[pl.DataType]] = {UNIT: pl.Int64, **dict.fromkeys(names, pl.String)}
    frame = pl.DataFrame(rows, schema={**schema, ROWS: pl.Int64}, orient="row").lazy()
    with_unit = count(_part(frame), release, seed).cells
    without = count(_part(frame.filter(pl.col(UNIT) != 0)), release, seed).cells
    both = with_unit.join(without, on=names, how="full", coalesce=True, suffix="_without")
    both = both.fill_null(0)
    units = [a - b for a, b in zip(both[UNITS], both[UNITS + "_without"], strict=True)]
    events = [a - b for a, b in zip(both[ROWS], both[ROWS + "_without"], strict=True)]
    return _within(units, release, 1) and _within(events, release, release.bounds.rows_per_cell_max)


def _part(rows: pl.LazyFrame) -> list[pl.LazyFrame]:
    """Part synthetic rows as a window's are, each unit whole in one."""
    return [rows.filter(pl.col(UNIT) % PARTS == number) for number in range(PARTS)]


def _within(moved: list[int], release: Release, most: int) -> bool:
    cells = release.bounds.cells_per_unit_max
    fewer = sum(move != 0 for move in moved) <= cells
    return fewer and all(abs(move) <= most for move in moved)


def _scatter(release: Release, dice: random.Random) -> list[tuple[object, ...]]:
    """Make rows of a few units; unit 0 is now and then a whale with repeats of its own."""
    rows: list[tuple[object, ...]] = []
    keys = [_keys_of(release, name) for name in release.dimension_names]
    limit = release.bounds.rows_per_cell_max
    for unit in range(12):
        whale = unit == 0 and dice.random() < 0.5
        for _ in range(dice.randint(1, 60 if whale else 6)):
            cell = tuple(dice.choice(options) for options in keys)
            rows.append((unit, *cell, dice.randint(1, 20 * limit if whale else 3)))
    return rows


def _keys_of(release: Release, name: str) -> list[str]:
    return [*release.keysets.get(name, ("a", "b", "c")), "value outside"]


def _sharpen(release: Release, canaries: int) -> Plan:
    """Plan the release over as many public cells as the canaries need, at a visible loss.

    Why another rho: a fault multiplies mu, and the multiple is seen best where mu is near 1. The
        scales come from the same code; the law of the noise has its own test.
    """
    first, *rest = release.dimension_names
    cells = canaries * release.bounds.cells_per_unit_max
    keysets = {first: tuple(f"c{cell:07}" for cell in range(cells))}
    keysets |= dict.fromkeys(rest, ("canary",))
    budget = release.budget
    louder = RHO_AUDITED / (budget.units_rho + budget.rows_rho)
    costs = {"units_rho": budget.units_rho * louder, "rows_rho": budget.rows_rho * louder}
    sharper = {"keysets": keysets, "budget": budget.model_copy(update=costs)}
    return plan_release(release.model_copy(update=sharper))


def _plant(release: Release, inside: list[bool]) -> pl.LazyFrame:
    """Make the rows of the canaries that are in: ten times too many events in each own cell."""
    width = release.bounds.cells_per_unit_max
    units = [unit for unit, is_in in enumerate(inside) if is_in for _ in range(width)]
    place = [u * width + n for u, is_in in enumerate(inside) if is_in for n in range(width)]
    first, *rest = release.dimension_names
    columns = {UNIT: pl.Series(units, dtype=pl.Int64)}
    columns[first] = pl.Series([f"c{cell:07}" for cell in place], dtype=pl.String)
    columns |= {name: pl.repeat("canary", len(units), eager=True) for name in rest}
    columns[ROWS] = pl.repeat(10 * release.bounds.rows_per_cell_max, len(units), eager=True)
    return pl.DataFrame(columns).lazy()


def _score(drawn: Measured, plan: Plan, canaries: int) -> list[float]:
    """Give each canary the likelihood-ratio statistic of its own cells, in units of sigma."""
    release = plan.release
    width, most = release.bounds.cells_per_unit_max, release.bounds.rows_per_cell_max
    units = drawn.cells[release.measures.units + MEASURED].to_list()
    rows = drawn.cells[release.measures.rows + MEASURED].to_list()
    unit_variance, row_variance = float(plan.units_scale) ** 2, float(plan.rows_scale) ** 2
    scores = []
    for canary in range(canaries):
        own = slice(canary * width, (canary + 1) * width)
        scores.append(sum(units[own]) / unit_variance + most * sum(rows[own]) / row_variance)
    return scores


def _best_cut(scores: list[float], inside: list[bool]) -> float:
    """Give the cut between the mean scores of those in and those out."""
    ins = [score for score, is_in in zip(scores, inside, strict=True) if is_in]
    outs = [score for score, is_in in zip(scores, inside, strict=True) if not is_in]
    return (math.fsum(ins) / max(1, len(ins)) + math.fsum(outs) / max(1, len(outs))) / 2


def _bound_mu(scores: list[float], inside: list[bool], cut: float) -> float:
    """Give z(true positive rate) - z(false positive rate), both at their honest ends."""
    guesses = [(score > cut, is_in) for score, is_in in zip(scores, inside, strict=True)]
    ins = sum(is_in for _, is_in in guesses)
    hits = sum(guess and is_in for guess, is_in in guesses)
    false = sum(guess and not is_in for guess, is_in in guesses)
    least = lower_bound(hits, ins, MISTAKE / 2)
    most = upper_bound(false, len(guesses) - ins, MISTAKE / 2)
    if least <= 0 or most >= 1:
        return 0.0
    return max(0.0, NormalDist().inv_cdf(least) - NormalDist().inv_cdf(most))
