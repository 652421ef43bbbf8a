"""Categories of a banner, such as `statistics`: the purposes that a yes or no to each speaks of.

Banners ask about categories, each with names of its own. `DEFAULTS` knows the usual ones; the
policy's `[signals.<source>] categories` goes before it, and before that of `[signals.banner]`,
which holds for every banner. No usual category speaks of *geolocation*, except one that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from collector.consent.bits import to_bits
from collector.consent.signal import Evidence, Statement
from config.policy import Policy

Choices = dict[str, bool]
"""Category -> granted or refused, as a banner keeps it."""

COMMON = "banner"
"""The source whose categories hold for every banner: what the page hands on in `categories`."""

CATEGORIES_MAX = 200
"""Most categories of one source; with more, none is looked at."""

NECESSARY, DIAGNOSTICS, ANALYTICS = ("necessary",), ("diagnostics",), ("analytics",)
PERSONALISATION, PARTNERS, PLACE = ("personalisation",), ("partner_sharing",), ("geolocation",)
ADVERTISING, MARKETING = ("advertising",), ("advertising", "partner_sharing")

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("necessary", "essential", "strictly_necessary", "c0001"), NECESSARY),
    **dict.fromkeys(("performance", "diagnostics"), DIAGNOSTICS),
    **dict.fromkeys(
        ("analytics", "analytical", "statistics", "measurement", "c0002", "sanaq"), ANALYTICS
    ),
    **dict.fromkeys(("market_research", "measure_content_performance"), ANALYTICS),
    **dict.fromkeys(
        ("functional", "functionality", "preferences", "experience", "c0003"), PERSONALISATION
    ),
    **dict.fromkeys(("personalisation", "personalization"), PERSONALISATION),
    **dict.fromkeys(
        ("content_personalization", "create_content_profile", "select_personalized_content"),
        PERSONALISATION,
    ),
    **dict.fromkeys(("marketing", "targeting", "advertisement", "c0004", "sale"), MARKETING),
    **dict.fromkeys(("advertising", "ads", "ad_delivery", "select_basic_ads"), ADVERTISING),
    **dict.fromkeys(("advertising_personalization", "create_ads_profile"), ADVERTISING),
    **dict.fromkeys(("select_personalized_ads", "measure_ad_performance"), ADVERTISING),
    **dict.fromkeys(("social", "c0005", "partner_sharing"), PARTNERS),
    **dict.fromkeys(("geolocation", "geolocation_data"), PLACE),
}
"""Category in lower case -> purposes. `sanaq` is the service's own name in banners that list
services; a yes to another service is none to this one."""


def weigh_choices(
    source: str, choices: Mapping[str, bool] | None, policy: Policy, site: str
) -> Statement:
    """Give what choices say of the policy's purposes; None is what could not be read.

    Of several categories that speak of one purpose, a refusal beats a grant. Categories that
    nobody mapped say nothing.
    """
    if choices is None or len(choices) > CATEGORIES_MAX:
        return Statement(source, 0, 0, readable=False)
    own = policy.signal_rule(source, site).categories or {}
    common = policy.signal_rule(COMMON, site).categories or {}
    granted = refused = 0
    for category, answer in choices.items():
        usual = common.get(category, DEFAULTS.get(category.lower(), ()))
        bits = to_bits(policy, own.get(category, usual))
        if answer:
            granted |= bits
        else:
            refused |= bits
    return Statement(source, granted & ~refused, refused)


def read_categories(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read `categories` of the payload's consent object: {category: true or false}."""
    said = _member(evidence, "categories")
    return None if said is None else weigh_choices(COMMON, _read_answers(said), policy, site)


def read_segment(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read `segment` of the consent object: `categoryPreferences`, {category: true or false}."""
    said = _member(evidence, "segment")
    if said is None:
        return None
    answers = said.get("categoryPreferences") if isinstance(said, dict) else None
    return weigh_choices("segment", _read_answers(answers), policy, site)


def read_rudderstack(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read `rudderstack` of the consent object: `allowedConsentIds` and `deniedConsentIds`."""
    said = _member(evidence, "rudderstack")
    if said is None:
        return None
    choices: Choices | None = None
    if isinstance(said, dict):
        allowed, denied = said.get("allowedConsentIds"), said.get("deniedConsentIds")
        if isinstance(allowed, list) or isinstance(denied, list):
            choices = join_answers(allowed, denied)
    return weigh_choices("rudderstack", choices, policy, site)


def join_lists(allowed: Iterable[object], denied: Iterable[object]) -> Choices:
    """Give the choices of two lists of categories; one that stands in both is refused."""
    choices = {one: True for one in allowed if isinstance(one, str)}
    return choices | {one: False for one in denied if isinstance(one, str)}


def join_answers(allowed: object, denied: object) -> Choices | None:
    """Give the choices of two lists as they were sent; None where they cannot be read.

    Where one of them is no list, nobody knows what it would have said: then there is no yes.
    """
    is_whole = all(one is None or isinstance(one, list) for one in (allowed, denied))
    choices = join_lists(_as_list(allowed) if is_whole else (), _as_list(denied))
    return choices if is_whole or choices else None


def _member(evidence: Evidence, key: str) -> Any:
    """Give a member of the payload's consent object, None where it is absent."""
    return evidence.consent.get(key) if isinstance(evidence.consent, dict) else None


def _read_answers(answers: object) -> Choices | None:
    """Give the literal yes and no of an object, None where there is no such object or answer."""
    if not isinstance(answers, dict):
        return None
    choices = {name: answer for name, answer in answers.items() if isinstance(answer, bool)}
    return None if answers and not choices else choices


def _as_list(value: object) -> list[object]:
    """Give a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []
