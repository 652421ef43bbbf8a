"""Releases that were drawn: once per name, window and correction, found again by all.

Called by `aggregator`, which stores the bytes; the registry knows where they lie and their digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError

from storage.registry import audit, budget
from storage.registry.engine import Registry
from storage.registry.errors import RegistryRefused
from storage.registry.tables import releases


@dataclass(frozen=True)
class Release:
    """One artefact."""

    release_id: str
    name: str
    """The release's definition: `weekly_reach`."""
    window_start: datetime
    window_end: datetime
    """First moment after the window."""
    sha256: str
    """Digest of the manifest, which names those of the other files; lower-case hex."""
    path: str
    """Folder of the artefact, below the installation's `releases`."""
    supersedes: str = ""
    """Release id that this one corrects; '' for the first of its window."""


def publish(registry: Registry, release: Release, actor: str) -> Release:
    """Record an artefact that is stored, and settle its budget, together.

    Once more with the same digest changes nothing: a crash after this may repeat it.
    Errors: RegistryRefused when it reserved no budget, or the window has another artefact.
    """
    with registry.write() as connection:
        budget.settle_within(registry, connection, release.release_id, "published", actor)
        query = sa.select(releases).where(releases.c.release_id == release.release_id)
        known = connection.execute(query).mappings().first()
        if known:
            if _read(known) != release:
                raise RegistryRefused("a release never changes; correct it by one that supersedes")
            return release
        row = {**vars(release), "state": "published", "created_at": registry.now()}
        try:
            connection.execute(releases.insert().values(row))
        except IntegrityError as error:
            raise RegistryRefused("this release of this window is there already") from error
        details = {"name": release.name, "sha256": release.sha256}
        audit.append_within(
            registry, connection, actor, "release.publish", release.release_id, details
        )
    return release


def find_release(registry: Registry, release_id: str) -> Release | None:
    """Give a published release, None where there is none."""
    return _first(registry, releases.c.release_id == release_id)


def find_window(registry: Registry, name: str, start: datetime, end: datetime) -> Release | None:
    """Give the newest release of a window, its corrections included; None where there is none."""
    same = (releases.c.name == name) & (releases.c.window_start == start)
    return _first(registry, same & (releases.c.window_end == end))


def list_releases(registry: Registry, name: str | None = None) -> list[Release]:
    """Give all releases, or those of one name, by name, window and age."""
    # A correction made within the same millisecond still comes after what it corrects.
    age = (releases.c.created_at, releases.c.supersedes)
    query = sa.select(releases).order_by(releases.c.name, releases.c.window_start, *age)
    if name is not None:
        query = query.where(releases.c.name == name)
    with registry.read() as connection:
        return [_read(row) for row in connection.execute(query).mappings()]


def _first(registry: Registry, condition: sa.ColumnElement[bool]) -> Release | None:
    age = (releases.c.created_at.desc(), releases.c.supersedes.desc())
    query = sa.select(releases).where(condition).order_by(*age)
    with registry.read() as connection:
        row = connection.execute(query).mappings().first()
    return _read(row) if row else None


def _read(row: RowMapping) -> Release:
    fields: dict[str, Any] = {name: row[name] for name in Release.__dataclass_fields__}
    return Release(**fields)
