"""Recipients, policies and rows for the tests of forwarding."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any

import polars as pl

from collector.context import DigestMany
from collector.forwarding.pseudonyms import Outgoing, make_outgoing
from collector.forwarding.selection import Refusals, select_events
from config.policy import Policy
from config.policy_file import load_policy
from config.recipients import FIELDS, IDS, Recipient
from tests.helpers import ROOT
from tests.storage.warehouses import frame_of

PURPOSE = "recipient_acme"

ACME: dict[str, Any] = {
    "name": "acme",
    "title": "Acme",
    "kind": "webhook",
    "url": "https://hooks.acme.example/events",
    "sites": ("soq",),
    "purpose": PURPOSE,
    "events": ("page_view", "deal"),
    "fields": (*FIELDS, *IDS),
    "properties": ("category",),
    "ids": "own",
    "secret_env": "ACME_SECRET",
    "country": "KZ",
}

ROW: dict[str, Any] = {
    "site": "soq",
    "event_name": "deal",
    "purposes": ["necessary", "analytics", "advertising", "geolocation", PURPOSE],
    "person_id": b"p" * 16,
    "device_id": b"d" * 16,
    "advertising_id": b"a" * 16,
    "session_id": b"s" * 16,
    "visit_id": b"v" * 16,
    "subject_id": b"p" * 16,
    "country": "KZ",
    "page_host": "soq.example",
    "page_path": "/ads/1",
    "page_query": "utm_source=mail",
    "page_title": "Horses",
    "campaign_source": "mail",
    "app_version": "3.2.1",
    "latitude": 43.24,
    "longitude": 76.95,
    "revenue": 12.5,
    "currency": "KZT",
    "is_bot": False,
    "properties": [{"key": "category", "value": "horses"}, {"key": "city", "value": "almaty"}],
}


def recipient(**changes: Any) -> Recipient:
    """Give a recipient that may have everything, but for what is changed."""
    return Recipient.model_validate(ACME | changes)


@cache
def policy() -> Policy:
    """Give the shipped policy with a purpose of the recipient's own."""
    shipped = load_policy(ROOT / "config")
    own = shipped.purposes["personalisation"]
    return shipped.model_copy(update={"purposes": {**shipped.purposes, PURPOSE: own}})


def rows(*changes: dict[str, Any]) -> pl.DataFrame:
    """Give a batch with one row for each set of changes."""
    return frame_of("events", [ROW | one for one in changes])


def digester(key: bytes = b"k") -> DigestMany:
    """Give keyed digests with one key."""

    def digest_many(key_class: Any, sites: Any, moments: Any, values: Any) -> list[bytes | None]:
        named = zip(sites, values, strict=True)
        return [blake2b(v, digest_size=16, key=key + site.encode()).digest() for site, v in named]

    return digest_many


def outgoing(
    frame: pl.DataFrame, to: Recipient | None = None, refusals: Refusals | None = None
) -> list[Outgoing]:
    """Give what a recipient gets of a batch."""
    to = to or recipient()
    selected = select_events(frame, to, policy(), refusals or {})
    return [one for one in make_outgoing(to.name, selected, digester()) if one is not None]
