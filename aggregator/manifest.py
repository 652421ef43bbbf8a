"""Writes down what a release is, what it cost and how far it can be trusted.

Called by `release`. No field is an exact function of private data: numbers are declared, derived
from declared ones, drawn with noise, or counted over what is published anyway.
Source: the fields of anonymisation.md 4.9, which cover tier 3 of the deployments registry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from aggregator.accounting import decimal_up, half_width_of, tail_of
from aggregator.artefact import sha256_of
from aggregator.consistency import MEASURED
from aggregator.measure import Measured
from aggregator.plan import Plan
from aggregator.signature import canonical
from aggregator.windows import Window
from config.releases import Release

POSTPROCESSING = (
    "nearest whole counts with 0 <= units <= rows <= units x rows_per_cell_max, by least squares",
    "counts for reading are blank where the measured count of units is below suppress_below",
)
"""What happens after the noise; free of privacy cost."""


@dataclass(frozen=True)
class Facts:
    """What a manifest tells beside the plan and the table."""

    release_id: str
    """The release."""
    window: Window
    """What span it covers."""
    cut_off: datetime
    """Events received from then on, and wishes uttered from then on, are not in it."""
    policy_version: str
    """Policy in force."""
    jurisdiction: str
    """Country whose law binds."""
    retention_days: int
    """How long the events behind it are kept."""
    pseudonym_epoch: str
    """Label of the epoch of the unit's keys."""
    rho_year: Fraction
    """Most that this data set's releases cost within any year around this window, this included."""
    rho_cap: Fraction
    """What they may cost."""
    audit: Mapping[str, object]
    """Report of the attacks that were made before it ran."""
    supersedes: str = ""
    """The release that it corrects."""
    reason: str = ""
    """Why it was corrected."""


def spec_sha256_of(release: Release) -> str:
    """Give the digest of everything a release declares, its keys included."""
    return sha256_of(canonical(release.model_dump(mode="json")))


def write_manifest(
    plan: Plan,
    facts: Facts,
    measured: Measured,
    table: pl.DataFrame,
    files: Mapping[str, bytes],
    key_id: str,
) -> dict[str, Any]:
    """Give the manifest of a release, ready to be written canonically."""
    return {
        **_identity(plan.release, facts),
        **_privacy(plan),
        **_costs(plan, facts),
        **_accuracy(plan, measured),
        "audit": {**facts.audit, "report_sha256": sha256_of(files["audit.json"])},
        "data_dictionary": describe_columns(plan.release),
        "postprocessing": list(POSTPROCESSING),
        "artefact_sha256": {name: sha256_of(data) for name, data in files.items()},
        "bytes": {name: len(data) for name, data in files.items()},
        "rows": table.height,
        "signature_key_id": key_id,
    }


def describe_columns(release: Release) -> list[dict[str, Any]]:
    """Give name, type, unit and meaning of each column, and whether it may be added up."""
    units, rows = release.measures.units, release.measures.rows
    columns = [
        _column(d.name, "text", "", d.description, additive=False) for d in release.dimensions
    ]
    reading = "for reading; blank where small"
    as_drawn = "as drawn, may be negative; unbiased for the bounded count"
    return [
        *columns,
        _column(units, "integer", units, f"{units} in the cell, {reading}", additive=False),
        _column(rows, "integer", rows, f"{rows} in the cell, {reading}", additive=False),
        _column(units + MEASURED, "integer", units, f"{units}, {as_drawn}", additive=False),
        _column(rows + MEASURED, "integer", rows, f"{rows}, {as_drawn}", additive=True),
    ]


def moment_text(moment: datetime) -> str:
    """Write a moment as UTC text with milliseconds."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@cache
def code_version() -> str:
    """Name the code that ran: a digest of this room's sources."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return f"aggregator sha256:{digest.hexdigest()[:16]}"


def _column(name: str, kind: str, unit: str, meaning: str, *, additive: bool) -> dict[str, Any]:
    return {"name": name, "type": kind, "unit": unit, "meaning": meaning, "additive": additive}


def _identity(release: Release, facts: Facts) -> dict[str, Any]:
    window = facts.window
    return {
        "release_id": facts.release_id,
        "name": release.name,
        "question": release.question,
        "dataset": release.dataset,
        "partners": list(release.partners),
        "window": {
            "label": window.label,
            "start": moment_text(window.start),
            "end": moment_text(window.end),
        },
        "cut_off": moment_text(facts.cut_off),
        "spec_sha256": spec_sha256_of(release),
        "code_version": code_version(),
        "policy_version": facts.policy_version,
        "approver": release.approver,
        "review_by": release.review_by.isoformat(),
        "consent_purposes": [release.purpose],
        "retention": f"{facts.retention_days} days from receipt, for the events behind it",
        "jurisdiction": facts.jurisdiction,
        "supersedes": facts.supersedes,
        "supersedes_reason": facts.reason,
        "pseudonym_epoch": facts.pseudonym_epoch,
    }


def _privacy(plan: Plan) -> dict[str, Any]:
    release = plan.release
    kind = "public" if release.is_public else "selected"
    return {
        "mode": release.mode,
        "unit": f"one {release.unit} (pseudonym) in one window",
        "neighbouring": f"all rows of one {release.unit} in the window added or removed",
        "persons_may_hold_multiple_pseudonyms": True,
        "L0": release.bounds.cells_per_unit_max,
        "Linf": release.bounds.rows_per_cell_max,
        "selection_rule": f"{release.bounds.cells_per_unit_max} of a unit's own cells at random",
        "domain": kind,
        "mechanism": "discrete Gaussian, zero-concentrated differential privacy",
        "sampler": f"opendp {version('opendp')} make_gaussian over integers",
        "library": f"opendp {version('opendp')}, polars {version('polars')}",
    }


def _costs(plan: Plan, facts: Facts) -> dict[str, Any]:
    measures = plan.release.measures
    return {
        "sigma": {
            measures.units: str(plan.units_scale),
            measures.rows: str(plan.rows_scale),
            "pairs": str(plan.loss_scale),
        },
        "sensitivity_l2_squared": {
            measures.units: plan.release.bounds.cells_per_unit_max,
            measures.rows: plan.release.bounds.cells_per_unit_max
            * plan.release.bounds.rows_per_cell_max**2,
            "pairs": plan.release.bounds.loss_cells_max**2,
        },
        "rho": str(plan.rho),
        "delta_selection": str(plan.delta_selection),
        "delta": str(plan.delta_of()),
        "epsilon": decimal_up(plan.epsilon_of()),
        "epsilon_by_pseudonyms": {str(m): decimal_up(plan.epsilon_of(m)) for m in (1, 2, 3)},
        "attacker_advantage": decimal_up(plan.advantage_of()),
        "rho_year_to_date": str(facts.rho_year),
        "rho_cap": str(facts.rho_cap),
    }


def _accuracy(plan: Plan, measured: Measured) -> dict[str, Any]:
    release = plan.release
    shown_from = max(release.suppress_below, plan.threshold or 0)
    sigma = float(plan.units_scale)
    counts = [shown_from, shown_from + round(1.65 * sigma), shown_from + round(2.33 * sigma)]
    return {
        "threshold": plan.threshold,
        "suppress_below": release.suppress_below,
        "kept_probability": {str(n): decimal_up(plan.shown_of(n)) for n in counts},
        "expected_spurious": _spurious(plan),
        "ci95": plan.half_widths(),
        "truncation_loss_dp": estimate_loss(measured, plan),
        "known_bias": (
            "counts are of bounded contributions: each unit in at most L0 cells, with at most "
            "Linf rows in each; counts for reading are never negative, so their sums are too high"
        ),
    }


def _spurious(plan: Plan) -> str:
    """Give how many empty cells are shown at most: over all public cells, or per 1,000 keys."""
    if plan.threshold is not None:
        return decimal_up(1000 * plan.shown_of(plan.release.units_min)) + " per 1000 lone keys"
    cells = 1
    for keys in plan.release.keysets.values():
        cells *= len(keys)
    return decimal_up(cells * tail_of(plan.units_scale, plan.release.suppress_below))


def estimate_loss(measured: Measured, plan: Plan) -> dict[str, Any]:
    """Tell what bounding cost, from noisy numbers alone: pairs before and after, in percent."""
    release, width = plan.release, half_width_of(plan.loss_scale)
    counted = int(measured.cells[release.measures.units + MEASURED].sum() or 0)
    lost = max(0, measured.pairs - max(0, counted))
    percent = min(100, round(100 * lost / measured.pairs)) if measured.pairs > 0 else 0
    return {
        "pairs_measured": measured.pairs,
        "pairs_counted_measured": counted,
        "percent": percent,
        "percent_ci95": min(100, round(100 * width / measured.pairs))
        if measured.pairs > 0
        else 100,
        "cells_per_unit_seen_max": release.bounds.loss_cells_max,
    }
