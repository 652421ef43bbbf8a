"""What a scrubber found and what it took besides, by class: recall and precision over spans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.pii.corpus import Label, Line

COVERED_MIN = 0.9
"""A label is found where so much of its letters and digits is gone."""

Span = tuple[int, int]


@dataclass
class Score:
    """What one scrubber did with some lines."""

    labelled: Counter[str] = field(default_factory=Counter)
    """Class -> labels."""
    found: Counter[str] = field(default_factory=Counter)
    """Class -> labels that are gone."""
    right: int = 0
    """Spans taken that hold something labelled."""
    wrong: int = 0
    """Spans taken that hold nothing labelled."""
    negatives: int = 0
    """Lines without a label."""
    spoilt: int = 0
    """Of those, lines of which something was taken."""
    missed: list[tuple[str, Line]] = field(default_factory=list)
    """Class and line of each label that was not found."""
    false: list[Line] = field(default_factory=list)
    """Lines of which something was taken that holds nothing labelled."""

    @property
    def precision(self) -> float:
        """Share of the taken spans that hold something labelled."""
        return self.right / max(1, self.right + self.wrong)

    def recall(self, kind: str | None = None) -> float:
        """Share of the labels of a class, or of all, that are gone."""
        if kind is None:
            return self.found.total() / max(1, self.labelled.total())
        return self.found[kind] / max(1, self.labelled[kind])


def score(lines: Sequence[Line], taken: Sequence[Sequence[Span]]) -> Score:
    """Compare what was taken with what is labelled; one list of spans for each line."""
    result = Score()
    for line, spans in zip(lines, taken, strict=True):
        _score_line(result, line, spans)
    return result


def _score_line(result: Score, line: Line, spans: Sequence[Span]) -> None:
    for label in line.labels:
        result.labelled[label.kind] += 1
        if _is_gone(line.text, label, spans):
            result.found[label.kind] += 1
        else:
            result.missed.append((label.kind, line))
    right = sum(any(_meet(span, label) for label in line.labels) for span in spans)
    result.right += right
    result.wrong += len(spans) - right
    if right < len(spans):
        result.false.append(line)
    if not line.labels:
        result.negatives += 1
        result.spoilt += bool(spans)


def _is_gone(text: str, label: Label, spans: Iterable[Span]) -> bool:
    """Tell whether most letters and digits of a label lie in what was taken."""
    places = [at for at in range(label.start, label.end) if text[at].isalnum()]
    covered = sum(any(start <= at < end for start, end in spans) for at in places)
    return covered >= COVERED_MIN * len(places)


def _meet(span: Span, label: Label) -> bool:
    return span[0] < label.end and label.start < span[1]


def align(before: str, after: str, mark: re.Pattern[str]) -> list[Span]:
    """Give the spans of a text in whose place marks stand now.

    What a scrubber leaves is as it was, so the pieces between its marks tell where they stood; a
    mark that already stood in the text is no find.
    """
    if before == after:
        return []
    pieces = mark.split(after)
    pattern = "(.*?)".join(re.escape(piece) for piece in pieces)
    found = re.fullmatch(pattern, before, re.DOTALL)
    if found is None:
        return [(0, len(before))]
    spans = [found.span(number) for number in range(1, len(pieces))]
    return [(start, end) for start, end in spans if not mark.fullmatch(before, start, end)]
