"""The audit passes the real code and fails each fault that is put into it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import polars as pl
import pytest

from aggregator.audit import (
    Counting,
    Measurement,
    attack_canaries,
    audit_release,
    holds_sensitivity,
)
from aggregator.consistency import MEASURED
from aggregator.measure import Counted, Measured, count_window, measure_window
from aggregator.plan import Plan
from config.releases import Release
from tests.aggregator.makers import make_release

RELEASE = make_release()
Parts = Iterable[pl.LazyFrame]


def test_the_real_code_is_sound() -> None:
    report = audit_release(RELEASE)
    assert report.is_sound
    assert report.pairs_broken == 0
    # An attack that proves nothing would also pass: it must come near what is declared.
    assert 0.5 < report.mu_lower_bound <= report.mu_declared == 1.0


def test_private_keys_are_audited_too() -> None:
    release = make_release(keysets={}, selection_delta="1/100000")
    assert audit_release(release, pairs=20).is_sound


def drawn_with_half_the_noise(parts: Parts, plan: Plan) -> Measured:
    half = replace(plan, units_scale=plan.units_scale / 2, rows_scale=plan.rows_scale / 2)
    return measure_window(parts, half)


def clip_forgotten(parts: Parts, plan: Plan) -> Measured:
    bounds = plan.release.bounds.model_copy(update={"rows_per_cell_max": 1_000})
    return measure_window(parts, _changed(plan, bounds=bounds))


def key_changed_inside_the_window(parts: Parts, plan: Plan) -> Measured:
    parts = list(parts)
    again = [part.with_columns(pl.col("unit") + 10**9) for part in parts]
    return measure_window([*parts, *again], plan)


def redrawn_and_averaged(parts: Parts, plan: Plan) -> Measured:
    parts = list(parts)
    draws = [measure_window(parts, plan) for _ in range(4)]
    measured = [name for name in draws[0].cells.columns if name.endswith(MEASURED)]
    means = {name: sum(draw.cells[name] for draw in draws) // 4 for name in measured}
    return replace(draws[0], cells=draws[0].cells.with_columns(**means))


@pytest.mark.parametrize(
    "fault",
    [
        drawn_with_half_the_noise,
        clip_forgotten,
        key_changed_inside_the_window,
        redrawn_and_averaged,
    ],
)
def test_a_fault_in_the_measurement_is_seen(fault: Measurement) -> None:
    assert not audit_release(RELEASE, pairs=1, measure=fault).is_sound


def unbounded_cells(parts: Parts, release: Release, seed: int) -> Counted:
    bounds = release.bounds.model_copy(update={"cells_per_unit_max": 64})
    return count_window(parts, release.model_copy(update={"bounds": bounds}), seed)


def unclipped_rows(parts: Parts, release: Release, seed: int) -> Counted:
    bounds = release.bounds.model_copy(update={"rows_per_cell_max": 1_000})
    return count_window(parts, release.model_copy(update={"bounds": bounds}), seed)


def pick_moved_by_others(parts: Parts, release: Release, seed: int) -> Counted:
    parts = list(parts)
    return count_window(parts, release, seed + sum(part.collect().height for part in parts))


def units_split_over_parts(parts: Parts, release: Release, seed: int) -> Counted:
    whole = pl.concat(parts).collect()
    halves = whole.with_row_index().with_columns(half=pl.col("index") % 2)
    split = [halves.filter(half=half).select(whole.columns).lazy() for half in (0, 1)]
    return count_window(split, release, seed)


@pytest.mark.parametrize(
    "fault", [unbounded_cells, unclipped_rows, pick_moved_by_others, units_split_over_parts]
)
def test_a_fault_in_the_bounding_is_seen(fault: Counting) -> None:
    assert audit_release(RELEASE, canaries=50, count=fault).pairs_broken > 0


def test_the_attacks_use_other_dice_each_time() -> None:
    dice = random.Random(1)
    bounds = {attack_canaries(RELEASE, 500, dice) for _ in range(12)}
    assert len(bounds) > 1, "two may agree by chance, not twelve"
    assert holds_sensitivity(RELEASE, dice)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_canaries_see_a_quarter_more() -> None:
    assert audit_release(RELEASE, canaries=100_000).is_sound

    def a_quarter_too_little(parts: Parts, plan: Plan) -> Measured:
        less = Fraction(4, 5)
        quieter = replace(
            plan,
            units_scale=Fraction(int(plan.units_scale * less * 1024), 1024),
            rows_scale=Fraction(int(plan.rows_scale * less * 1024), 1024),
        )
        return measure_window(parts, quieter)

    report = audit_release(RELEASE, canaries=100_000, pairs=1, measure=a_quarter_too_little)
    assert not report.is_sound


def _changed(plan: Plan, **changes: object) -> Plan:
    return replace(plan, release=plan.release.model_copy(update=changes))
