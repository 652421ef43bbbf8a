"""What an adapter may know besides the request: the policy and the limits."""

from __future__ import annotations

from dataclasses import dataclass

from config.limits import Limits
from config.policy import Policy


@dataclass(frozen=True)
class Terms:
    """Rules that decoding depends on."""

    policy: Policy
    limits: Limits
