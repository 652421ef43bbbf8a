"""What is kept of a URL, how coarse an address becomes, and who is at the other end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import urls
from collector.addresses import truncate_address
from collector.peers import address_of, limited_as, read_networks
from collector.urls import PageUrl, split_url, url_fields


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://Soq.Example:8443/Ads/1#me", PageUrl("soq.example", "/Ads/1", "", {})),
        ("https://aigul:secret@soq.example/", PageUrl("soq.example", "/", "", {})),
        ("https://soq.example", PageUrl("soq.example", "/", "", {})),
        ("/ads/1?token=secret&id=7", PageUrl("", "/ads/1", "", {})),
        (
            "/a?utm_source=mail&x=1&utm_term=%D0%BF%D0%BE%D0%BD%D0%B8+2",
            PageUrl(
                "",
                "/a",
                "utm_source=mail&utm_term=%D0%BF%D0%BE%D0%BD%D0%B8%202",
                {"campaign_source": "mail", "campaign_term": "пони 2"},
            ),
        ),
        (
            "/?utm_medium=a&utm_medium=b&utm_campaign=&utm_content=c",
            PageUrl(
                "",
                "/",
                "utm_medium=a&utm_medium=b&utm_content=c",
                {"campaign_medium": "b", "campaign_content": "c"},
            ),
        ),
        ("android-app://com.soq/x", PageUrl("com.soq", "/x", "", {})),
        ("http://[2a02:6b8::1", PageUrl("", "", "", {})),
        ("/?" + "a=1&" * 500, PageUrl("", "", "", {})),
        ("", PageUrl("", "/", "", {})),
    ],
)
def test_splitting(url: str, page: PageUrl) -> None:
    assert split_url(url) == page


def test_a_list_of_kept_parameters_is_all_that_is_kept() -> None:
    url = "/a?q=pony&utm_source=mail&page=2&token=s3cret&q=cart"
    page = split_url(url, frozenset({"q", "page"}))
    assert (page.query, page.campaign) == ("q=pony&page=2&q=cart", {})
    assert split_url(url, frozenset()).query == ""
    assert split_url(url, frozenset({"utm_source"})).campaign == {"campaign_source": "mail"}
    assert url_fields(url, url, frozenset({"page"}))["page_query"] == "page=2"
    assert split_url(url).query == "utm_source=mail"


def test_long_urls_are_split_and_not_remembered() -> None:
    split_url("https://soq.example/")
    before = urls._remembered.cache_info().currsize
    for number in range(3):
        path = f"/{number}/" + "a" * urls.REMEMBERED_CHARS_MAX
        assert split_url(f"https://soq.example{path}").path == path
    assert urls._remembered.cache_info().currsize == before


@pytest.mark.parametrize(
    ("url", "referrer", "fields"),
    [
        (None, None, {}),
        ("", "", {}),
        ("/a", "-", {"page_host": "", "page_path": "/a", "page_query": ""}),
        (None, "/internal", {}),
        (None, "https://google.com/q?x=1", {"referrer_host": "google.com", "referrer_path": "/q"}),
    ],
)
def test_fields(url: str | None, referrer: str | None, fields: dict[str, Any]) -> None:
    assert url_fields(url, referrer) == fields


@given(st.text(max_size=60), st.sampled_from(["", "https://", "//", "https://a@b:99/"]))
def test_any_text_may_be_split(text: str, before: str) -> None:
    page = split_url(before + text)
    assert "#" not in page.path and "@" not in page.host


@pytest.mark.parametrize(
    ("address", "truncated"),
    [
        ("95.56.10.20", "95.56.10.0"),
        (" 95.56.10.20 ", "95.56.10.0"),
        ("::ffff:95.56.10.20", "95.56.10.0"),
        ("2a02:6b8:aaaa:bbbb:cccc::1", "2a02:6b8:aaaa::"),
        ("fe80::1%eth0", "fe80::"),
        ("95.56.10", ""),
        ("95.56.10.20:8080", ""),
        ("localhost", ""),
        ("", ""),
    ],
)
def test_truncating(address: str, truncated: str) -> None:
    assert truncate_address(address) == truncated


@given(st.ip_addresses())
def test_no_truncated_address_tells_its_end(address: Any) -> None:
    assert truncate_address(str(address)).endswith((".0", "::"))


PROXIES = read_networks(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("95.56.10.20", "1.2.3.4", "95.56.10.20"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "95.56.10.20", "95.56.10.20"),
        ("::ffff:10.0.0.1", "95.56.10.20", "95.56.10.20"),
        ("192.0.2.7", "1.2.3.4, 95.56.10.20, 10.0.0.9", "95.56.10.20"),
        ("2001:db8::1", "10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, nonsense", "nonsense"),
        ("10.0.0.1", "95.56.10.20:51234, 10.0.0.9:443", "95.56.10.20"),
        ("10.0.0.1", "[2a02:6b8::7]:51234", "2a02:6b8::7"),
        ("10.0.0.1", "2a02:6b8::7, [2001:db8::1]", "2a02:6b8::7"),
        ("", "1.2.3.4", ""),
    ],
)
def test_forwarded_addresses_are_believed_as_far_as_proxies_are_trusted(
    peer: str, forwarded: str, address: str
) -> None:
    assert address_of(peer, {"x-forwarded-for": forwarded}, PROXIES) == address
    assert address_of(peer, {"x-forwarded-for": forwarded}, ()) == peer


def test_a_proxy_that_says_nothing() -> None:
    assert address_of("10.0.0.1", {}, PROXIES) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("95.56.10.20", "95.56.10.20"),
        ("2a02:6b8:1:2:3:4:5:6", "2a02:6b8:1:2::"),
        ("2a02:6b8:1:2::", "2a02:6b8:1:2::"),
        ("::ffff:95.56.10.20", "95.56.10.20"),
        ("no:address", "no:address"),
        ("", ""),
    ],
)
def test_who_has_a_network_of_addresses_counts_as_one_sender(address: str, name: str) -> None:
    assert limited_as(address) == name
