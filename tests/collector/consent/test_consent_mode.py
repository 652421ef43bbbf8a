"""Google consent mode: what each form says, and that a default is nobody's consent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.consent_mode import TYPES, read_consent_mode
from collector.consent.signal import Evidence, Statement
from tests.collector.worlds import ALL, POLICY, bits


def read(consent: object = None, **query: str) -> Statement | None:
    """Give what a consent object and a query say."""
    return read_consent_mode(Evidence({}, {}, query, consent, None), POLICY, "soq")


def say(granted: str = "", refused: str = "") -> Statement:
    """Give the statement of consent mode that grants and refuses these purposes."""
    return Statement("consent_mode", bits(*granted.split()), bits(*refused.split()))


UNREADABLE = Statement("consent_mode", 0, 0, readable=False)
EVERY = dict.fromkeys(TYPES, "granted")
BOTH = "advertising partner_sharing"


@pytest.mark.parametrize(
    ("gcs", "said"),
    [
        ("G100", say("", "analytics advertising")),
        ("G101", say("analytics", "advertising")),
        ("G110", say("advertising", "analytics")),
        ("G111", say("analytics advertising")),
        ("G1--", say()),
        ("G1-1", say("analytics")),
        ("", None),
        ("G", UNREADABLE),
        ("G1", UNREADABLE),
        ("G11", UNREADABLE),
        ("G1111", UNREADABLE),
        ("G211", UNREADABLE),
        ("111", UNREADABLE),
        ("G1" + "1" * 1_000_000, UNREADABLE),
    ],
    ids=lambda value: str(value)[:20],
)
def test_gcs(gcs: str, said: Statement | None) -> None:
    assert read(gcs=gcs) == said
    assert read({"gcs": gcs}) == said


@pytest.mark.parametrize(
    ("gcd", "said"),
    [
        ("13r3r3r3r5l1", say(f"analytics {BOTH}")),
        ("13n3n3n3n5", say(f"analytics {BOTH}")),
        ("13v3v3v3v5", say(f"analytics {BOTH}")),
        ("11t1t1t1t5", say()),
        ("11l1l1l1l5", say()),
        ("11p1p1p1p5", say("", f"analytics {BOTH}")),
        ("11q1r1q1q5", say("analytics", BOTH)),
        ("11m1m1m1m5", say("", f"analytics {BOTH}")),
        ("11u1v1v1v5", say("analytics partner_sharing", "advertising")),
        ("11v1v1v1u5", say("analytics partner_sharing", "advertising")),
        ("11v1l1u1v5", say("", BOTH)),
        ("11x1y1z1a5", say()),
        ("13r3r3r3r", UNREADABLE),
        ("13r3r3r", UNREADABLE),
        ("13R3R3R3R5", UNREADABLE),
        ("13r3r3r3r5" + "l" * 100, UNREADABLE),
    ],
    ids=lambda value: str(value)[:20],
)
def test_gcd(gcd: str, said: Statement) -> None:
    assert read(gcd=gcd) == said
    assert read({"gcd": gcd}) == said


@pytest.mark.parametrize(
    ("google", "said"),
    [
        (EVERY, say(f"analytics {BOTH}")),
        ({"analytics_storage": "granted", "ad_storage": "denied"}, say("analytics", "advertising")),
        ({"ad_user_data": "denied"}, say("", BOTH)),
        ({"ad_personalization": "granted"}, say()),
        ({"ad_storage": "granted", "ad_personalization": "denied"}, say("", "advertising")),
        ({"personalization_storage": "GRANTED"}, say("personalisation")),
        ({"security_storage": "granted", "ad_storage": True}, say("necessary")),
        ({}, say()),
        ({"analytics_storage": True}, UNREADABLE),
        ({"analytics": "granted"}, UNREADABLE),
        ("granted", UNREADABLE),
        ([EVERY], UNREADABLE),
    ],
    ids=str,
)
def test_states_by_name(google: Any, said: Statement) -> None:
    assert read({"google": google}) == said


@pytest.mark.parametrize(
    ("npa", "said"),
    [
        ("1", say("", "advertising")),
        (1, say("", "advertising")),
        (True, say("", "advertising")),
        ("0", say()),
        (False, say()),
        ("yes", UNREADABLE),
        (7, UNREADABLE),
        ([], UNREADABLE),
    ],
    ids=repr,
)
def test_adverts_without_profiles(npa: Any, said: Statement) -> None:
    assert read({"npa": npa}) == said


def test_a_default_is_nobodys_consent_however_it_is_told() -> None:
    assert read({"google": EVERY}, gcs="G111", gcd="11t1t1t1t5") == say()
    assert read(gcs="G111", gcd="11t1t1t1t") == Statement("consent_mode", 0, 0)


def test_a_refusal_wins_in_whatever_form() -> None:
    assert read({"google": EVERY}, gcs="G100") == say("partner_sharing", "analytics advertising")
    assert read({"gcs": "G111"}, gcs="G101") == say("analytics", "advertising")
    assert read(gcd="13r3r3r3r5", npa="1") == say("analytics partner_sharing", "advertising")
    assert read({"google": "?"}, gcs="G101") == say("", "advertising")


def test_nothing_was_sent() -> None:
    assert read() is None
    assert read({"purposes": {}}) is None
    assert read("text") is None


@pytest.mark.parametrize("whole", ["13r3r3r3r5l1", "11q1r1q1q5", "G111", "G100"])
def test_a_cut_code_grants_nothing(whole: str) -> None:
    for length in range(1, len(whole)):
        said = read(gcd=whole[:length], gcs=whole[:length])
        assert said is not None
        assert not said.granted or whole[:length].startswith("13r3r3r3r5")


values = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just("granted")


@given(
    st.dictionaries(st.sampled_from(["gcs", "gcd", "npa", "google"]), values),
    st.dictionaries(st.sampled_from([*TYPES, "x"]), values),
    st.dictionaries(st.sampled_from(["gcs", "gcd", "npa"]), st.text(max_size=12)),
)
def test_whatever_is_sent(sent: dict[str, Any], google: dict[str, Any], query: Any) -> None:
    for consent in (sent, sent | {"google": google}):
        said = read(consent, **query)
        if said is not None:
            assert not said.granted & said.refused
            assert 0 <= said.granted | said.refused <= ALL
            assert said.readable or said == UNREADABLE
