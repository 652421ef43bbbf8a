"""The labelled lines: hand-written templates, filled with drawn values, the same for every run.

Source: `templates/`, written after logs, traces, links and letters as systems and people write
them. Lines of the `held` part were written before the rules were extended and never used to
mend one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.pii.disguises import DISGUISES
from benchmarks.pii.values import FILLERS, LABELLED

TEMPLATES = Path(__file__).with_name("templates")
PARTS = ("open", "held")
SEED = 20_261_123

LINES_PER_TEMPLATE = 12
"""So many lines are drawn from each template."""

_SLOT = re.compile(r"\{\{(?P<kind>\w+)(?:\|(?P<disguise>\w+))?\}\}|<<(?P<filler>\w+)>>")
_PROPERTY = re.compile(r"@(?P<key>.+?) => (?P<value>.*)")


class Label(NamedTuple):
    """One piece of a line that identifies."""

    start: int
    end: int
    kind: str
    """Class of the piece, such as `phone`."""
    disguise: str
    """How it is written; '' as it is."""


class Line(NamedTuple):
    """One labelled line."""

    key: str
    """Name of the property whose value the text is; '' for other text."""
    text: str
    labels: tuple[Label, ...]
    """What identifies, in the order of the text; none in a hard negative."""
    part: str
    """`open` or `held`."""
    template: str
    """File and number of its template."""


@cache
def draw_corpus() -> tuple[Line, ...]:
    """Give all lines, in the order of the templates."""
    return tuple(line for part in PARTS for line in _draw_part(part))


def _draw_part(part: str) -> Iterator[Line]:
    for file in sorted(TEMPLATES.glob(f"{part}_*.txt")):
        for number, template in enumerate(file.read_text().splitlines(), start=1):
            if template.startswith("#"):
                continue
            # A template of its own seed: a line that is added changes no other.
            random = Random(f"{SEED} {template}")
            yield from _draw_lines(random, template, part, f"{file.name}:{number}")


def _draw_lines(random: Random, template: str, part: str, name: str) -> Iterator[Line]:
    """Fill one template; one without slots gives one line."""
    found = _PROPERTY.fullmatch(template)
    key, shape = (found["key"], found["value"]) if found else ("", template)
    drawn: dict[str, Line] = {}
    for _ in range(LINES_PER_TEMPLATE):
        text, labels = _fill(random, shape)
        drawn[text] = Line(key, text, tuple(labels), part, name)
    yield from drawn.values()


def _fill(random: Random, shape: str) -> tuple[str, list[Label]]:
    """Put drawn pieces into the slots; give the text and what is labelled in it."""
    text, at = "", 0
    labels: list[Label] = []
    for slot in _SLOT.finditer(shape):
        text += shape[at : slot.start()]
        at = slot.end()
        if slot["filler"]:
            text += FILLERS[slot["filler"]](random)
            continue
        kind, make = LABELLED[slot["kind"]]
        piece = make(random)
        if slot["disguise"]:
            piece = DISGUISES[slot["disguise"]](piece)
        labels.append(Label(len(text), len(text) + len(piece), kind, slot["disguise"] or ""))
        text += piece
    return text + shape[at:], labels
