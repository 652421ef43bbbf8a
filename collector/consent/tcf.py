"""What a TC string says of our purposes: as the publisher, or as one of its vendors.

Source: IAB TCF policies, purposes 1 to 11 and special feature 1; the mapping is argued in
docs/consent-signals.md. A valid string is an answer: of the purposes it can speak of, what it does
not grant it refuses. An invalid one says nothing.
"""

from __future__ import annotations

from collector.consent.bit_reader import Unreadable
from collector.consent.bits import to_bits
from collector.consent.signal import Signal
from collector.consent.tcf_string import TcString, decode_tc_string
from config.policy import Policy

STORE_AND_ACCESS = 1
"""Purpose without which no id may be kept on a device."""

NEEDS: dict[str, tuple[frozenset[int], ...]] = {
    "analytics": (frozenset({1, 8}), frozenset({1, 9})),
    "advertising": (frozenset({1, 2, 7}),),
    "personalisation": (frozenset({1, 5, 6}),),
}
"""Purpose of ours -> sets of the framework's purposes, any one of which is enough."""

PRECISE_LOCATION = 1
"""Special feature: precise geolocation."""

INTEREST_PURPOSES = frozenset({2, 7, 8, 9, 10, 11})
"""Purposes that may rest on legitimate interest since version 2.2."""

DISCLOSED_SINCE_POLICY = 5
DISCLOSED_SINCE_DS = 17_722_368_000
"""From this policy version, and from 28 February 2026, the disclosed vendors must be named."""

FORBIDDEN, INTEREST_ONLY = 0, 2
"""Kinds of restriction under which a vendor may not rest on consent."""

INTEREST_BASES = frozenset({"legitimate_interest", "opt_out"})
"""Bases under which an interest that was not objected to is no refusal."""


def read_tc_string(text: str, policy: Policy, site: str) -> Signal:
    """Give what a TC string says of each purpose.

    Errors: Unreadable where it is none, or one that its framework calls invalid.
    """
    said = decode_tc_string(text)
    _check(said)
    vendor = policy.signal_rule("tcf", site).vendor_id
    consents = _consents_of(said, vendor)
    granted = {name for name, needs in NEEDS.items() if any(need <= consents for need in needs)}
    refused = {
        name
        for name in NEEDS.keys() - granted
        if policy.legal_basis(name, site) not in INTEREST_BASES
        or not _interests_suffice(said, name, consents)
    }
    may_locate = PRECISE_LOCATION in said.special_features and _serves(said, vendor)
    (granted if may_locate else refused).add("geolocation")
    if vendor is not None and _serves(said, vendor) and STORE_AND_ACCESS in consents:
        granted.add("partner_sharing")
    elif vendor is not None or STORE_AND_ACCESS not in consents:
        refused.add("partner_sharing")
    return Signal(to_bits(policy, granted), to_bits(policy, refused))


def _check(said: TcString) -> None:
    """See that a string is one that its framework lets anyone rely on.

    Errors: Unreadable for global scope, which was withdrawn, for a string of 2.3 that does not name
    whom the person was shown, and for one that was changed before it was made.
    """
    needs_disclosed = (
        said.policy_version >= DISCLOSED_SINCE_POLICY or said.created_ds >= DISCLOSED_SINCE_DS
    )
    if (
        not said.is_service_specific
        or (needs_disclosed and said.disclosed is None)
        or said.updated_ds < said.created_ds
    ):
        raise Unreadable


def _consents_of(said: TcString, vendor: int | None) -> frozenset[int]:
    """Give the purposes that the person lets us rest on consent, as publisher or as vendor."""
    if vendor is None:
        return said.consents if said.publisher_consents is None else said.publisher_consents
    if not _serves(said, vendor):
        return frozenset()
    barred = {
        one.purpose
        for one in said.restrictions
        if one.kind in (FORBIDDEN, INTEREST_ONLY) and one.vendors.has(vendor)
    }
    return said.consents - barred


def _serves(said: TcString, vendor: int | None) -> bool:
    """Tell whether a vendor was shown and consented to; the publisher always is."""
    if vendor is None:
        return True
    was_shown = said.disclosed is None or said.disclosed.has(vendor)
    return was_shown and said.vendor_consents.has(vendor)


def _interests_suffice(said: TcString, name: str, consents: frozenset[int]) -> bool:
    """Tell whether consent and interests that were not objected to suffice for a purpose."""
    shown = said.interests if said.publisher_interests is None else said.publisher_interests
    held = consents | (shown & INTEREST_PURPOSES)
    return any(need <= held | {STORE_AND_ACCESS} for need in NEEDS[name])
