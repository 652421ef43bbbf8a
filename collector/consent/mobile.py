"""A device's own switches: tracking authorisation, limited ads, an advertising id of zeros.

They only refuse: permission to track across apps is no consent to anything of ours. Sources: Apple
`ATTrackingManager.AuthorizationStatus` (0 not asked, 1 restricted, 2 denied, 3 authorised) and
Android `isLimitAdTrackingEnabled`, under the names that mobile SDKs send them by.
"""

from __future__ import annotations

from typing import NamedTuple

from collector.consent.bits import to_bits
from collector.consent.signal import Evidence, Statement
from config.policy import Policy

SOURCE = "mobile"

TEXT_CHARS_MAX = 64
"""Longest value of a switch that is read."""


class Switch(NamedTuple):
    """One switch of a device, by what its values mean."""

    refuses: frozenset[str]
    """Values that refuse, in lower case."""
    allows: frozenset[str]
    """Values that refuse nothing, and grant nothing either."""
    purposes: tuple[str, ...]
    """What is refused."""


ACROSS_APPS, PROFILES = ("advertising", "partner_sharing"), ("advertising",)
YES, NO = frozenset({"true", "1"}), frozenset({"false", "0"})

AUTHORISATION = Switch(
    frozenset({"0", "1", "2", "notdetermined", "not_determined", "restricted", "denied"}),
    frozenset({"3", "authorized", "authorised"}),
    ACROSS_APPS,
)

SWITCHES = {
    **dict.fromkeys(("att", "attTrackingStatus", "trackingStatus"), AUTHORISATION),
    "adTrackingEnabled": Switch(NO, YES, ACROSS_APPS),
    **dict.fromkeys(
        ("isLimitAdTrackingEnabled", "limitAdTrackingEnabled", "limitAdTracking", "lat"),
        Switch(YES, NO, PROFILES),
    ),
}
"""Name of a switch -> what it means."""

ADVERTISING_IDS = ("advertisingId", "advertising_id", "idfa", "gaid")
"""Where an id stands that is all zeros where the person switched it off."""


def read_switches(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read the switches in `device` of the payload, or of its consent object."""
    known: set[bool] = set()
    refused: set[str] = set()
    for device in _devices(evidence):
        for name, switch in SWITCHES.items():
            if (value := device.get(name)) is not None:
                text = _to_text(value)
                known.add(text in switch.refuses or text in switch.allows)
                refused.update(switch.purposes if text in switch.refuses else ())
        if any(_is_zeros(device.get(name)) for name in ADVERTISING_IDS):
            known.add(True)
            refused.update(PROFILES)
    return Statement(SOURCE, 0, to_bits(policy, refused), any(known)) if known else None


def _devices(evidence: Evidence) -> list[dict[str, object]]:
    """Give the objects that tell of the device."""
    within = evidence.consent.get("device") if isinstance(evidence.consent, dict) else None
    return [one for one in (evidence.device, within) if isinstance(one, dict)]


def _to_text(value: object) -> str:
    """Give a switch's value as text in lower case: SDKs send `false`, `"false"` and 0 alike."""
    if not isinstance(value, (bool, int, str)):
        return ""
    return "" if isinstance(value, int) and abs(value) > 9 else str(value)[:TEXT_CHARS_MAX].lower()


def _is_zeros(value: object) -> bool:
    """Tell whether an advertising id is all zeros: switched off by its owner."""
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARS_MAX:
        return False
    return "0" in value and not value.strip("0-")
