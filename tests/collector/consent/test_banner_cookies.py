"""Cookies of banners: what each says, and that neither a cut nor a forged one says more."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.banner_cookies import BANNERS
from collector.consent.cookie_text import COOKIE_CHARS_MAX
from collector.consent.signal import Statement
from tests.collector.consent.banners import (
    ALL_BUT_PLACES,
    BOTH,
    CLOSED,
    COOKIEBOT,
    COOKIEYES,
    DIDOMI,
    EXAMPLES,
    ONETRUST,
    ORESTBIDA,
    Example,
    encode,
    read_cookies,
    to_token,
)
from tests.collector.worlds import ALL, bits


def by_source(example: Example) -> str:
    """Name a test by its banner."""
    return example.source


def expect(example: Example) -> Statement:
    """Give the statement that an example makes."""
    refused = bits(*example.refused.split())
    return Statement(example.source, bits(*example.granted.split()) & ~refused, refused)


@pytest.mark.parametrize("example", EXAMPLES, ids=by_source)
def test_what_each_banner_says(example: Example) -> None:
    assert read_cookies(example.cookies) == (expect(example),)


@pytest.mark.parametrize("example", EXAMPLES, ids=by_source)
def test_values_that_were_encoded_twice(example: Example) -> None:
    cookies = example.cookies
    is_plain = not any("%" in value for value in cookies.values())
    for _ in range(2 if is_plain else 1):
        cookies = {name: quote(value, safe="") for name, value in cookies.items()}
        assert read_cookies(cookies) == (expect(example),)


def test_every_banner_has_an_example() -> None:
    assert {one.source for one in EXAMPLES} == {banner.source for banner in BANNERS}


@pytest.mark.parametrize("example", EXAMPLES, ids=by_source)
def test_a_cut_value_never_grants_more(example: Example) -> None:
    whole = expect(example)
    for name, value in example.cookies.items():
        for length in range(len(value)):
            said = read_cookies({**example.cookies, name: value[:length]})
            if name == "mtm_consent_removed" and not length:
                continue
            assert all(one.granted & ~whole.granted == 0 for one in said), value[:length]


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_value_with_other_signs_in_it_is_read_or_counted(
    example: Example, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(example.cookies)))
    signs = list(example.cookies[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(signs) - 1))
        signs[place] = data.draw(st.characters(max_codepoint=0x2FF))
    for one in read_cookies({**example.cookies, name: "".join(signs)}):
        assert one.source == example.source
        assert one.readable or one[1:3] == (0, 0)
        assert not one.granted & one.refused
        assert 0 <= one.granted | one.refused <= ALL


@given(st.sampled_from(BANNERS), st.text(min_size=1, max_size=60))
def test_any_text_is_read_or_counted(banner: object, text: str) -> None:
    names = banner.names  # type: ignore[attr-defined]
    said = read_cookies({name.replace("*", "1"): text for name in names})
    assert all(not one.granted & one.refused for one in said)


UNREADABLE = {
    "cc_cookie": [encode([]), encode({}), encode({"categories": "analytics"}), "analytics", "%"],
    "klaro": [encode(["sanaq"]), encode({"sanaq": "true"}), encode({"sanaq": 1}), "true"],
    "OptanonConsent": ["groups", "x=1", "&".join(["groups=C0002%3A1"] * 100)],
    "CookieConsent": ["true", "{statistics:true", "{}", "{statistics:maybe}", "1"],
    "didomi_token": ["1", "e30=", to_token({"purposes": ["analytics"]}), "ä", to_token([])],
    "_iub_cs-1": ["true", encode({"purposes": {"4": "yes"}}), encode({"consent": 1})],
    "cookieyes-consent": ["yes", "analytics:yes", encode({"analytics": True})],
    "cmplz_statistics": ["1", "true"],
    "c15t": ["c.measurement:1", "c.measurement:1,i.t:", encode({"consents": [1]})],
    "tarteaucitron": ["true", "!sanaq=tru", "sanaq=true", "!sanaq=true!"],
    "cookie_consent": ["true", "analytics=1", "analytics=2026-06-04", "analytics=-"],
    "mtm_consent": ["1", "true", "17953264447270"],
    "usprivacy": ["1YY", "2YYN", "YYYN", "1YYNN", "1Y%4EN!"],
    "cookieconsent_status": ["yes", "denied"],
    "osano_consentmanager": ["Zm9vYmFy"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in UNREADABLE.items() for v in vs])
def test_what_cannot_be_read_is_counted(name: str, value: str) -> None:
    (said,) = read_cookies({name: value, **CLOSED} if name.startswith("Opt") else {name: value})
    assert said == Statement(said.source, 0, 0, readable=False)


@pytest.mark.parametrize("example", EXAMPLES, ids=by_source)
def test_a_value_without_end_is_not_read(example: Example) -> None:
    endless = {name: value + "A" * 1_000_000 for name, value in example.cookies.items()}
    (said,) = read_cookies(endless)
    assert said == Statement(example.source, 0, 0, readable=False)
    short = dict.fromkeys(example.cookies, "A" * COOKIE_CHARS_MAX)
    assert not any(one.granted for one in read_cookies(short))


@pytest.mark.parametrize("example", EXAMPLES, ids=by_source)
def test_an_empty_value_is_none(example: Example) -> None:
    assert read_cookies(dict.fromkeys(example.cookies, "")) == ()


def said_of(cookies: dict[str, str]) -> tuple[int, int]:
    """Give what the only banner of these cookies grants and refuses."""
    (said,) = read_cookies(cookies)
    assert said.readable
    return said.granted, said.refused


@pytest.mark.parametrize(
    "cookies",
    [
        {"OptanonConsent": ONETRUST},
        {"OptanonConsent": ONETRUST.replace("Count=1", "Count=0"), **CLOSED},
        {"cookieyes-consent": COOKIEYES.replace("action:yes", "action:")},
        {"cmplz_banner-status": "show", "cmplz_marketing": "allow"},
        {"tarteaucitron": "!analytics=wait"},
        {"CookieConsent": "-1"},
        {"cookieconsent_status": "dismiss"},
        {"cookieconsent_status": "allow"},
        {"usprivacy": "1YNN"},
        {"usprivacy": "1---"},
    ],
    ids=str,
)
def test_a_banner_that_nobody_answered_says_nothing(cookies: dict[str, str]) -> None:
    assert said_of(cookies) == (0, 0)


def test_an_implied_yes_is_none_and_a_no_stays() -> None:
    implied = COOKIEBOT.replace("explicit", "implied")
    assert said_of({"CookieConsent": implied}) == (0, bits("personalisation", *BOTH.split()))


def test_a_banner_that_asks_again_keeps_the_no() -> None:
    again = ONETRUST.replace("Reconsent=false", "Reconsent=true")
    said = said_of({"OptanonConsent": again, **CLOSED})
    assert said == (0, bits("personalisation", *BOTH.split()))


def test_a_banner_that_saw_the_browsers_signal_refuses() -> None:
    seen = ONETRUST.replace("isGpcEnabled=0", "isGpcEnabled=1").replace("C0004%3A0", "C0004%3A1")
    assert said_of({"OptanonConsent": seen}) == (0, bits(*BOTH.split()))


@pytest.mark.parametrize("end", ["", "&AwaitingReconsent=false"])
def test_an_address_inside_a_value_brings_no_groups(end: str) -> None:
    inner = quote("https://s.example/?a=1&groups=C0002:1,C0004:1&AwaitingReconsent=false", safe="")
    forged = f"interactionCount=1&landingPath={inner}{end}"
    assert not any(one.granted for one in read_cookies({"OptanonConsent": forged, **CLOSED}))
    twice = quote(forged, safe="")
    assert not any(one.granted for one in read_cookies({"OptanonConsent": twice, **CLOSED}))


@pytest.mark.parametrize(
    "cookies",
    [
        {"cc_cookie": json.dumps(ORESTBIDA)[:-1] + ',"categories":[]}'},
        {"klaro": '{"sanaq":false,"sanaq":true}'},
        {"cookieyes-consent": "action:yes,analytics:no,analytics:yes"},
        {"c15t": "c.measurement:0,c.measurement:1,i.t:1795326444727"},
        {"tarteaucitron": "!sanaq=false!sanaq=true"},
        {"cookie_consent": "analytics=-1|analytics=2026-06-04T03:19:30Z"},
        {"CookieConsent": "{statistics:false,statistics:true,method:'explicit'}"},
        {"_iub_cs-1": encode({"consent": False, "purposes": {"4": True}})},
        {"_iub_cs-1": encode({"purposes": {"4": False}}), "_iub_cs-2": encode({"consent": True})},
        {"_iub_cs-1": encode({"purposes": {"4": True}}), "_iub_cs-2": "cut"},
        {"mtm_consent": "1795326444727", "mtm_cookie_consent": "cut"},
        {"OptanonConsent": ONETRUST + "&groups=C0002%3A0", **CLOSED},
    ],
    ids=str,
)
def test_a_value_that_contradicts_itself_grants_no_analytics(cookies: dict[str, str]) -> None:
    (said,) = read_cookies(cookies)
    assert not said.granted & bits("analytics")


def test_one_no_to_everything() -> None:
    everything = bits(*ALL_BUT_PLACES.split())
    assert said_of({"CookieConsent": "0"}) == (0, everything)
    no_cookies = {"purposes": {"enabled": ["analytics"], "disabled": ["cookies"]}}
    assert said_of({"didomi_token": to_token(DIDOMI | no_cookies)}) == (0, everything)


def test_iubendas_one_answer_for_all() -> None:
    optional = bits(*ALL_BUT_PLACES.split())
    assert said_of({"_iub_cs-7": encode({"consent": True})}) == (optional | bits("necessary"), 0)
    assert said_of({"_iub_cs-7": encode({"consent": False})}) == (0, optional)


def test_c15t_as_json() -> None:
    said = {"consents": {"necessary": True, "measurement": True, "marketing": False}}
    assert said_of({"c15t": encode(said)}) == (
        bits("necessary", "analytics"),
        bits(*BOTH.split()),
    )
