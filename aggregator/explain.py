"""Tells what a release would be before anything is spent: accuracy, cost, what is left.

Called by `sanaq release explain` and `budget`. Reads the declaration and the ledger, no data.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from aggregator.accounting import decimal_up
from aggregator.plan import Plan
from config.releases import DAYS_PER_YEAR, WINDOWS_PER_YEAR_MAX, Cap
from storage.registry import Registry, budget

PSEUDONYMS = (1, 2, 3)
"""How many pseudonyms one human may hold, for which costs are told."""


def explain_plan(plan: Plan, cap: Cap) -> dict[str, Any]:
    """Give accuracy and cost of one window and of a year of them, as JSON takes it."""
    release = plan.release
    cells = 1
    for keys in release.keysets.values():
        cells *= len(keys)
    return {
        "name": release.name,
        "question": release.question,
        "unit": release.unit,
        "cells": cells if release.is_public else "chosen privately",
        "cells_per_unit_max": release.bounds.cells_per_unit_max,
        "rows_per_cell_max": release.bounds.rows_per_cell_max,
        "accuracy": _accuracy(plan),
        "threshold": plan.threshold,
        "suppress_below": release.suppress_below,
        "shown_probability": _shown(plan),
        "rho": str(plan.rho),
        "rho_cap_per_year": str(cap.rho_per_year_max),
        "windows_per_year_affordable": int(cap.rho_per_year_max / plan.rho),
        "delta": str(plan.delta_of()),
        "cost_by_pseudonyms": [_cost(plan, number) for number in PSEUDONYMS],
    }


def explain_budget(registry: Registry, dataset: str, cap: Cap) -> dict[str, str]:
    """Give what a data set's releases cost in the dearest year so far, and what that year has left.

    Errors: Unavailable.
    """
    spends = budget.list_spends(registry, dataset)
    spans = {(spend.window_start, spend.window_end) for spend in spends}
    costs = [budget.cost_around(registry, dataset, span, DAYS_PER_YEAR) for span in spans]
    rho = max((cost[0] for cost in costs), default=Fraction(0))
    delta = max((cost[1] for cost in costs), default=Fraction(0))
    return {
        "rho_spent": str(rho),
        "rho_cap": str(cap.rho_per_year_max),
        "rho_left": str(max(Fraction(0), cap.rho_per_year_max - rho)),
        "delta_spent": str(delta),
        "delta_cap": str(cap.delta_per_year_max),
        "attempts": str(len(spends)),
        "attempts_void": str(sum(spend.state == "void_spent" for spend in spends)),
    }


def _accuracy(plan: Plan) -> list[dict[str, Any]]:
    measures = plan.release.measures
    scales = {
        measures.units: plan.units_scale,
        measures.rows: plan.rows_scale,
        "pairs": plan.loss_scale,
    }
    widths = plan.half_widths()
    return [
        {"measure": name, "noise_scale": decimal_up(float(scale), 2), "ci95": widths[name]}
        for name, scale in scales.items()
    ]


def _shown(plan: Plan) -> dict[str, str]:
    limit = max(plan.release.suppress_below, plan.threshold or 0, 1)
    counts = sorted({1, limit // 2, limit, 2 * limit})
    return {str(count): f"{plan.shown_of(count):.3f}" for count in counts if count > 0}


def _cost(plan: Plan, pseudonyms: int) -> dict[str, Any]:
    year = WINDOWS_PER_YEAR_MAX
    return {
        "pseudonyms": pseudonyms,
        "epsilon_window": decimal_up(plan.epsilon_of(pseudonyms), 2),
        "epsilon_year": decimal_up(plan.epsilon_of(pseudonyms, year), 2),
        "advantage_window": decimal_up(plan.advantage_of(pseudonyms), 3),
        "advantage_year": decimal_up(plan.advantage_of(pseudonyms, year), 3),
    }
