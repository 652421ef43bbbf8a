"""An event's own identifiers, found however they are written."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from collector.own_ids import REMOVED, ROUNDS_MAX, OwnIds
from collector.unfold import is_odd
from tests.collector.worlds import CHROME

DEVICE = "5D3A6F2E-5F65-4B8E-9C5F-0A3F2D4B7C11"
ADDRESS = "95.56.10.20"


def of(*identifiers: str, address: str = ADDRESS, agent: str = CHROME) -> OwnIds:
    return OwnIds.of("\x1f".join(identifiers), address, agent)


@pytest.mark.parametrize(
    ("identifier", "text", "mended"),
    [
        ("u-1842", "/users/u-1842/ads", "/users/[own_id]/ads"),
        ("u-1842", "/users/U-1842x", "/users/[own_id]x"),
        ("u-1842", "u-1842u-1842", "[own_id][own_id]"),
        ("u-1842", "nothing here", "nothing here"),
        ("abc", "abc abcd xabc abc.", "[own_id] abcd xabc [own_id]."),
        ("ab", "ab stays: it would match everywhere", "ab stays: it would match everywhere"),
        ("seller-1842c", "это ѕеllеr-1842с, СЕller", "это [own_id], СЕller"),
        ("seller-1842c", "SELLЕR-1842С!", "[own_id]!"),
        ("айгүл-7", "привет, АЙГҮЛ-7!", "привет, [own_id]!"),
        (DEVICE, f"d={DEVICE.lower()}&x", "d=[own_id]&x"),
        (DEVICE, f"d={DEVICE.lower().replace('-', '')}", "d=[own_id]"),
        (DEVICE.replace("-", ""), f"d={DEVICE}", "d=[own_id]"),
        ("u 1842", "/x?q=u%201842", "/x?q=[own_id]"),
        ("u-1842", "/x?q=%75%2D1842", "/x?q=[own_id]"),
        ("u-1842", "/x?q=u%252D1842", "/x?q=[own_id]"),
        ("u-1842", r"{\"id\":\"u\u002d1842\"}", r"{\"id\":\"[own_id]\"}"),
        ("u-1842", "u&#45;1842", "[own_id]"),
        ("u-1842", "u\u200b-1842", "[own_id]"),
        ("u-1842", "u-\uff11\uff18\uff14\uff12", "[own_id]"),
        ('a"b\\c1842', r'{"id":"a\"b\\c1842"}', '{"id":"[own_id]"}'),
        ("İstanbul-1", "İSTANBUL-1 İstanbul-1", "[own_id] [own_id]"),
        ("u-1842", ADDRESS + " via " + CHROME, "[own_id] via [own_id]"),
        ("u-1842", "95-56-10-20.pool.example/95_56_10_20", "[own_id].pool.example/[own_id]"),
        ("Jos\u00e9-1842", "/Jose\u0301-1842/jos\u00e9-1842", "/[own_id]/[own_id]"),
        ("Jose\u0301-1842", "/Jose\u0301-1842/jos\u00e9-1842", "/[own_id]/[own_id]"),
        ("Сергей-1842", "сергеи\u0306-1842", "[own_id]"),
    ],
)
def test_replacing(identifier: str, text: str, mended: str) -> None:
    own_ids = of(identifier)
    assert own_ids.replace_in(text) == mended
    assert own_ids.occur_in(text) or mended == text
    assert own_ids.replace_in(mended) == mended


@pytest.mark.parametrize(
    ("address", "agent", "text"),
    [
        ("127.0.0.1", CHROME, "127.0.0.1:8080"),
        ("::1", CHROME, "http://[::1]/"),
        (ADDRESS, "posthog-python/7.91.1", "posthog-python/7.91.1"),
        (ADDRESS, "sentry.javascript.node/11.12.0", "sentry.javascript.node/11.12.0"),
    ],
)
def test_what_leads_to_nobody_stays(address: str, agent: str, text: str) -> None:
    assert of(address=address, agent=agent).replace_in(text) == text


@pytest.mark.parametrize(
    "agent",
    ["posthog-python/7.91.1 (u-1842)", "soq-phone-77012345678/1.0", "app-of-somebody/87012345678"],
)
def test_an_agent_that_may_tell_more_is_struck(agent: str) -> None:
    assert of(agent=agent).replace_in(f"by {agent}") == "by [own_id]"


@pytest.mark.parametrize("absent", ["undefined", "null", "unknown", "0000-0000", "  ", "None"])
def test_what_stands_for_no_id_is_not_looked_for(absent: str) -> None:
    text = f"{absent.strip()} is not a function (0000-0000)"
    assert of(absent).replace_in(text) == text


def test_short_user_agents_are_words_and_stay() -> None:
    assert of(agent="curl/8.5.0").replace_in("curl/8.5.0 failed") == "curl/8.5.0 failed"


def test_the_longest_identifier_goes_first() -> None:
    assert of("u-1842", "u-1842-long").replace_in("/u-1842-long/") == "/[own_id]/"


def test_a_text_that_never_comes_clean_goes_whole() -> None:
    layered = "u-1842"
    for _ in range(ROUNDS_MAX + 2):
        layered = "u-" + layered + "1842"
    # Each round takes one layer out of the middle, and the mark keeps the halves apart.
    assert "u-1842" not in of("u-1842").replace_in(layered)
    assert of("own_id").replace_in("own_id") == REMOVED


identifiers = st.text('abcXYZ0123456789-_.:@ "\\/жәіЙ', min_size=6)
texts = st.text(max_size=30)


@example('00000"', "%", "")
@given(identifiers, texts, texts)
def test_an_identifier_never_stays_plain_or_percent_encoded(
    one: str, left: str, right: str
) -> None:
    own_ids = OwnIds.of(one, "", "")
    assume(len(one.strip()) >= 6 and own_ids.texts and not is_odd(one))
    assume(one.strip().lower() not in "[own_id]")
    for written in (one, quote(one), one.upper() if one.upper().lower() == one.lower() else one):
        mended = own_ids.replace_in(left + written + right)
        assert one.strip() not in mended
        assert quote(one.strip()) not in mended or quote(one.strip()) in left + right
