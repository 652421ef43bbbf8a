"""`sanaq import plausible-csv`: daily figures into a table of their own, replaced day by day.

Everything is read twice: once to see what is there and what is wrong with it, then to write. A
file that cannot be read to its end changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
import polars as pl

from collector.pii import Scrubber
from commands._figures_files import Member, list_members, read_rows
from commands._figures_rows import TABLES, Figure, Reader
from commands._import_kinds import Origin
from commands._import_run import Places
from commands._import_source import ImportFailed
from commands._watch import Watch
from config.settings import Settings
from storage.imported import count_days_with_events, replace_days
from storage.registry import audit, sites
from storage.registry.engine import Registry
from storage.schemas import IMPORTED
from storage.warehouse import Refused, connect

ROWS_PER_INSERT = 50_000

COUNTS = tuple(name for name, kind in IMPORTED.items() if kind == pl.UInt64)


@dataclass
class Found:
    """What files hold, and what became of it."""

    rows: Counter[str] = field(default_factory=Counter)
    """Dimension -> figures."""
    days: dict[str, set[date]] = field(default_factory=dict)
    """Dimension -> days that it has figures of."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Reason -> rows that are no figures."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Reason -> files that were not read."""
    members: list[tuple[Path, Member]] = field(default_factory=list)
    """The CSV files that hold figures."""
    written: int = 0
    days_with_events: int = 0

    @property
    def all_days(self) -> list[date]:
        """Give the days of all dimensions, in order."""
        return sorted(set().union(*self.days.values()))

    def told(self) -> dict[str, Any]:
        """Give what is told."""
        days = self.all_days
        return {
            "rows": self.rows.total(),
            "written": self.written,
            "rejected": self.rejected.total(),
            "reasons": dict(sorted(self.rejected.items())),
            "left_out": dict(sorted(self.left_out.items())),
            "dimensions": dict(sorted(self.rows.items())),
            "days": len(days),
            "first": str(days[0]) if days else None,
            "last": str(days[-1]) if days else None,
            "days_with_events": self.days_with_events,
        }


@dataclass(frozen=True)
class Work:
    """Files to be read, and how."""

    files: Sequence[Path]
    site: str
    origin: Origin
    scrubber: Scrubber
    text_chars_max: int

    def figures(self, file: Path, member: Member) -> Iterator[tuple[int, Figure | str]]:
        """Give each row's line and figure, or the reason why it is none.

        Errors: ImportFailed where the file lacks a column, or cannot be read to its end.
        """
        rows = read_rows(file, member)
        header = next(rows, None)
        cells = header.cells or [] if header else []
        table = TABLES[member.table]
        reader = Reader(table, cells, self.scrubber, self.text_chars_max)
        if header is not None and reader.missing:
            raise ImportFailed(f"{member.file}:1: the header lacks {', '.join(reader.missing)}")
        for row in rows:
            yield row.line, reader.read(row.cells)


def survey(work: Work) -> Found:
    """Read everything, and tell what is wrong with it, with file and line.

    Errors: ImportFailed; where two files have the same day too, which would count twice.
    """
    found, places = Found(), Places()
    for file in work.files:
        for member in list_members(file):
            if member.table in TABLES:
                found.members.append((file, member))
            else:
                found.left_out["file_unknown"] += 1
                click.echo(f"{member.file}: file_unknown", err=True)
    for file, member in found.members:
        dimension = TABLES[member.table].dimension
        days: set[date] = set()
        for line, figure in work.figures(file, member):
            if isinstance(figure, str):
                found.rejected[figure] += 1
                places.tell(Path(member.file), line, figure)
            else:
                found.rows[dimension] += 1
                days.add(figure["date"])
        before = found.days.setdefault(dimension, set())
        if not days.isdisjoint(before):
            raise ImportFailed(f"{member.file}: another file has figures of the same days")
        before |= days
    return found


def write(work: Work, found: Found, settings: Settings, registry: Registry) -> None:
    """Replace the figures of every day and dimension that the files have.

    Errors: ImportFailed; Unavailable.
    """
    actor = audit.cli_actor()
    with registry.write() as connection:
        site = sites.ensure_within(registry, connection, work.site, actor)
    details = {
        "source": work.origin.source,
        "basis": work.origin.basis,
        "days": len(found.all_days),
    }
    audit.append(registry, actor, "import.figures", work.site, details)
    try:
        with closing(connect(settings, "sanaq_writer")) as client, Watch("rows sent") as watch:
            for dimension, days in sorted(found.days.items()):
                key = (work.site, work.origin.source, dimension)
                frames = _frames(work, found, dimension, registry.now(), watch)
                found.written += replace_days(client, key, sorted(days), frames)
            found.days_with_events = count_days_with_events(
                client, work.site, site.timezone, found.all_days
            )
    except Refused as fault:
        raise ImportFailed("the warehouse refused; is the same version of sanaq up?") from fault


def _frames(
    work: Work, found: Found, dimension: str, now: datetime, watch: Watch
) -> Iterator[pl.DataFrame]:
    """Give the figures of one dimension in frames of bounded size."""
    held: list[Figure] = []
    total = max(found.rows.total(), 1)
    for file, member in found.members:
        if TABLES[member.table].dimension != dimension:
            continue
        for _, figure in work.figures(file, member):
            if isinstance(figure, str):
                continue
            held.append(figure)
            if len(held) >= ROWS_PER_INSERT:
                yield _to_frame(work, dimension, now, held)
                held = []
            watch.add(1, 1 / total)
    if held:
        yield _to_frame(work, dimension, now, held)


def _to_frame(work: Work, dimension: str, now: datetime, figures: list[Figure]) -> pl.DataFrame:
    """Give figures as rows of the table."""
    fixed = {
        "site": work.site,
        "source": work.origin.source,
        "basis": work.origin.basis,
        "dimension": dimension,
        "imported_at": now,
    }
    columns = {name: [fixed.get(name, figure.get(name)) for figure in figures] for name in IMPORTED}
    return pl.DataFrame(columns, schema=pl.Schema(IMPORTED))


def tell_figures(found: Found, as_json: bool, is_dry: bool) -> None:
    """Tell what was found and written."""
    told = found.told()
    if as_json:
        click.echo(msgspec.json.encode({"dry_run": is_dry, **told}).decode())
        return
    if is_dry:
        click.echo("nothing was written; an import would write")
    for name, value in told.items():
        if isinstance(value, dict):
            for inner, n in value.items():
                click.echo(f"{name:>16}  {inner}  {n:,}")
        elif value is not None:
            click.echo(f"{name:>16}  {value if isinstance(value, str) else format(value, ',')}")
    if found.days_with_events:
        click.echo("days with events of their own are told twice over by whoever adds both up")
