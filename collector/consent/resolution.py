"""Who wins: what was recorded, what every source says, and the policy -> one decision a purpose.

The order, of which the first that holds decides (design 4.5):

1. a recorded restriction, objection or withdrawal denies;
2. a legal basis that cannot be refused permits, whatever is said;
3. an explicit refusal in any source denies;
4. an explicit grant permits, from a source that the policy accepts for that purpose on that site;
5. a legal basis other than consent permits;
6. otherwise it is denied: nobody said anything that counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from collector.consent.bits import purpose_bits
from collector.consent.recorded import Recorded
from collector.consent.signal import Statement
from config.policy import Policy
from config.policy_rules import REFUSABLE_BASES

RECORD = "record"
"""Source of a grant that the consent ledger holds, as the policy's `[signals]` name it."""

RESTRICTION, OBJECTION, WITHDRAWAL = "restriction", "objection", "withdrawal"
"""What of the ledger denies, as `decided_by` names it."""

OBJECTED_TO = "partner_sharing"
"""The purpose that an objection to publication ends."""


class Decision(NamedTuple):
    """What one event may be used for, and who said so."""

    permitted: int
    """Permitted purposes, as bits over the policy's purposes."""
    refused: int
    """Purposes that somebody refused outright, by record or in a signal, likewise."""
    recorded: int
    """Those of them that a record denies, whatever the sender says."""
    decided_by: tuple[str, ...]
    """Who decided each purpose: `analytics=tcf` permitted, `advertising=!gpc` denied; by a source,
    by what the ledger holds, or by a legal basis. What nobody spoke of and no basis permits is not
    named, and denied."""


def resolve(
    statements: Sequence[Statement], recorded: Recorded, policy: Policy, site: str
) -> Decision:
    """Decide each purpose for one event of a site."""
    permitted = by_record = 0
    decided_by: list[str] = []
    for name, bit in purpose_bits(tuple(policy.purposes)).items():
        basis = policy.legal_basis(name, site)
        if denies := _recorded_no(name, bit, basis, recorded):
            by_record |= bit
            decided_by.append(f"{name}=!{denies}")
        elif basis not in REFUSABLE_BASES:
            permitted |= bit
            decided_by.append(f"{name}={basis}")
        elif no := _refusal(bit, statements):
            decided_by.append(f"{name}=!{no}")
        elif yes := _grant(name, bit, statements, recorded, policy, site):
            permitted |= bit
            decided_by.append(f"{name}={yes}")
        elif basis != "consent":
            permitted |= bit
            decided_by.append(f"{name}={basis}")
    refused = by_record | recorded.withdrawn
    for one in statements:
        refused |= one.refused
    return Decision(permitted, refused, by_record, tuple(decided_by))


def _recorded_no(name: str, bit: int, basis: str, recorded: Recorded) -> str:
    """Give what of the ledger denies a purpose, or ''.

    A restriction and an objection end every use but what needs no basis; a withdrawal ends what
    can be refused.
    """
    if recorded.restricted and basis != "none_needed":
        return RESTRICTION
    if recorded.objected and name == OBJECTED_TO and basis != "none_needed":
        return OBJECTION
    return WITHDRAWAL if recorded.withdrawn & bit and basis in REFUSABLE_BASES else ""


def _refusal(bit: int, statements: Sequence[Statement]) -> str:
    """Give the first source that refuses a purpose, or ''."""
    return next((one.source for one in statements if one.refused & bit), "")


def _grant(
    name: str,
    bit: int,
    statements: Sequence[Statement],
    recorded: Recorded,
    policy: Policy,
    site: str,
) -> str:
    """Give the first source that grants a purpose and is accepted for it, or ''."""
    sources = [one.source for one in statements if one.granted & bit]
    if recorded.granted & bit:
        sources.append(RECORD)
    return next((one for one in sources if policy.accepts(one, name, site)), "")
