"""Categories: what each speaks of, what a site maps otherwise, and the objects that carry them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.categories import CATEGORIES_MAX, DEFAULTS, weigh_choices
from collector.consent.evidence import read_evidence
from collector.consent.signal import Evidence, Statement
from config.policy_rules import SignalRule, SiteRule
from tests.collector.worlds import ALL, POLICY, bits

MARKETING = "advertising partner_sharing"


def read(consent: object) -> tuple[Statement, ...]:
    """Give what a consent object says."""
    return read_evidence(Evidence({}, {}, {}, consent, None), POLICY, "soq")


def say(source: str, granted: str = "", refused: str = "") -> Statement:
    """Give a statement of purposes by name."""
    return Statement(source, bits(*granted.split()), bits(*refused.split()))


def unreadable(source: str) -> Statement:
    """Give the statement of a source that could not be read."""
    return Statement(source, 0, 0, readable=False)


@pytest.mark.parametrize(
    ("consent", "said"),
    [
        (
            {"categories": {"analytics": True, "ads": False}},
            say("banner", "analytics", "advertising"),
        ),
        ({"categories": {"Marketing": False}}, say("banner", "", MARKETING)),
        ({"categories": {"ours": True}}, say("banner")),
        ({"categories": {}}, say("banner")),
        ({"categories": {"analytics": "true"}}, unreadable("banner")),
        ({"categories": {"analytics": 1}}, unreadable("banner")),
        ({"categories": ["analytics"]}, unreadable("banner")),
        ({"categories": False}, unreadable("banner")),
        (
            {"categories": {"preferences": True, "functional": False}},
            say("banner", "", "personalisation"),
        ),
        ({"categories": {"analytics": 1, "ads": False}}, say("banner", "", "advertising")),
        (
            {"segment": {"categoryPreferences": {"C0002": True, "C0004": False}}},
            say("segment", "analytics", MARKETING),
        ),
        ({"segment": {"categoryPreferences": ["C0002"]}}, unreadable("segment")),
        ({"segment": {"C0002": True}}, unreadable("segment")),
        ({"segment": "C0002"}, unreadable("segment")),
        (
            {"rudderstack": {"allowedConsentIds": ["C0002"], "deniedConsentIds": ["C0003"]}},
            say("rudderstack", "analytics", "personalisation"),
        ),
        (
            {"rudderstack": {"allowedConsentIds": ["C0002"], "deniedConsentIds": ["C0002"]}},
            say("rudderstack", "", "analytics"),
        ),
        ({"rudderstack": {"deniedConsentIds": ["C0002", 7]}}, say("rudderstack", "", "analytics")),
        ({"rudderstack": {"allowedConsentIds": "C0002"}}, unreadable("rudderstack")),
        ({"rudderstack": ["C0002"]}, unreadable("rudderstack")),
    ],
    ids=str,
)
def test_objects_of_a_payload(consent: Any, said: Statement) -> None:
    assert read(consent) == (said,)


def test_none_of_them_was_sent() -> None:
    assert read({"categories": None, "segment": None, "rudderstack": None}) == ()
    assert read([{"categories": {"analytics": True}}]) == ()


def test_endless_categories_are_not_read() -> None:
    many = {f"c{n}": True for n in range(CATEGORIES_MAX)} | {"analytics": True}
    assert read({"categories": many}) == (unreadable("banner"),)


def test_what_a_site_maps_goes_before_what_is_usual() -> None:
    rules = {
        "banner": SignalRule(categories={"ads": ("personalisation",), "audience": ("analytics",)}),
        "klaro": SignalRule(categories={"audience": ("diagnostics",)}),
    }
    sites = {"own": SiteRule(signals={"klaro": SignalRule(categories={"audience": ()})})}
    policy = POLICY.model_copy(update={"signals": rules, "sites": sites})
    asked = {"ads": True, "audience": True, "marketing": False}

    def weigh(source: str, site: str) -> Statement:
        return weigh_choices(source, asked, policy, site)

    assert weigh("banner", "soq") == say("banner", "personalisation analytics", MARKETING)
    assert weigh("onetrust", "soq") == say("onetrust", "personalisation analytics", MARKETING)
    assert weigh("klaro", "soq") == say("klaro", "personalisation diagnostics", MARKETING)
    assert weigh("klaro", "own") == say("klaro", "personalisation", MARKETING)


def test_only_a_category_that_says_so_speaks_of_places() -> None:
    speaking = {name for name, purposes in DEFAULTS.items() if "geolocation" in purposes}
    assert speaking == {"geolocation", "geolocation_data"}
    sources = set(POLICY.signals) - {"native", "cookie", "record", "tcf", "gpp"}
    assert not any(POLICY.accepts(source, "geolocation", "soq") for source in sources)


def test_usual_categories_speak_of_purposes_that_there_are() -> None:
    assert {one for purposes in DEFAULTS.values() for one in purposes} <= set(POLICY.purposes)
    assert all(name == name.lower() for name in DEFAULTS)


answers = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.none())
names = st.sampled_from([*DEFAULTS, "C0002", "other"]) | st.text(max_size=8)
objects = st.dictionaries(names, answers) | answers | st.lists(names)


@given(
    st.dictionaries(st.sampled_from(["categories", "segment", "rudderstack"]), objects),
    st.fixed_dictionaries({"categoryPreferences": objects}),
    st.dictionaries(st.sampled_from(["allowedConsentIds", "deniedConsentIds"]), objects),
)
def test_whatever_is_sent(sent: dict[str, Any], segment: Any, rudderstack: Any) -> None:
    for consent in (sent, {"segment": segment, "rudderstack": rudderstack}):
        for one in read(consent):
            assert not one.granted & one.refused
            assert 0 <= one.granted | one.refused <= ALL
            assert one.readable or one == unreadable(one.source)
