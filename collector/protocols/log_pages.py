"""What a page view is in a web server's log: a whole page, asked for and given or still current.

Decided line by line from method, status and target alone. Where a target's name leaves it open,
it is a page: a file that counts as one is seen among the pages, a page lost is seen nowhere.
"""

from __future__ import annotations

import re

ASSET_SUFFIX = re.compile(
    r"""
    # Parts of pages.
    css|m?js|map|less|wasm|woff2?|ttf|otf|eot|webmanifest
    |png|jpe?g|gif|ico|cur|svg|webp|avif|bmp|tiff?|heic|psd
    # Media.
    |mp[34]|m4[av]|webm|og[gv]|opus|wav|flac|avi|mov|mkv|mpe?g|wmv|flv|swf|m3u8
    # Documents that are no pages of the site, and downloads.
    |pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|epub|mobi|ps|tex
    |zip|gz|tgz|bz2|xz|zst|7z|rar|tar|rpm|deb|apk|ipa|dmg|iso|exe|msi|bin|jar|war|whl|gem
    # Feeds and data.
    |rss|atom|rdf|xml|xslt?|xsd|dtd|jsonl?|ndjson|ya?ml|toml|csv|tsv|sql|db|sqlite|pcap
    # Text and source.
    |txt|log|conf|ini|cfg|c|h|cc|cpp|hpp|java|class|pyc?|rb|lua|sh|diff|patch|spec
    """,
    re.VERBOSE,
)
"""What follows the last point of a path that is no page's, in lower case."""

FEED_TARGET = re.compile(
    r"/feed(?:/(?:rss2?|atom|rdf))?/?(?:\?|$)"
    r"|[?&](?:flav|feed|format|output|alt)=(?:(?:comments-)?(?:rss|atom|rdf)[0-9._]*|feed|xml|json)"
    r"(?:&|$)"
)
"""A feed or a page's data, asked for by path (`/blog/feed/`) or by parameter (`/?flav=rss20`)."""


def reason_against(method: str, status: int, target: str) -> str:
    """Give the reason why a request was for no page; '' for a page.

    A page is fetched with GET, and answered whole (200) or with word that the browser's own copy
    is still good (304), since then it is shown. HEAD shows nothing; 206 is a piece of a file.
    """
    if method != "GET":
        return "method_unwanted"
    if status not in (200, 304):
        return "http_error"
    lowered = target.partition("#")[0].lower()
    name = re.split(r"[?;]", lowered, maxsplit=1)[0].rpartition("/")[2]
    _, point, suffix = name.rpartition(".")
    is_asset = (point and ASSET_SUFFIX.fullmatch(suffix)) or FEED_TARGET.search(lowered)
    return "asset" if is_asset else ""
