"""The runner: stages declare what they need, add, drop and reject; the runner holds them to it.

A stage is a pure function on a frame. The order is checked when the pipeline is built (at import),
every batch is checked at run time, each stage is timed, and rows in = rows out + rejected.
Why: the order of stages is a privacy contract, and a comment does not guard an order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns

import polars as pl

from collector.context import Context
from collector.frames import Schema, change
from collector.outcomes import REASONS

REASON = "reason"
"""Column in which a rejecting stage writes why a row leaves; null for rows that stay."""


class PipelineError(Exception):
    """The list of stages contradicts itself, or a stage broke its word. A fault of ours."""


StageFunction = Callable[[pl.DataFrame, Context], pl.DataFrame]


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline and what it declares."""

    run: StageFunction
    needs: tuple[str, ...]
    """Columns it reads."""
    adds: Mapping[str, pl.DataType | type[pl.DataType]]
    """Columns it makes, with their types."""
    drops: tuple[str, ...]
    """Columns that end here."""
    rejects: tuple[str, ...]
    """Reasons it may give; none means that every row passes."""

    @property
    def name(self) -> str:
        """The function's name, used in timings and errors."""
        return self.run.__name__


def stage(
    needs: Sequence[str],
    adds: Mapping[str, pl.DataType | type[pl.DataType]] | None = None,
    drops: Sequence[str] = (),
    rejects: Sequence[str] = (),
) -> Callable[[StageFunction], Stage]:
    """Declare a function to be a stage.

    Errors: PipelineError for a reason that is not in the closed set.
    """
    unknown = [reason for reason in rejects if reason not in REASONS]
    if unknown:
        raise PipelineError(f"{unknown} are no reasons of collector.outcomes")

    def declare(run: StageFunction) -> Stage:
        return Stage(run, tuple(needs), dict(adds or {}), tuple(drops), tuple(rejects))

    return declare


def reject(reasons: Sequence[str | None]) -> pl.Series:
    """Give the column that says why each row leaves; null for rows that stay."""
    return pl.Series(REASON, reasons, pl.String)


@dataclass
class Result:
    """What became of one batch."""

    frame: pl.DataFrame
    """Rows that passed every stage, in the schema the pipeline gives."""
    rejected: dict[int, str]
    """Row -> reason, for every row that left."""
    stage_ns: dict[str, int] = field(default_factory=dict)
    """Wall time of each stage, nanoseconds."""


@dataclass(frozen=True)
class Pipeline:
    """A list of stages whose order has been proven to fit."""

    takes: Schema
    stages: tuple[Stage, ...]
    schemas: tuple[Schema, ...]
    """Schema after each stage."""

    @classmethod
    def of(cls, takes: Schema, stages: Sequence[Stage], gives: Schema) -> Pipeline:
        """Check the order of the stages and build the pipeline.

        Errors: PipelineError where a stage needs or drops a column that no earlier one provides,
            adds one that is there, or where the last schema is not `gives`.
        """
        schema, schemas = dict(takes), []
        for step in stages:
            schema = _schema_after(step, schema)
            schemas.append(schema)
        if set(schema.items()) != set(gives.items()):
            odd = sorted(set(schema).symmetric_difference(gives))
            raise PipelineError(f"the last stage gives another schema than declared: {odd}")
        return cls(dict(takes), tuple(stages), tuple(schemas))

    def run(self, batch: pl.DataFrame, context: Context) -> Result:
        """Take a batch through every stage; every row passes or is rejected with a reason.

        Errors: PipelineError where a stage broke its declaration or a row was lost or made.
        """
        _expect(batch, self.takes, "decode")
        rows_in, result = batch.height, Result(batch, {})
        for step, schema in zip(self.stages, self.schemas, strict=True):
            started = perf_counter_ns()
            batch = step.run(batch, context)
            if step.rejects:
                batch = _split(batch, step, result.rejected)
            _expect(batch, schema, step.name)
            result.stage_ns[step.name] = perf_counter_ns() - started
        if batch.height + len(result.rejected) != rows_in:
            raise PipelineError("a row was lost or made")
        result.frame = batch
        return result


def _schema_after(step: Stage, before: Schema) -> Schema:
    """Give the schema after a stage, or say why it does not fit here."""
    missing = [name for name in (*step.needs, *step.drops) if name not in before]
    if missing:
        raise PipelineError(f"{step.name} needs {missing}, which no earlier stage provides")
    doubled = [name for name in step.adds if name in before and name not in step.drops]
    if doubled:
        raise PipelineError(f"{step.name} adds {doubled}, which are there already")
    kept = {name: kind for name, kind in before.items() if name not in step.drops}
    return kept | dict(step.adds)


def _split(batch: pl.DataFrame, step: Stage, rejected: dict[int, str]) -> pl.DataFrame:
    """Move marked rows out of the batch into `rejected`; reasons must be declared ones."""
    if batch[REASON].null_count() < batch.height:
        marked = batch.filter(pl.col(REASON).is_not_null())
        reasons = marked[REASON].to_list()
        if not set(reasons) <= set(step.rejects):
            raise PipelineError(f"{step.name} rejected with a reason it did not declare")
        rejected.update(zip(marked["row"].to_list(), reasons, strict=True))
        batch = batch.filter(pl.col(REASON).is_null())
    return change(batch, drops=[REASON])


def _expect(batch: pl.DataFrame, schema: Schema, name: str) -> None:
    """Fail where the batch has not exactly the declared columns and types."""
    found: Schema = dict(zip(batch.columns, batch.dtypes, strict=True))
    if found != schema:
        odd = [c for c in {**found, **schema} if found.get(c) != schema.get(c)]
        raise PipelineError(f"{name} gave other columns or types than it declared: {sorted(odd)}")
