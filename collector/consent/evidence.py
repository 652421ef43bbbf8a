"""What a request carries about consent, and the readers that make statements of it."""

from __future__ import annotations

from collections.abc import Callable

from collector.consent.banner_cookies import BANNER_READERS, has_banner
from collector.consent.browser_flags import read_do_not_track, read_global_privacy_control
from collector.consent.categories import read_categories, read_rudderstack, read_segment
from collector.consent.consent_mode import read_consent_mode
from collector.consent.iab import read_gpp_statement, read_tcf_statement
from collector.consent.mobile import read_switches
from collector.consent.native import read_native
from collector.consent.own_cookie import read_own_cookie
from collector.consent.signal import Evidence, Statement
from config.policy import Policy

__all__ = ["READERS", "Evidence", "Reader", "read_evidence"]

Reader = Callable[[Evidence, Policy, str], Statement | None]
"""(evidence, policy, site) -> what one source says, or None where it was not there."""


def read_evidence(evidence: Evidence, policy: Policy, site: str) -> tuple[Statement, ...]:
    """Give one statement for each source that was there."""
    readers = READERS if has_banner(evidence.cookies) else PLAIN_READERS
    said = (read(evidence, policy, site) for read in readers)
    return tuple(one for one in said if one is not None)


def _read_native(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read the native consent object."""
    signal = read_native(evidence.consent, policy, site)
    return Statement("native", *signal) if any(signal) else None


def _read_gpc(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read `Sec-GPC`."""
    refused = read_global_privacy_control(evidence.headers, policy, site)
    return Statement("gpc", 0, refused) if refused else None


def _read_dnt(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read `DNT`."""
    refused = read_do_not_track(evidence.headers, policy, site)
    return Statement("dnt", 0, refused) if refused else None


READERS: tuple[Reader, ...] = (
    _read_native,
    read_own_cookie,
    read_tcf_statement,
    read_gpp_statement,
    read_consent_mode,
    read_categories,
    read_segment,
    read_rudderstack,
    *BANNER_READERS,
    read_switches,
    _read_gpc,
    _read_dnt,
)
"""Every source, in the order in which they are named where several say the same."""

PLAIN_READERS = tuple([read for read in READERS if read not in BANNER_READERS])
"""Those that need no cookie of a banner; most requests have none."""
