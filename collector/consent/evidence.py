"""What a request carries about consent, and the readers that make statements of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collector.consent.browser_flags import read_do_not_track, read_global_privacy_control
from collector.consent.native import read_native
from collector.consent.signal import Statement
from config.policy import Policy


@dataclass(frozen=True)
class Evidence:
    """Everything a sender may have said of consent; memory only."""

    headers: Mapping[str, str]
    """Headers of the request, names in lower case."""
    cookies: Mapping[str, str]
    """Cookies of the request, values as sent."""
    query: Mapping[str, str]
    """Parameters of the request's query."""
    consent: object | None
    """The native consent object of the payload, read from JSON."""
    device: object | None
    """What the payload says of the device's own switches."""


Reader = Callable[[Evidence, Policy, str], Statement | None]
"""(evidence, policy, site) -> what one source says, or None where it was not there."""


def read_evidence(evidence: Evidence, policy: Policy, site: str) -> tuple[Statement, ...]:
    """Give one statement for each source that was there."""
    said = (read(evidence, policy, site) for read in READERS)
    return tuple(one for one in said if one is not None)


def _read_native(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read the native consent object."""
    signal = read_native(evidence.consent, policy, site)
    return Statement("native", *signal) if any(signal) else None


def _read_gpc(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read `Sec-GPC`."""
    refused = read_global_privacy_control(evidence.headers, policy)
    return Statement("gpc", 0, refused) if refused else None


def _read_dnt(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read `DNT`."""
    refused = read_do_not_track(evidence.headers, policy)
    return Statement("dnt", 0, refused) if refused else None


READERS: tuple[Reader, ...] = (_read_native, _read_gpc, _read_dnt)
"""Every source, in the order in which they are named where several say the same."""
