"""Where a truncated address lies: `iptocc` by default, any MaxMind-format file when configured."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import iptocc
import maxminddb

from collector.context import Place
from config.errors import ConfigError

CACHED_MAX = 20_000

NOWHERE = Place("", "")

PlaceOf = Callable[[str], Place]


def open_geography(mmdb: Path | None) -> PlaceOf:
    """Give the look-up for this installation: a configured file, else the shipped country table.

    Errors: ConfigError where the file cannot be read.
    """
    look_up = _place_by_country_table if mmdb is None else _open_file(mmdb)
    return lru_cache(maxsize=CACHED_MAX)(look_up)


def _place_by_country_table(address: str) -> Place:
    """Give the country of an address from the registries' allocation tables."""
    return Place(_text(iptocc.country_code(address)), "")


def _open_file(mmdb: Path) -> PlaceOf:
    """Open a MaxMind-format file, whole in memory, so that replacing it on disk harms nothing."""
    try:
        reader = maxminddb.open_database(str(mmdb), maxminddb.MODE_MEMORY)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as fault:
        raise ConfigError(mmdb, 0, "this is no readable MaxMind-format file") from fault
    takes_v6 = reader.metadata().ip_version == 6

    def place_of(address: str) -> Place:
        if ip_address(address).version == 6 and not takes_v6:
            return NOWHERE
        record: Any = reader.get(address)
        return _read_record(record) if isinstance(record, dict) else NOWHERE

    return place_of


def _read_record(record: dict[str, Any]) -> Place:
    """Read the three layouts in use: nested `country.iso_code`, flat `country_code`, `country`."""
    country = record.get("country_code") or record.get("country") or ""
    if isinstance(country, dict):
        country = country.get("iso_code") or ""
    region = record.get("state1") or record.get("region") or ""
    divisions = record.get("subdivisions")
    if isinstance(divisions, list) and divisions and isinstance(divisions[0], dict):
        names = divisions[0].get("names") or {}
        region = names.get("en") or divisions[0].get("iso_code") or ""
    return Place(_text(country), _text(region) if len(_text(country)) == 2 else "")


def _text(value: Any) -> str:
    """Give a text value; some files hold the word None where they know nothing."""
    return value if isinstance(value, str) and value != "None" else ""
