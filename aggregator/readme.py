"""Writes the page that lies beside the data, for the people who load it.

Called by `release`. Says what the numbers are, how exact they are and what was promised to those
who are counted; the same facts as the manifest.
"""

from __future__ import annotations

from typing import Any

from aggregator.accounting import decimal_up
from aggregator.manifest import Facts, describe_columns, moment_text
from aggregator.plan import Plan

_PAGE = """\
# {name}, {label}

{question}

From {start} (included) to {end} (excluded), UTC.
Release `{release_id}`.
It never changes: a correction would be a new release that names this one.

## Columns

{columns}

The files `data.parquet` and `data.csv` hold the same rows, one for each cell.

## How exact it is

Every number carries random noise. With a chance of 95 %, `{units}_measured` lies within
{units_width} and `{rows}_measured` within {rows_width} of the bounded count. `{units}` and `{rows}`
are the nearest counts that can be true together; they are blank where fewer than {below}
{units} were measured. Add up `{rows}_measured`, never `{rows}`: those are never negative, so their
sums are too high. `{units}` of different cells overlap and have no sum.

Each {unit} is counted in at most {cells} cells, picked at random, with at most {most} {rows} in
each: a {unit} that did more is counted as if it had done less. This took about {loss} %
(give or take {loss_width}) of all pairs of {unit} and cell.

## What is promised to those who are counted

The table is anonymised by differential privacy. Whether one {unit} took part in this window
changes what can be learnt from it by at most epsilon {epsilon} at delta {delta} (rho {rho}); no
attacker, whatever they know, tells it better than {advantage} above guessing. All releases over
the same data cost at most rho {cap} within any year. One human may use several {unit_plural}:
with two, epsilon is {epsilon_two}.

`manifest.json` tells all of it for machines and is signed in `manifest.sig` (Ed25519);
`audit.json` is the report of the attacks that were tried on the method before this table was drawn.
"""


def write_readme(plan: Plan, facts: Facts, loss: dict[str, Any]) -> bytes:
    """Give the page as UTF-8 text."""
    release, widths = plan.release, plan.half_widths()
    measures, bounds = release.measures, release.bounds
    text = _PAGE.format(
        name=release.name,
        label=facts.window.label,
        question=release.question,
        start=moment_text(facts.window.start),
        end=moment_text(facts.window.end),
        release_id=facts.release_id,
        columns=_write_columns(plan),
        units=measures.units,
        rows=measures.rows,
        units_width=widths[measures.units],
        rows_width=widths[measures.rows],
        below=release.suppress_below,
        unit=release.unit,
        unit_plural="devices" if release.unit == "device" else "accounts",
        cells=bounds.cells_per_unit_max,
        most=bounds.rows_per_cell_max,
        loss=loss["percent"],
        loss_width=loss["percent_ci95"],
        epsilon=decimal_up(plan.epsilon_of(), 2),
        epsilon_two=decimal_up(plan.epsilon_of(2), 2),
        delta=plan.delta_of(),
        rho=plan.rho,
        advantage=decimal_up(plan.advantage_of(), 3),
        cap=facts.rho_cap,
    )
    return text.encode()


def _write_columns(plan: Plan) -> str:
    lines = ["| column | type | meaning |", "|---|---|---|"]
    for column in describe_columns(plan.release):
        lines.append(f"| `{column['name']}` | {column['type']} | {column['meaning']} |")
    return "\n".join(lines)
