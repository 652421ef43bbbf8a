"""Global Privacy Control and Do Not Track: headers that scripts cannot set; they only refuse.

Source: Global Privacy Control (W3C), `Sec-GPC: 1`; RFC-draft DNT, `DNT: 1`. Any other value says
nothing; `DNT: 0` is no consent. Which purposes each refuses stands in the policy.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.consent.bits import to_bits
from config.policy import Policy


def read_global_privacy_control(headers: Mapping[str, str], policy: Policy, site: str = "") -> int:
    """Give the purposes that `Sec-GPC: 1` refuses on a site."""
    if not _is_on(headers.get("sec-gpc", "")):
        return 0
    return to_bits(policy, policy.refused_by("gpc", site))


def read_do_not_track(headers: Mapping[str, str], policy: Policy, site: str = "") -> int:
    """Give the purposes that `DNT: 1` refuses on a site."""
    if not _is_on(headers.get("dnt", "")):
        return 0
    return to_bits(policy, policy.refused_by("dnt", site))


def _is_on(value: str) -> bool:
    """Tell whether one of a header's values, as repeated ones are joined, is 1."""
    return "1" in value and any(one.strip() == "1" for one in value.split(","))
