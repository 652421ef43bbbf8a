"""Everything at once, as a hostile sender would: no exception, no grant, no delay."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.consent.banner_cookies import BANNERS
from collector.consent.evidence import read_evidence
from collector.consent.recorded import NOTHING_RECORDED
from collector.consent.resolution import resolve
from collector.consent.signal import Evidence, Statement
from collector.consent.statements import read_statements, write_statements
from collector.protocols.native_consent import SWITCHES as HANDED_ON
from tests.collector.consent.strings import POLICY, cases, names_of

ACCEPT = cases("tc_strings.json")[0]["text"]

SWITCHES = sorted(HANDED_ON.values())

COOKIES = sorted(
    {name.replace("*", "1") for banner in BANNERS for name in banner.names}
    | {"sanaq_consent", "euconsent-v2", "__gpp"}
)
KEYS = (
    *("purposes", "policy_version", "method", "tcf", "gpp", "gpp_sid", "gcs", "gcd", "npa"),
    *("google", "segment", "rudderstack", "categories", "device"),
)
PARAMETERS = ("gdpr", "gdpr_consent", "gpp", "gpp_sid", "gcs", "gcd", "npa")

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            *("true", "granted", "1", "0", "G111", "11t1t1t1t5", "1YNN", "{", "%7B%7D", "null"),
            *('{"categories":["analytics"]}', "!sanaq=true", "[" * 500, "%25" * 200, '"', "=|:!"),
            *("analytics:1", "consent:yes,action:yes,analytics:yes", "analytics=-1", ACCEPT),
        ]
    ),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), inner)
    ),
    max_leaves=12,
)
evidences = st.builds(
    Evidence,
    st.dictionaries(st.sampled_from(("sec-gpc", "dnt", "cookie")), texts),
    st.dictionaries(st.sampled_from(COOKIES), texts),
    st.dictionaries(st.sampled_from(PARAMETERS), texts),
    st.one_of(anything, st.dictionaries(st.sampled_from(KEYS), anything)),
    st.one_of(anything, st.dictionaries(st.sampled_from(SWITCHES), anything)),
)


def _read(
    consent: object = None,
    cookies: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    device: object = None,
) -> tuple[Statement, ...]:
    return read_evidence(Evidence({}, cookies or {}, query or {}, consent, device), POLICY, "soq")


@settings(max_examples=400, deadline=None)
@given(evidences)
def test_whatever_is_sent_gives_statements_that_make_sense(evidence: Evidence) -> None:
    said = read_evidence(evidence, POLICY, "soq")
    sources = [one.source for one in said]
    assert len(set(sources)) == len(sources)
    assert set(sources) <= set(POLICY.signals), "a source that no policy can speak of"
    for one in said:
        assert not one.granted & one.refused
        assert one.readable or (one.granted, one.refused) == (0, 0)
        assert (one.granted | one.refused) >> len(POLICY.purposes) == 0
    kept = tuple(one for one in said if one.granted or one.refused or not one.readable)
    assert read_statements(write_statements(said)) == kept


@settings(max_examples=200, deadline=None)
@given(evidences, evidences)
def test_a_refusal_is_never_outvoted(one: Evidence, other: Evidence) -> None:
    first, second = (read_evidence(each, POLICY, "soq") for each in (one, other))
    both = resolve((*first, *second), NOTHING_RECORDED, POLICY, "soq").permitted
    for said in (first, second):
        refused = {n for each in said for n in names_of(each.refused)} - {"necessary"}
        assert not refused & set(names_of(both))


@pytest.mark.parametrize(
    "filling", ["A", "1", "%", "%25", "[", '{"a":', "a:1,", "a=1|", "!a=wait", "G111", "é", ACCEPT]
)
def test_a_megabyte_in_every_place_is_unreadable_at_once(filling: str) -> None:
    text = (filling * (1_000_000 // len(filling) + 1))[:1_000_000]
    texts: tuple[dict[str, Any], ...] = (
        *({"consent": {key: text}} for key in KEYS),
        *({"cookies": {name: text}} for name in COOKIES),
        *({"query": {name: text}} for name in PARAMETERS),
        *({"device": {name: text}} for name in SWITCHES),
        {"consent": {"segment": {"categoryPreferences": {text: True}}}},
        {"consent": {"rudderstack": {"allowedConsentIds": [text]}}},
    )
    for sent in texts:
        started = time.thread_time()
        said = _read(**sent)
        assert not any(one.granted for one in said), list(sent)
        assert time.thread_time() - started < 0.25, list(sent)


def test_ten_thousand_categories_say_nothing() -> None:
    many = {f"analytics{n}": True for n in range(10_000)} | {"analytics": True}
    for consent in (
        {"categories": many},
        {"segment": {"categoryPreferences": many}},
        {"rudderstack": {"allowedConsentIds": list(many)}},
    ):
        assert [one.readable for one in _read(consent)] == [False]


@pytest.mark.parametrize(
    ("name", "no", "yes"),
    [
        ("trackingStatus", (0, 1, 2, "denied", "restricted", "notDetermined"), (3, "authorized")),
        ("adTrackingEnabled", (False, "false", 0), (True, "true", 1)),
        ("limitAdTracking", (True, "true", 1), (False, "false", 0)),
    ],
)
def test_the_switches_that_the_native_protocol_hands_on_refuse_and_never_grant(
    name: str, no: tuple[object, ...], yes: tuple[object, ...]
) -> None:
    assert name in SWITCHES
    for value in no:
        (said,) = _read(device={name: value})
        assert said.granted == 0 and "advertising" in names_of(said.refused)
    for value in yes:
        assert _read(device={name: value}) == (Statement("mobile", 0, 0),)
    for value in ({}, [], "maybe", 17, 3.5):
        assert _read(device={name: value}) == (Statement("mobile", 0, 0, readable=False),)


def test_an_advertising_id_of_zeros_refuses_advertising() -> None:
    (said,) = _read(device={"advertising_id": "00000000-0000-0000-0000-000000000000"})
    assert said.granted == 0 and names_of(said.refused) == ["advertising"]
