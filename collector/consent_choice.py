"""What a record of consent says: by its own purposes, and by the signals that it brings along.

A page need not translate its banner: `POST /v1/consent` takes the same members as an event's
`consent`. One that brings none speaks by the banner's cookies, where it comes from the page's own
origin; not by browser flags, which come with each event and are no decision about the future.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from collector.consent.bits import purpose_bits
from collector.consent.evidence import Evidence, read_evidence
from collector.consent.signal import Statement
from collector.outcomes import BadRequest
from collector.raw_event import Sender
from config.policy import Policy

MEMBERS = (
    *("tcf", "gpp", "gpp_sid", "gcs", "gcd", "npa", "google"),
    *("segment", "rudderstack", "categories"),
)
"""Members that carry a signal; of these a keyed digest is kept, and never more."""

FLAGS = frozenset({"gpc", "dnt"})
"""Sources that say nothing of a decision."""

Names = frozenset[str]


class Choice(NamedTuple):
    """What a person chose, by purposes of the policy."""

    granted: Names
    """Purposes that it grants, by a source and a method that may."""
    refused: Names
    """Purposes refused or withdrawn."""
    wanted: Names
    """Purposes said yes to, whether that counts or not, and not refused."""
    signals: bytes
    """The signals as sent, spelled out; empty for none. Memory only."""
    sources: tuple[str, ...]
    """Sources that were read beside the purposes themselves."""


def read_choice(said: Mapping[str, Any], sender: Sender, policy: Policy) -> Choice:
    """Read what a record says of each purpose; a refusal anywhere beats every yes.

    Errors: BadRequest `record_invalid` where it says nothing of any purpose of the policy.
    """
    yes, no = _read_purposes(said, policy)
    site = sender.site
    granted = {purpose for purpose in yes if _may_grant(said, purpose, site, policy)}
    statements = _read_statements(said, sender, policy)
    for one in statements:
        names = _names(one.granted, policy)
        yes |= names
        no |= _names(one.refused, policy)
        granted |= {name for name in names if policy.accepts(one.source, name, site)}
    if not yes | no:
        raise BadRequest("record_invalid")
    return Choice(
        granted=frozenset(granted) - no,
        refused=no,
        wanted=yes - no,
        signals=_spell_signals(said),
        sources=tuple(sorted({one.source for one in statements})),
    )


def _read_purposes(said: Mapping[str, Any], policy: Policy) -> tuple[Names, Names]:
    """Give the purposes of the policy that were said yes and no to, literally."""
    purposes = said.get("purposes")
    if purposes is not None and not isinstance(purposes, dict):
        raise BadRequest("record_invalid")
    answers = {name: (purposes or {}).get(name) for name in policy.purposes}
    yes = frozenset(name for name, answer in answers.items() if answer is True)
    return yes, frozenset(name for name, answer in answers.items() if answer is False)


def _may_grant(said: Mapping[str, Any], purpose: str, site: str, policy: Policy) -> bool:
    """Tell whether a yes counts: its version covers the purpose, its method may grant it."""
    version, method = said.get("policy_version") or "", said.get("method") or ""
    if not isinstance(version, str) or not isinstance(method, str):
        raise BadRequest("record_invalid")
    return policy.covers(version, purpose) and policy.may_grant(method, purpose, site)


def _read_statements(
    said: Mapping[str, Any], sender: Sender, policy: Policy
) -> tuple[Statement, ...]:
    """Give what the record's signals say, else what the cookies say that came with it."""
    evidence = Evidence({}, {}, {}, dict(said), None)
    found = read_evidence(evidence, policy, sender.site)
    signals = tuple(one for one in found if one.source != "native")
    if signals or said.get("purposes") is not None:
        return signals
    return tuple(one for one in sender.statements if one.source not in FLAGS)


def _spell_signals(said: Mapping[str, Any]) -> bytes:
    """Spell out the members that carry signals; the same signals always give the same."""
    found = [(name, said[name]) for name in MEMBERS if said.get(name) is not None]
    return json.dumps(found, separators=(",", ":")).encode() if found else b""


def _names(bits: int, policy: Policy) -> Names:
    """Give a set of purposes by name."""
    known: Iterable[tuple[str, int]] = purpose_bits(tuple(policy.purposes)).items()
    return frozenset(name for name, bit in known if bits & bit)
