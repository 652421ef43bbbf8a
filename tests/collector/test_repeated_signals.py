"""What is said twice grants nothing that it also denies: cookies, parameters, keys and lists."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from collector.consent.evidence import Evidence, read_evidence
from collector.consent.json_object import read_json
from collector.consent.request import COOKIES_MAX, VALUES_MAX, read_request
from collector.consent.signal import Statement
from collector.outcomes import BadRequest
from collector.protocols.bodies import read_object
from collector.protocols.native import decode_events
from collector.protocols.segment import decode_one
from tests.collector.worlds import POLICY, TERMS, bits, post, said_by, sender

ANALYTICS = bits("analytics")
BOTH = bits("analytics", "personalisation")
DENIES = '{"categoryPreferences": {"analytics": false}}'
YES, NO = '{"purposes": {"analytics": true}}', '{"purposes": {"analytics": false}}'


def klaro(**services: bool) -> str:
    """Give Klaro's cookie with these answers."""
    return "klaro=" + quote(json.dumps(services))


def said_in(header: str = "", query: str = "") -> list[Statement]:
    """Give what a request says by its cookies and its query."""
    return list(read_request({"cookie": header}, query, POLICY, "soq"))


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_cookies_the_refusal_counts(order: int) -> None:
    pair = [klaro(sanaq=True, functional=True), klaro(sanaq=False, functional=True)][::order]
    granted = bits("personalisation")
    assert said_in("; ".join(pair)) == [Statement("klaro", granted, ANALYTICS)]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (klaro(sanaq=True), Statement("klaro", ANALYTICS, 0)),
        (klaro(functional=True), Statement("klaro", 0, 0)),
        ("klaro=", Statement("klaro", 0, 0)),
        ("klaro=%7B%22sanaq", Statement("klaro", 0, 0, readable=False)),
    ],
)
def test_of_two_cookies_only_what_both_grant_is_granted(
    order: int, other: str, said: Statement
) -> None:
    assert said_in("; ".join([klaro(sanaq=True), other][::order])) == [said]


def test_more_values_than_are_looked_at_grant_nothing() -> None:
    yes = [klaro(sanaq=True, **{f"other{n}": True}) for n in range(VALUES_MAX)]
    assert said_in("; ".join(yes)) == [Statement("klaro", ANALYTICS, 0)]
    assert said_in("; ".join([*yes, klaro(sanaq=False)])) == [Statement("klaro", 0, 0)]


def test_the_same_cookie_many_times_is_read_once() -> None:
    many = "; ".join([klaro(sanaq=True)] * COOKIES_MAX)
    assert said_in(many) == [Statement("klaro", ANALYTICS, 0)]


@pytest.mark.parametrize("query", ["gcs=G111&gcs=G100", "gcs=G100&gcs=G111"])
def test_of_two_parameters_the_refusal_counts(query: str) -> None:
    (said,) = said_in(query=query)
    assert said == Statement("consent_mode", 0, bits("analytics", "advertising"))


def test_a_list_that_is_there_twice_takes_the_other_list_s_yes_away() -> None:
    lists = '{"rudderstack": {"allowedConsentIds": ["analytics"], "deniedConsentIds": %s}}'
    for denied in ('["analytics"], "deniedConsentIds": []', '"analytics"', '{"analytics": true}'):
        sent = read_json((lists % denied).encode())
        (said,) = read_evidence(Evidence({}, {}, {}, sent, None), POLICY, "soq")
        assert said == Statement("rudderstack", 0, 0, readable=False)
    sent = read_json((lists.replace('["analytics"]', "7") % '["analytics"]').encode())
    (said,) = read_evidence(Evidence({}, {}, {}, sent, None), POLICY, "soq")
    assert said == Statement("rudderstack", 0, ANALYTICS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("didomi_token",
         '{"purposes": {"enabled": ["analytics"], "disabled": ["analytics"], "disabled": []}}'),
        ("didomi_token", '{"purposes": {"enabled": ["analytics"], "disabled": "analytics"}}'),
        ("cc_cookie", '{"categories": ["analytics"], "services": ["analytics"]}'),
        ("_iub_cs-7", '{"purposes": [4], "purposes": [], "consent": true}'),
        ("_iub_cs-7", '{"purposes": "none", "consent": true}'),
    ],
)  # fmt: skip
def test_a_banner_s_member_of_another_form_grants_nothing(name: str, value: str) -> None:
    raw = base64.b64encode(value.encode()).decode() if name == "didomi_token" else quote(value)
    (said,) = said_in(f"{name}={raw}")
    assert said.granted == 0


@pytest.mark.parametrize("key", ['"consent"', '"cons\\u0065nt"', '"\\u0063onsent"'])
@pytest.mark.parametrize("name", ["a", "a\\ud800", "a\udcff"])
def test_a_key_spelled_otherwise_or_beside_a_broken_text_is_the_same_key(
    key: str, name: str
) -> None:
    """`\\udcff` stands for a byte that is no UTF-8."""
    own = f'{{"events": [{{"name": "{name}", "consent": {NO}, {key}: {YES}}}]}}'
    whole = f'{{"consent": {NO}, {key}: {YES}, "x": "{name}", "events": [{{"name": "a"}}]}}'
    for body in (own, whole):
        decoded = decode_events(post(body.encode("utf-8", "surrogateescape")), sender(), TERMS)
        assert [said_by(one) for one in decoded.events] == [(0, ANALYTICS)]


def test_an_escaped_letter_elsewhere_changes_nothing() -> None:
    event = '{"name": "\\u0061", "properties": {"x": "\\u0062"}}'
    body = f'{{"consent": {YES}, "events": [{event}, {event[:-1]}, "consent": {NO}}}]}}'
    decoded = decode_events(post(body.encode()), sender(), TERMS)
    assert [said_by(one) for one in decoded.events] == [(ANALYTICS, 0), (0, ANALYTICS)]


@pytest.mark.parametrize(
    "said",
    [
        '"consent": {"categoryPreferences": {"analytics": false, "analytics": true}}',
        f'"consent": {DENIES}, "c\\u006fnsent": {DENIES.replace("false", "true")}',
    ],
)
@pytest.mark.parametrize("name", ["a", "a\\ud800"])
def test_a_vendor_s_body_is_read_as_carefully(said: str, name: str) -> None:
    body = f'{{"type": "track", "event": "{name}", "anonymousId": "d-1", "context": {{{said}}}}}'
    decoded = decode_one(post(body.encode(), path="/v1/track"), sender(), TERMS)
    assert [said_by(one) for one in decoded.events] == [(0, ANALYTICS)]


def test_a_vendor_s_body_that_nobody_can_read_twice_is_none() -> None:
    """A careful reader that gives up must not leave the word to a careless one."""
    deep = "[" * 900 + "]" * 900
    body = f'{{"consent": {{"analytics": false}}, "consent": {{"analytics": true}}, "x": {deep}}}'
    try:
        found = read_object(body.encode())
    except BadRequest as fault:
        assert fault.reason == "body_too_deep"
    else:
        assert found["consent"] == {"analytics": False}
