"""The scores as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.pii.scoring import Score
from benchmarks.pii.speed import Speed
from benchmarks.report import show
from scripts.markdown_table import build_table


def list_classes(scores: Mapping[str, Score]) -> str:
    """Give recall by class, a column for each scrubber, and the figures over all."""
    classes = sorted({kind for score in scores.values() for kind in score.labelled})
    rows = [["class", "labels", *scores], ["---"] * (2 + len(scores))]
    first = next(iter(scores.values()))
    for kind in classes:
        shares = [f"{score.recall(kind):.3f}" for score in scores.values()]
        rows.append([kind, f"{first.labelled[kind]:,}", *shares])
    every = list(scores.values())
    shares = [f"**{score.recall():.3f}**" for score in every]
    rows.append(["**recall, all**", f"{first.labelled.total():,}", *shares])
    rows.append(["**precision**", "", *(f"**{score.precision:.3f}**" for score in every)])
    whole = [f"{1 - score.spoilt / max(1, score.negatives):.3f}" for score in every]
    rows.append(["negatives left whole", f"{first.negatives:,}", *whole])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def list_faults(score: Score) -> str:
    """Give one line for every template in which a label was missed or something else was taken."""
    missed = {(kind, line.template): line for kind, line in score.missed}
    lines = [f"missed {kind}: {at}: {line.text}" for (kind, at), line in missed.items()]
    false = {line.template: line for line in score.false}
    return "\n".join([*lines, *(f"taken: {at}: {line.text}" for at, line in false.items())])


def list_speeds(speeds: Sequence[Speed]) -> str:
    """Give what scrubbing costs by size of batch; medians over the rounds, smallest and largest."""
    heads = ("texts", "events a batch", "JSON us/event", "scrub us/event", "scrub / JSON")
    rows = [
        (one.texts, f"{one.events:,}", show(one.json_us), show(one.scrub_us), show(one.ratio))
        for one in speeds
    ]
    return build_table(heads, rows)
