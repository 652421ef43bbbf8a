"""Every source of consent is named in the policy, and no reader fails on anything."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.consent.evidence import READERS, read_evidence
from collector.consent.signal import Evidence
from collector.consent.statements import read_statements, write_statements
from tests.collector.consent.banners import EXAMPLES
from tests.collector.worlds import ALL, POLICY

COOKIES = {name: value for one in EXAMPLES for name, value in one.cookies.items()}
CONSENT = {
    "purposes": {"analytics": True},
    "tcf": "C",
    "gpp": "D",
    "gcs": "G111",
    "categories": {"analytics": True},
    "segment": {"categoryPreferences": {"C0002": True}},
    "rudderstack": {"allowedConsentIds": ["C0002"]},
}
FULL = Evidence(
    {"sec-gpc": "1", "dnt": "1"},
    COOKIES | {"sanaq_consent": "%7B%22purposes%22%3A%7B%22analytics%22%3Atrue%7D%7D"},
    {"gcs": "G111"},
    CONSENT,
    {"attTrackingStatus": 2},
)
"""Something from every source at once; a new reader adds its own here."""


def test_every_source_stands_in_the_policy() -> None:
    sources = []
    for read in READERS:
        said = read(FULL, POLICY, "soq")
        assert said is not None, "add what this reader reads to FULL"
        sources.append(said.source)
    assert len(set(sources)) == len(sources)
    assert set(sources) | {"record"} == set(POLICY.signals)


def test_sources_that_only_refuse_are_accepted_for_nothing() -> None:
    for source in ("gpc", "dnt", "mobile", "usprivacy", "osano"):
        assert not any(POLICY.accepts(source, purpose) for purpose in POLICY.purposes)


def test_statements_of_every_source_are_carried_whole() -> None:
    said = read_evidence(FULL, POLICY, "soq")
    assert read_statements(write_statements(said)) == said


texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(sorted(COOKIES)), texts),
    st.dictionaries(st.sampled_from(["gcs", "gcd", "npa", "gpp", "gdpr_consent"]), texts),
    st.dictionaries(st.sampled_from([*CONSENT, "google", "gcd", "npa", "device"]), values),
    values,
)
def test_whatever_is_sent_is_read_or_counted(
    cookies: dict[str, str], query: dict[str, str], consent: dict[str, Any], device: Any
) -> None:
    for one in read_evidence(Evidence({}, cookies, query, consent, device), POLICY, "soq"):
        assert one.source in POLICY.signals
        assert not one.granted & one.refused
        assert 0 <= one.granted | one.refused <= ALL
        assert one.readable or one[1:3] == (0, 0)
