"""Makes releases and rows for the tests of this room; every value can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl

from config.releases import Bounds, Budget, Dimension, Measures, Release

FINE = {"units_rho": "1/20", "rows_rho": "1/20", "loss_rho": "1/1000"}


def make_release(
    *,
    keysets: dict[str, tuple[str, ...]] | None = None,
    cells: int = 2,
    rows: int = 3,
    selection_delta: str = "0",
    costs: dict[str, str] | None = None,
    **changes: Any,
) -> Release:
    """A release over `category` and `city`; public keys unless `keysets` leaves them out."""
    if keysets is None:
        keysets = {"category": ("cars", "flats", "other"), "city": ("almaty", "astana", "other")}
    dimensions = tuple(
        Dimension(
            name=name,
            source=f"properties.{name}",
            description="For a test.",
            keyset=f"{name}.csv" if name in keysets else None,
            others="other" if "other" in keysets.get(name, ()) else None,
        )
        for name in ("category", "city")
    )
    budget = {key: Fraction(value) for key, value in (FINE | (costs or {})).items()}
    values: dict[str, Any] = {
        "name": "weekly_test",
        "mode": "dp",
        "question": "How many?",
        "partners": ("acme",),
        "approver": "officer@soq.example",
        "review_by": date(2027, 11, 1),
        "dataset": "events",
        "events": ("listing_view",),
        "purpose": "partner_sharing",
        "unit": "device",
        "window": "7d",
        "grace_hours": 24,
        "suppress_below": 5,
        "measures": Measures(units="devices", rows="views"),
        "bounds": Bounds(cells_per_unit_max=cells, rows_per_cell_max=rows, loss_cells_max=8),
        "budget": Budget(
            selection_delta=Fraction(selection_delta), epsilon_delta=Fraction(1, 10**6), **budget
        ),
        "dimensions": dimensions,
        "keysets": keysets,
    }
    return Release(**(values | changes))


def make_rows(rows: Sequence[tuple[int, str, str, int]]) -> pl.LazyFrame:
    """Contributions from literal (unit, category, city, rows)."""
    schema = {"unit": pl.Int64, "category": pl.String, "city": pl.String, "rows": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").lazy()
