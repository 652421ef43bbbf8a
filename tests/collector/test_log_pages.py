"""What a page view is in a log: decided, and the same for every spelling."""

from __future__ import annotations

import pytest

from collector.protocols.log_pages import reason_against


@pytest.mark.parametrize(
    "target",
    [
        "/", "/?", "/?page=2", "/blog/", "/about", "/a.html", "/a.PHP?x=1", "/files/?C=N;O=D",
        "/users/john.smith", "/wiki/Node.js/", "/release-1.2.3", "/files/foo.tar.gz/",
        "/a?next=/style.css", "/a;b.css", "/page.htm;jsessionid=1", "/x.", "/.well-known/",
        "/feeding", "/feed/x", "/?q=flav=rss", "/?format=html", "/?format=xmlish",
        "/search?q=rss", "/blog/atom", "http://soq.example/ads", "/?flavour=rss", "/%D0%B0",
    ],
)  # fmt: skip
def test_pages(target: str) -> None:
    assert reason_against("GET", 200, target) == ""
    assert reason_against("GET", 304, target) == ""


@pytest.mark.parametrize(
    "target",
    [
        "/robots.txt", "/favicon.ico", "/a.css", "/A.CSS?v=3", "/a.css#top", "/a.css;v=3",
        "/a.tar.gz", "/a.js?x=.html", "/sitemap.xml", "/setup.exe", "/x/.css", "/a.JPEG",
        "/doc.pdf", "/a.c",
        "/?flav=rss20", "/?flav=atom", "/blog/tags/puppet?flav=rss20", "/?a=b&flav=rss",
        "/?feed=rss2", "/?feed=comments-rss2", "/?format=feed&type=rss", "/feed", "/feed/",
        "/blog/feed/?x=1",
        "/blog/feed/atom/", "/?format=json&x", "/?FLAV=RSS20",
    ],
)  # fmt: skip
def test_files_and_feeds(target: str) -> None:
    assert reason_against("GET", 200, target) == "asset"
    assert reason_against("GET", 304, target) == "asset"


@pytest.mark.parametrize(
    "status", [100, 101, 201, 204, 206, 301, 302, 400, 403, 404, 416, 500, 503]
)
def test_only_whole_answers_are_pages(status: int) -> None:
    assert reason_against("GET", status, "/") == "http_error"
    assert reason_against("GET", status, "/a.css") == "http_error"


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "get", "", r"\x16\x03"])
def test_only_get_shows_a_page(method: str) -> None:
    assert reason_against(method, 200, "/") == "method_unwanted"
    assert reason_against(method, 404, "/a.css") == "method_unwanted"
