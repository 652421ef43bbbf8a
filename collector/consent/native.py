"""The native `consent` object of the contract: purposes, policy version, method."""

from __future__ import annotations

from typing import Any

from collector.consent.bits import to_bits
from collector.consent.signal import SILENT, Signal
from config.policy import Policy


def read_native(consent: Any, policy: Policy, site: str) -> Signal:
    """Read a native consent object; whatever cannot be read says nothing.

    A refusal (literal `false`) counts whatever else is wrong. A grant counts only as literal
    `true`, for a policy version that covers the purpose, by a method that may grant it.
    """
    purposes = consent.get("purposes") if isinstance(consent, dict) else None
    if not isinstance(purposes, dict):
        return SILENT
    refused = to_bits(policy, (name for name, value in purposes.items() if value is False))
    version, method = _text(consent, "policy_version"), _text(consent, "method")
    if version is None or method is None:
        return Signal(0, refused)
    granted = to_bits(
        policy,
        (
            name
            for name, value in purposes.items()
            if value is True
            and policy.covers(version, name)
            and policy.may_grant(method, name, site)
        ),
    )
    return Signal(granted & ~refused, refused)


def _text(consent: dict[str, Any], name: str) -> str | None:
    """Give a field's text, '' where it is absent or null, None where it is anything else."""
    value = consent.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else None
