"""Google consent mode, versions 1 and 2: `gcs`, `gcd`, `npa`, and states by name.

Sources: Google's documentation of the consent types and of `gcs`; the letters of `gcd` as the
community reads them. What a site granted by default, before anybody answered, is nobody's consent:
`gcd` tells it apart, so where it was sent, `gcs` and plain states no longer grant. If anything
of what was sent cannot be read, nothing grants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from collector.consent.bits import to_bits
from collector.consent.signal import Evidence, Statement
from config.policy import Policy

SOURCE = "consent_mode"

TEXT_CHARS_MAX = 256
"""Longest `gcs`, `gcd` or state that is read."""

TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
"""Types of consent in the order of `gcd`; `gcs` has the first two."""

GRANTS: dict[str, tuple[str, ...]] = {
    "ad_storage": ("advertising",),
    "analytics_storage": ("analytics",),
    "ad_user_data": ("partner_sharing",),
    "personalization_storage": ("personalisation",),
    "functionality_storage": ("necessary",),
    "security_storage": ("necessary",),
}
"""Type of consent -> the purposes that it grants."""

REFUSES = GRANTS | {
    "ad_user_data": ("advertising", "partner_sharing"),
    "ad_personalization": ("advertising",),
}
"""Type of consent -> the purposes that it refuses; an advertising id makes profiles."""

GCS = re.compile(r"G1([01-])([01-])")
GCD = re.compile(r"1[0-9]" + r"([a-z])[0-9]" * len(TYPES) + r"[0-9A-Za-z]{0,64}")

LETTERS = {
    **dict.fromkeys("rnv", True),
    **dict.fromkeys("pqmu", False),
    **dict.fromkeys("lt", None),
}
"""Letter of `gcd` -> granted by an answer, denied, or nothing: `l` is unset, `t` a default."""

STATES = {"granted": True, "denied": False}

States = dict[str, bool]
"""Type of consent -> granted or denied."""


def read_consent_mode(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read the query's and the consent object's `gcs`, `gcd`, `npa`, and the object's `google`."""
    sent = evidence.consent if isinstance(evidence.consent, dict) else {}
    codes = [_read_gcd(one) for one in _each("gcd", evidence, sent)]
    others = [_read_gcs(one) for one in _each("gcs", evidence, sent)]
    others += [_read_npa(one) for one in _each("npa", evidence, sent)]
    others += [_read_states(one) for one in (sent.get("google"),) if one is not None]
    readable = [one for one in (*codes, *others) if one is not None]
    if not codes and not others:
        return None
    is_whole = len(readable) == len(codes) + len(others)
    answers = readable[: len(codes) or None] if is_whole else []
    granted = to_bits(policy, _purposes(GRANTS, answers, True))
    refused = to_bits(policy, _purposes(REFUSES, readable, False))
    return Statement(SOURCE, granted & ~refused, refused, bool(readable))


def _each(name: str, evidence: Evidence, sent: dict[str, object]) -> list[object]:
    """Give what was sent by a name in the query and in the consent object."""
    return [one for one in (evidence.query.get(name), sent.get(name)) if one not in (None, "")]


def _purposes(
    table: dict[str, tuple[str, ...]], answers: Iterable[States], wanted: bool
) -> set[str]:
    """Give the purposes that a table has for each type with the wanted answer."""
    said = {kind for states in answers for kind, state in states.items() if state is wanted}
    return {purpose for kind in said for purpose in table.get(kind, ())}


def _read_gcd(text: object) -> States | None:
    """Give the states of `gcd`, None where it cannot be read; unknown letters say nothing."""
    match = GCD.fullmatch(text) if isinstance(text, str) and len(text) <= TEXT_CHARS_MAX else None
    if match is None:
        return None
    states = {kind: LETTERS.get(one) for kind, one in zip(TYPES, match.groups(), strict=True)}
    return {kind: state for kind, state in states.items() if state is not None}


def _read_gcs(text: object) -> States | None:
    """Give the states of `gcs`, None where it cannot be read; `-` says nothing."""
    match = GCS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    pairs = zip(TYPES, match.groups(), strict=False)
    return {kind: sign == "1" for kind, sign in pairs if sign != "-"}


def _read_npa(value: object) -> States | None:
    """Give what `npa` says: 1 asks for adverts without profiles, 0 for nothing."""
    text = str(value).lower() if isinstance(value, (bool, str)) or value in (0, 1) else ""
    if text in ("0", "false"):
        return {}
    return {"ad_personalization": False} if text in ("1", "true") else None


def _read_states(said: object) -> States | None:
    """Give the states of an object {type: "granted" or "denied"}, None where it has none."""
    if not isinstance(said, dict):
        return None
    states = {kind: STATES.get(_lower(said.get(kind))) for kind in REFUSES}
    found = {kind: state for kind, state in states.items() if state is not None}
    return None if said and not found else found


def _lower(value: object) -> str:
    """Give a short text in lower case, '' for anything else."""
    return value.lower() if isinstance(value, str) and len(value) <= TEXT_CHARS_MAX else ""
