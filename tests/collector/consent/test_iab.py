"""Where TC and GPP strings travel, and several of them that disagree."""

from __future__ import annotations

import pytest

from collector.consent.evidence import read_evidence
from collector.consent.signal import Evidence, Statement
from tests.collector.consent.strings import POLICY, cases, names_of

TC = {case["name"]: case["text"] for case in cases("tc_strings.json")}
GPP = {case["name"]: case["text"] for case in cases("gpp_strings.json")}
ACCEPT, REJECT = TC["v2.3 accept all"], TC["v2.3 reject all, LI kept"]
OPTED_OUT = GPP["usnat opted out of sale, sharing and targeted ads"]


def _said(
    consent: object = None,
    query: dict[str, str] | None = None,
    cookies: dict[str, str] | None = None,
) -> dict[str, Statement]:
    evidence = Evidence({}, cookies or {}, query or {}, consent, None)
    return {one.source: one for one in read_evidence(evidence, POLICY, "soq")}


@pytest.mark.parametrize(
    ("source", "key", "parameter", "cookie", "text"),
    [
        ("tcf", "tcf", "gdpr_consent", "euconsent-v2", ACCEPT),
        ("gpp", "gpp", "gpp", "__gpp", OPTED_OUT),
    ],
)
def test_a_string_is_read_from_the_payload_the_query_and_the_cookie(
    source: str, key: str, parameter: str, cookie: str, text: str
) -> None:
    everywhere = [_said({key: text}), _said(query={parameter: text}), _said(cookies={cookie: text})]
    assert everywhere[0] == everywhere[1] == everywhere[2]
    said = everywhere[0][source]
    assert said.readable and (said.granted or said.refused)
    assert _said(cookies={cookie: text.replace("~", "%7E")})[source] == said


def test_nothing_sent_is_no_statement() -> None:
    nothing: tuple[object, ...] = (None, {}, {"tcf": "", "gpp": None}, [], "tcf", 7)
    for consent in nothing:
        assert _said(consent) == {}


def test_strings_that_disagree_refuse() -> None:
    said = _said({"tcf": ACCEPT}, cookies={"euconsent-v2": REJECT})["tcf"]
    assert said.granted == 0
    assert names_of(said.refused)[:2] == ["analytics", "advertising"]


@pytest.mark.parametrize("wrong", [REJECT[:-40], 7, {"a": 1}, "A" * 1_000_000])
def test_a_string_beside_one_that_cannot_be_read_grants_nothing(wrong: object) -> None:
    assert _said({"tcf": wrong})["tcf"] == Statement("tcf", 0, 0, readable=False)
    beside = _said({"tcf": wrong}, cookies={"euconsent-v2": ACCEPT})["tcf"]
    assert beside == Statement("tcf", 0, 0, readable=False)
    refused = _said({"tcf": wrong}, cookies={"euconsent-v2": REJECT})["tcf"]
    assert refused.granted == 0 and "analytics" in names_of(refused.refused)
