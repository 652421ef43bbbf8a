"""What an import would do, found out without sending anything: the same reading, then the adapter.

What the collector alone knows stays out of it: duplicates, recorded withdrawals, properties that
a catalogue refuses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from collector.consent.bits import purpose_bits
from collector.consent.recorded import NOTHING_RECORDED
from collector.consent.resolution import resolve
from collector.consent.statements import read_statements
from collector.protocols.protocol import Request
from collector.protocols.terms import Terms
from collector.raw_event import RawEvent, Sender
from commands._import_kinds import Kind, Piece, Rules, make_body
from commands._import_run import Places, keep_pieces
from commands._import_source import Source, in_requests
from commands._importer import Tally

NAMES_MAX = 50
"""So many names of events are told; the others are counted together."""

OTHER_NAMES = "(other)"


@dataclass
class Preview:
    """What an import would send."""

    received: int = 0
    """Pieces that the collector would be sent."""
    events: int = 0
    """Those of them that are events."""
    rejected: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    permitted: Counter[str] = field(default_factory=Counter)
    """Purpose -> events that it would be permitted for, as far as files and policy tell."""
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, event: RawEvent) -> None:
        """Take one event into account."""
        self.events += 1
        name = event.event_name
        self.names[name if name in self.names or len(self.names) < NAMES_MAX else OTHER_NAMES] += 1
        moment = event.occurred_at_ms
        if moment is not None:
            self.first_ms = moment if self.first_ms is None else min(self.first_ms, moment)
            self.last_ms = moment if self.last_ms is None else max(self.last_ms, moment)

    def told(self) -> dict[str, Any]:
        """Give what is told."""
        return {
            "received": self.received,
            "events": self.events,
            "rejected": dict(sorted(self.rejected.items())),
            "left_out": dict(sorted(self.left_out.items())),
            "names": dict(self.names.most_common()),
            "permitted": dict(self.permitted),
            "first": _to_text(self.first_ms),
            "last": _to_text(self.last_ms),
        }


def preview_files(kind: Kind, rules: Rules, files: Sequence[Path]) -> Preview:
    """Read files and decode what would be sent.

    Errors: ImportFailed where a file cannot be read to its end.
    """
    preview, places, tally = Preview(), Places(), Tally()
    for file in files:
        with closing(Source(file)) as source:
            pieces = keep_pieces(kind.read(source, rules), file, tally, places)
            for request in in_requests(pieces, rules.limits, lambda piece: len(piece.body)):
                _decode(kind, rules, file, request, preview, places)
    preview.left_out = tally.left_out
    return preview


def _decode(
    kind: Kind, rules: Rules, file: Path, pieces: list[Piece], preview: Preview, places: Places
) -> None:
    """Decode one request as the collector would, and count."""
    body = make_body(kind, rules.origin, pieces)
    sender = Sender(rules.site, True, "", "", "", 0)
    terms = Terms(rules.policy, rules.limits)
    decoded = kind.decode(Request(kind.path, body=body), sender, terms)
    preview.received += decoded.received
    for index, reason in decoded.rejected:
        preview.rejected[reason] += 1
        places.tell(file, pieces[index].line, reason)
    for event in decoded.events:
        preview.add(event)
    said = Counter(event.signals for event in decoded.events)
    for signals, n in said.items():
        decision = resolve(read_statements(signals), NOTHING_RECORDED, rules.policy, rules.site)
        for purpose, bit in purpose_bits(tuple(rules.policy.purposes)).items():
            if decision.permitted & bit:
                preview.permitted[purpose] += n


def _to_text(moment_ms: int | None) -> str | None:
    if moment_ms is None:
        return None
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%d")


def tell_preview(preview: Preview, as_json: bool) -> None:
    """Tell what an import would do."""
    told = preview.told()
    if as_json:
        click.echo(msgspec.json.encode({"dry_run": True, **told}).decode())
        return
    click.echo("nothing was sent; an import would send")
    for name, value in told.items():
        if isinstance(value, dict):
            for inner, n in value.items():
                click.echo(f"{name:>10}  {inner}  {n:,}")
        elif value is not None:
            click.echo(f"{name:>10}  {value if isinstance(value, str) else format(value, ',')}")
