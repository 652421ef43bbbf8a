"""Ids that one recipient alone knows: keyed digests of our pseudonyms under its own key.

No two recipients get the same id of one person or one event, and none gets ours, so that neither
they among themselves nor anybody with our rows can put theirs together. Without the key, which is
destroyed like any other, nobody can say whose they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from collector.context import DigestMany
from collector.forwarding.selection import Selected
from collector.identifiers import uuid_of_digest


class Outgoing(NamedTuple):
    """One event as a recipient may know it."""

    row: int
    """Its place in the batch; it leaves with nothing."""
    received_at_ms: int
    id: str
    """UUID by which the recipient finds repeats; the same at every attempt."""
    purposes: frozenset[str]
    values: dict[str, Any]
    """Column -> value."""
    ids: dict[str, str]
    """Column -> pseudonym, 32 hex digits."""
    properties: dict[str, str]

    @property
    def site(self) -> str:
        """The site that it happened on."""
        site: str = self.values["site"]
        return site


def key_site(recipient: str) -> str:
    """Give what stands for a site in the name of a recipient's key; no site is called so."""
    return f"to:{recipient}"


def make_outgoing(
    recipient: str, selected: Sequence[Selected], digest_many: DigestMany
) -> list[Outgoing | None]:
    """Give events with the ids that are the recipient's own; none where its key is destroyed."""
    event_ids = [(one, "event_id", one.event_id.encode()) for one in selected]
    others = [(one, name, held) for one in selected for name, held in one.ids.items()]
    asked = [*event_ids, *others]
    values = [
        "\x1f".join((name, one.values["site"], "")).encode() + held for one, name, held in asked
    ]
    moments = [one.received_at_ms for one, _, _ in asked]
    sites = [key_site(recipient)] * len(asked)
    digests = digest_many("forward", sites, moments, values)
    ids: dict[int, dict[str, str]] = {one.row: {} for one in selected}
    for (one, name, _), digest in zip(asked, digests, strict=True):
        if digest is not None:
            ids[one.row][name] = digest.hex()
    return [_make(one, ids[one.row]) for one in selected]


def _make(one: Selected, ids: dict[str, str]) -> Outgoing | None:
    """Give one event with its new ids; none where the key of its moment is no more."""
    own = ids.pop("event_id", None)
    if own is None:
        return None
    return Outgoing(
        one.row,
        one.received_at_ms,
        str(uuid_of_digest(bytes.fromhex(own))),
        one.purposes,
        one.values,
        ids,
        one.properties,
    )
