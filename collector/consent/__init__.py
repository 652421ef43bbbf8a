"""Consent signals: pure decoders, one file each, in the lists below.

A signal says of each purpose granted, refused, or nothing. Signals are joined by "refused beats
granted" in the gate; what cannot be read says nothing, and is never a grant (design 4.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from collector.consent.browser_flags import read_do_not_track, read_global_privacy_control
from collector.consent.native import read_native
from config.policy import Policy

HEADER_SIGNALS: tuple[Callable[[Mapping[str, str], Policy], int], ...] = (
    read_global_privacy_control,
    read_do_not_track,
)
"""Signals in the request's own headers: each gives the set of purposes it refuses."""

__all__ = ["HEADER_SIGNALS", "read_header_signals", "read_native"]


def read_header_signals(headers: Mapping[str, str], policy: Policy) -> int:
    """Give the set of purposes that the request's headers refuse, as bits over the purposes.

    Shape: lower-case header names -> bit set.
    """
    refused = 0
    for read in HEADER_SIGNALS:
        refused |= read(headers, policy)
    return refused
