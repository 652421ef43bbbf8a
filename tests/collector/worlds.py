"""What the collector's tests share: the shipped rules, readable digests, and events in one line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

import polars as pl

from collector.clients import read_client
from collector.consent.bits import to_bits
from collector.consent.signal import Statement
from collector.consent.statements import read_statements, write_statements
from collector.context import Context, Place
from collector.frames import to_frame
from collector.pii import Scrubber
from collector.pipeline import Stage
from collector.protocols.protocol import Request
from collector.protocols.terms import Terms
from collector.raw_event import RawEvent, Sender
from config.catalogue_files import load_catalogue
from config.categories_file import load_categories
from config.limits import SHIPPED, load_limits
from config.pii_file import load_pii_rules
from config.policy_file import load_policy
from storage.key_epochs import KeyClass

NOW_MS = 1_795_324_271_000
"""2026-11-22T05:11:11Z, when most events of the tests are received."""

DAY_MS = 86_400_000

POLICY = load_policy(SHIPPED)
CATALOGUE = load_catalogue(SHIPPED)
LIMITS = load_limits(SHIPPED)
TERMS = Terms(POLICY, LIMITS)
CATEGORIES = load_categories(SHIPPED)

ALL = to_bits(POLICY, POLICY.purposes)
"""Every purpose, as bits."""

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)


@cache
def scrubber() -> Scrubber:
    """Give the shipped PII rules, compiled once."""
    return Scrubber.of(load_pii_rules(SHIPPED))


def bits(*names: str) -> int:
    """Give a set of purposes as bits."""
    return to_bits(POLICY, names)


def show_digests(
    key_class: KeyClass,
    sites: Sequence[str],
    moments_ms: Sequence[int],
    values: Sequence[bytes | None],
) -> list[bytes | None]:
    """Stand for keyed digests with what can be read in a table: class, site and value.

    Longer values are folded to 16 bytes by an unkeyed hash, so that they stay distinct.
    """
    digests: list[bytes | None] = []
    for site, value in zip(sites, values, strict=True):
        whole = None if value is None else f"{key_class}/{site}/".encode() + value
        if whole is not None and len(whole) > 16:
            whole = blake2b(whole, digest_size=16).digest()
        digests.append(whole and whole.ljust(16, b"."))
    return digests


def context(**changes: Any) -> Context:
    """Give what the stages may know, with the shipped rules, except for the changes."""
    fields: dict[str, Any] = {
        "policy": POLICY,
        "catalogue": CATALOGUE,
        "limits": LIMITS,
        "place_of": lambda address: Place("KZ", "Almaty"),
        "categories": CATEGORIES,
        "client_of": read_client,
        "scrubber": scrubber(),
        "digest_many": show_digests,
        "admit_names": lambda site, names: frozenset(names),
    }
    return Context(**fields | changes)


def event(**fields: Any) -> RawEvent:
    """Give an event of the site soq, granted everything, except for the fields.

    `granted` and `refused` are what the native consent object says, as bits.
    """
    plain: dict[str, Any] = {"site": "soq", "event_name": "page_view", "received_at_ms": NOW_MS}
    said = Statement("native", fields.pop("granted", ALL), fields.pop("refused", 0))
    return RawEvent(**plain | {"signals": write_statements([said])} | fields)


def said_by(event: RawEvent) -> tuple[int, int]:
    """Give what all sources of an event grant, and what they refuse, as bits."""
    granted = refused = 0
    for one in read_statements(event.signals):
        granted, refused = granted | one.granted, refused | one.refused
    return granted, refused


def post(body: bytes, **fields: Any) -> Request:
    """Give a request with a body."""
    return Request(**{"path": "/v1/events", "body": body} | fields)


def sender(**fields: Any) -> Sender:
    """Give a browser that posts for the site soq, except for the fields.

    `refused` is what its headers refuse, as bits.
    """
    refused = fields.pop("refused", 0)
    plain: dict[str, Any] = {
        "site": "soq",
        "trusted": False,
        "address": "95.56.10.20",
        "user_agent": CHROME,
        "client_hints": "",
        "received_at_ms": NOW_MS,
        "statements": (Statement("gpc", 0, refused),) if refused else (),
    }
    return Sender(**plain | fields)


def run_stages(stages: Sequence[Stage], *events: RawEvent, **changes: Any) -> pl.DataFrame:
    """Take events through some stages, one after another, without the runner's checks."""
    batch, about = to_frame(events), context(**changes)
    for one in stages:
        batch = one.run(batch, about)
    return batch


def rows_of(batch: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Give some columns of a table as rows."""
    return batch.select(columns).rows()


def kept_texts(value: Any) -> list[str]:
    """Give everything that a row's value would leave on a disk, as text."""
    if isinstance(value, bytes):
        return [value.decode("latin-1"), value.hex()]
    if isinstance(value, dict):
        return [text for one in value.values() for text in kept_texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in kept_texts(one)]
    if isinstance(value, float) and value.is_integer():
        return [str(value), str(int(value))]
    return [str(value)]
