"""The runner holds stages to what they declare."""

from __future__ import annotations

import polars as pl
import pytest

from collector.context import Context
from collector.frames import DECODED, PROTECTED, Schema
from collector.pipeline import Pipeline, PipelineError, Stage, StageFunction, reject, stage
from collector.stages import PROTECT, STAGES
from collector.stages.pseudonymise import pseudonymise
from tests.collector.worlds import context

TAKES: Schema = {"row": pl.UInt32, "n": pl.Int64}
GIVES: Schema = {"row": pl.UInt32, "doubled": pl.Int64}
ROWS = pl.DataFrame({"row": [0, 1, 2], "n": [1, 2, 3]}, schema=TAKES)

double = stage(needs=["n"], adds={"doubled": pl.Int64}, drops=["n"])(
    lambda batch, about: batch.with_columns(doubled=pl.col("n") * 2).drop("n")
)


def of(run: StageFunction, **declared: object) -> Stage:
    return stage(**{"needs": ["n"]} | declared)(run)  # type: ignore[arg-type]


def test_a_stage_is_known_by_its_function_and_timed() -> None:
    result = PROTECT.stages[0]
    assert result.name == "gate"
    run = Pipeline.of(TAKES, [double], GIVES).run(ROWS, context())
    assert run.frame.rows() == [(0, 2), (1, 4), (2, 6)]
    assert run.rejected == {}
    assert list(run.stage_ns) == ["<lambda>"] and run.stage_ns["<lambda>"] > 0


@pytest.mark.parametrize("place", range(len(STAGES) - 1))
def test_no_two_neighbours_of_the_shipped_order_that_depend_may_change_places(place: int) -> None:
    first, second = STAGES[place], STAGES[place + 1]
    depends = set(second.needs) & set(first.adds) or set(first.needs) & set(second.drops)
    swapped = [*STAGES[:place], second, first, *STAGES[place + 2 :]]
    if depends:
        with pytest.raises(PipelineError):
            Pipeline.of(DECODED, swapped, PROTECTED)
    else:
        Pipeline.of(DECODED, swapped, PROTECTED)


def test_scrubbing_and_enriching_after_the_line_fail_at_build() -> None:
    without = [one for one in STAGES if one is not pseudonymise]
    for place in range(len(without)):
        order = [*without[:place], pseudonymise, *without[place:]]
        if order == STAGES:
            continue
        with pytest.raises(PipelineError, match=r"needs|adds|schema"):
            Pipeline.of(DECODED, order, PROTECTED)


@pytest.mark.parametrize("left_out", STAGES, ids=lambda one: one.name)
def test_no_stage_may_be_left_out(left_out: Stage) -> None:
    with pytest.raises(PipelineError):
        Pipeline.of(DECODED, [one for one in STAGES if one is not left_out], PROTECTED)


def test_nothing_right_of_the_line_may_identify() -> None:
    line = STAGES.index(pseudonymise)
    for schema in PROTECT.schemas[line:]:
        assert [name for name in schema if name.startswith("_")] == []
    assert [name for name in DECODED if name.startswith("_")] != []


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"needs": ["absent"]}, "needs"),
        ({"drops": ["absent"]}, "needs"),
        ({"adds": {"n": pl.Int64}}, "there already"),
        ({}, "another schema"),
    ],
)
def test_a_list_that_contradicts_itself_fails_at_build(
    declared: dict[str, object], words: str
) -> None:
    with pytest.raises(PipelineError, match=words):
        Pipeline.of(TAKES, [of(lambda batch, about: batch, **declared)], GIVES)


def test_a_reason_outside_the_closed_set_fails_at_import() -> None:
    with pytest.raises(PipelineError, match="no reasons"):
        stage(needs=[], rejects=["because"])


def reject_one(batch: pl.DataFrame, about: Context) -> pl.DataFrame:
    return batch.with_columns(reject(["too_late" if n == 2 else None for n in batch["n"]]))


def test_rejected_rows_leave_with_their_reason() -> None:
    pipeline = Pipeline.of(TAKES, [of(reject_one, rejects=["too_late"]), double], GIVES)
    result = pipeline.run(ROWS, context())
    assert result.frame.rows() == [(0, 2), (2, 6)]
    assert result.rejected == {1: "too_late"}


def lose_a_row(batch: pl.DataFrame, about: Context) -> pl.DataFrame:
    return batch.filter(pl.col("row") != 0)


def make_a_row(batch: pl.DataFrame, about: Context) -> pl.DataFrame:
    return pl.concat([batch, batch[:1]])


@pytest.mark.parametrize(
    ("run", "declared", "words"),
    [
        (lambda b, a: b.with_columns(extra=1), {}, "other columns"),
        (lambda b, a: b.with_columns(n=pl.lit("text")), {}, "other columns"),
        (lambda b, a: b.drop("n"), {}, "other columns"),
        (lambda b, a: b, {"adds": {"more": pl.Int64}}, "other columns"),
        (lambda b, a: b, {"drops": ["n"]}, "other columns"),
        (reject_one, {}, "other columns"),
        (reject_one, {"rejects": ["too_early"]}, "did not declare"),
        (lose_a_row, {}, "lost or made"),
        (make_a_row, {}, "lost or made"),
    ],
)
def test_a_stage_that_breaks_its_word_fails_the_batch(
    run: StageFunction, declared: dict[str, object], words: str
) -> None:
    step = of(run, **declared)
    adds = dict(step.adds)
    gives = {k: v for k, v in (TAKES | adds).items() if k not in step.drops}
    with pytest.raises(PipelineError, match=words):
        Pipeline.of(TAKES, [step], gives).run(ROWS, context())


def test_a_batch_of_another_schema_never_enters() -> None:
    with pytest.raises(PipelineError, match="decode"):
        Pipeline.of(TAKES, [double], GIVES).run(ROWS.drop("n"), context())
