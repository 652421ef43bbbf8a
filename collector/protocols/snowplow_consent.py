"""What Snowplow's consent events say: a choice by scopes, or everything refused.

`consent_granted` names documents and no purpose, so it grants none; `consent_withdrawn` refuses
all, whichever document it names. Sources: Snowplow's schemas of these and `consent_preferences`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CHOSEN = frozenset({"allow_all", "allow_selected"})
"""Kinds of choice that grant the scopes they name; `implicit_consent` was never said."""

REFUSED = frozenset({"deny_all", "withdrawn", "expired"})
"""Kinds of choice that refuse everything."""


def read_consent(name: str, data: dict[str, Any], purposes: Sequence[str]) -> dict[str, Any] | None:
    """Give the consent object that an event amounts to, None where it says nothing."""
    if name == "consent_withdrawn":
        return _refuse(purposes)
    if name != "consent_preferences":
        return None
    kind, scopes = data.get("eventType"), data.get("consentScopes")
    if kind in REFUSED:
        return _refuse(purposes)
    if kind in CHOSEN and isinstance(scopes, list):
        return {"categories": {one: True for one in scopes if isinstance(one, str)}}
    return None


def _refuse(purposes: Sequence[str]) -> dict[str, Any]:
    """Give the consent object that refuses every purpose."""
    return {"purposes": dict.fromkeys(purposes, False)}
