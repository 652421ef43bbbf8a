"""The road that every import of events takes: read, cut into requests, post, note, tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import click
import msgspec

from commands._import_kinds import Kind, LeftOut, Piece, Rules, make_body
from commands._import_progress import Progress
from commands._import_source import ImportFailed, Source, in_requests
from commands._importer import Answer, Importer, Tally, own_key
from commands._watch import Watch
from config.settings import Settings
from storage.registry import audit, sites
from storage.registry.engine import Registry

FAULT_OF_OURS = "internal_error"
"""The one reason for which a line should be sent again."""

ORDINARY = frozenset({"asset", "http_error", "method_unwanted", "kind_unwanted", "other_site"})
"""Reasons for which nothing is wrong with a line: it is just no event of ours."""

PLACES_MAX = 20
"""So many places of faults are told."""


class Places:
    """Where in a file something was wrong, told as it is found, and bounded."""

    def __init__(self) -> None:
        self._told = 0

    def tell(self, file: Path, line: int, reason: str) -> None:
        """Tell of one fault."""
        if reason in ORDINARY:
            return
        self._told += 1
        if self._told <= PLACES_MAX:
            click.echo(f"{file}:{line}: {reason}", err=True)
        elif self._told == PLACES_MAX + 1:
            click.echo("further places are not told, but counted", err=True)

    def tell_rejected(self, file: Path, request: list[Piece], answer: Answer) -> None:
        """Tell of what the collector rejected."""
        for one in answer.rejected:
            if 0 <= one.index < len(request):
                self.tell(file, request[one.index].line, one.reason)


def import_files(
    opened: tuple[Settings, Registry],
    kind: Kind,
    rules: Rules,
    files: Sequence[Path],
    from_start: bool,
    total: Tally,
) -> None:
    """Send files one after another, and add up in `total` what became of what they hold.

    Errors: ImportFailed; what was sent until then is in `total`.
    """
    settings, registry = opened
    is_new = sites.find_site(registry, rules.site) is None
    with own_key(registry, rules.site, audit.cli_actor()) as key:
        if is_new:
            click.echo("the site is new, and was made with the default policy", err=True)
        with closing(Importer(settings, key)) as importer:
            places = Places()
            for file in files:
                progress = Progress.of(settings, registry.now(), kind, rules, file)
                if from_start:
                    progress.end()
                try:
                    _import_file(importer, kind, rules, file, progress, places)
                finally:
                    total += importer.tally
                    importer.tally = Tally()


def _import_file(
    importer: Importer, kind: Kind, rules: Rules, file: Path, progress: Progress, places: Places
) -> None:
    """Send one file from where an import of it was interrupted.

    What was answered is noted before the next request goes out: a kill costs one request, which
    is then told as duplicates.
    """
    with closing(Source(file)) as source, Watch(f"{kind.member} sent") as watch:
        sent, tally = progress.load()
        importer.tally = tally
        if sent:
            click.echo(f"{file}: goes on after {sent:,} that were answered before", err=True)
        pieces = keep_pieces(kind.read(source, rules), file, tally, places)
        requests = in_requests(islice(pieces, sent, None), rules.limits, _size_of)
        fresh = 0
        try:
            for request in requests:
                if fresh:
                    progress.save(sent, tally)
                body = make_body(kind, rules.origin, request)
                places.tell_rejected(file, request, importer.post(kind.path, body, len(request)))
                sent, fresh = sent + len(request), fresh + 1
                watch.tell(len(request), source.share_read())
        except ImportFailed:
            # Of what fits into one request nothing is noted: a digest of one line tells of it.
            if sent >= rules.limits.events_per_request_max:
                progress.save(sent, tally)
            raise
        progress.end()


def keep_pieces(
    found: Iterable[Piece | LeftOut], file: Path, tally: Tally, places: Places
) -> Iterator[Piece]:
    """Give what is to be sent, and count what is left out."""
    for one in found:
        if isinstance(one, Piece):
            yield one
        else:
            tally.left_out[one.reason] += 1
            places.tell(file, one.line, one.reason)


def _size_of(piece: Piece) -> int:
    return len(piece.body)


def tell(tally: Tally, as_json: bool) -> None:
    """Tell what became of the events; they add up to those received."""
    told = vars(tally) | {
        name: dict(sorted(counts.items()))
        for name, counts in (("reasons", tally.reasons), ("left_out", tally.left_out))
    }
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
        return
    for name in ("received", "accepted", "duplicate", "refused", "rejected"):
        click.echo(f"{name:>10}  {told[name]:,}")
    for reason, n in told["reasons"].items():
        click.echo(f"{'':>12}{reason}  {n:,}")
    for reason, n in told["left_out"].items():
        click.echo(f"{'left out':>10}  {reason}  {n:,}")
