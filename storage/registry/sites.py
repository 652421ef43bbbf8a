"""Sites: the operator's properties that send events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from storage.registry import audit
from storage.registry.engine import Registry, bump_version
from storage.registry.errors import RegistryRefused
from storage.registry.tables import sites

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What a site may be called."""

ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?")
"""An origin as browsers send it: scheme, host, port where it is not the usual one."""

TIMEZONE_DEFAULT = "UTC"
"""Time zone of a site that was made without saying."""


@dataclass(frozen=True)
class Site:
    """One site, as the registry holds it."""

    name: str
    timezone: str
    """IANA name; the site's days, and so its visits, begin at its midnight."""
    origins: tuple[str, ...]
    """Origins that browsers may send from; empty means any."""
    settings: Mapping[str, Any]
    """What this site does otherwise than the policy, by setting."""
    created_at: datetime

    @property
    def zone(self) -> ZoneInfo:
        """Give the site's time zone."""
        return ZoneInfo(self.timezone)


def add_site(
    registry: Registry,
    name: str,
    actor: str,
    timezone: str = TIMEZONE_DEFAULT,
    origins: Sequence[str] = (),
) -> Site:
    """Make a new site, on the audit log.

    Errors: RegistryRefused when it is there already, or a name, time zone or origin is not one.
    """
    with registry.write() as connection:
        if _select(connection, name):
            raise RegistryRefused("a site of this name is there already")
        return add_within(registry, connection, name, actor, timezone, origins)


def add_within(
    registry: Registry,
    connection: Connection,
    name: str,
    actor: str,
    timezone: str = TIMEZONE_DEFAULT,
    origins: Sequence[str] = (),
) -> Site:
    """Make a site in somebody else's write transaction; see `add_site`."""
    _check(name, timezone, origins)
    site = Site(name, timezone, tuple(origins), {}, registry.now())
    connection.execute(sites.insert().values({**vars(site), "origins": list(origins)}))
    details = {"timezone": timezone, "origins": list(origins)}
    audit.append_within(registry, connection, actor, "site.add", name, details)
    bump_version(connection)
    return site


def list_origins(registry: Registry, name: str, actor: str, origins: Sequence[str]) -> None:
    """Put other origins in the place of those that a site lists, on the audit log.

    Errors: RegistryRefused when there is no such site, or an origin is not one.
    """
    with registry.write() as connection:
        site = _select(connection, name)
        if site is None:
            raise RegistryRefused("there is no site of this name")
        _check(name, site.timezone, origins)
        changed = sites.update().where(sites.c.name == name).values(origins=list(origins))
        connection.execute(changed)
        details = {"origins": list(origins)}
        audit.append_within(registry, connection, actor, "site.set", name, details)
        bump_version(connection)


def find_site(registry: Registry, name: str) -> Site | None:
    """Give a site by its name, None where there is none; any text may be asked for."""
    if not NAME.fullmatch(name):
        return None
    with registry.read() as connection:
        return _select(connection, name)


def load_sites(registry: Registry) -> dict[str, Site]:
    """Give all sites by name, in order of name."""
    with registry.read() as connection:
        rows = connection.execute(sa.select(sites).order_by(sites.c.name)).mappings()
        return {row["name"]: _read(row) for row in rows}


def ensure_within(registry: Registry, connection: Connection, name: str, actor: str) -> Site:
    """Give a site in somebody else's write transaction, made with the defaults if it is new."""
    return _select(connection, name) or add_within(registry, connection, name, actor)


def _select(connection: Connection, name: str) -> Site | None:
    row = connection.execute(sa.select(sites).where(sites.c.name == name)).mappings().first()
    return _read(row) if row else None


def _read(row: RowMapping) -> Site:
    fields: dict[str, Any] = {name: row[name] for name in Site.__dataclass_fields__}
    return Site(**fields | {"origins": tuple(row["origins"])})


def _check(name: str, timezone: str, origins: Sequence[str]) -> None:
    if not NAME.fullmatch(name):
        raise RegistryRefused(
            "a site's name is up to 64 of a-z, 0-9, - and _, and begins with a letter or digit"
        )
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RegistryRefused("the time zone is not an IANA name such as Asia/Almaty") from error
    if not all(ORIGIN.fullmatch(origin) for origin in origins):
        raise RegistryRefused("an origin looks like https://shop.example, in lower case")
