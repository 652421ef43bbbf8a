"""Files as other products export them; every name in them is invented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands._import_kinds import Kind, LeftOut, Origin, Piece, Rules
from commands._import_source import Source
from config.settings import load_settings
from config.vocabulary import load_vocabulary
from tests.helpers import ROOT

FIRST_AT = 1_700_000_000
"""Moment of a visit's first action, UTC: 2023-11-14T22:13:20Z."""

ALMATY_SECONDS = 18_000
"""By so much Matomo writes the times of actions ahead, for a site five hours east."""


def action(number: int, kind: str = "action", **fields: Any) -> dict[str, Any]:
    """Give an action of a visit, ten seconds after the one before."""
    return {
        "type": kind,
        "url": f"https://soq.example/page/{number}",
        "pageTitle": f"Page {number}",
        "pageIdAction": str(number),
        "idpageview": f"pv{number:04}",
        "serverTimePretty": "Nov 15, 2023 03:13:20",
        "pageId": str(number),
        "timeSpent": "10",
        "pageviewPosition": "1",
        "icon": None,
        "timestamp": FIRST_AT + ALMATY_SECONDS + 10 * number,
        **fields,
    }


def visit(number: int, actions: list[dict[str, Any]] | None = None, **fields: Any) -> Any:
    """Give a visit as `Live.getLastVisitsDetails` does."""
    return {
        "idSite": "3",
        "idVisit": str(number),
        "visitIp": "198.51.100.77",
        "visitorId": f"{number:016x}",
        "fingerprint": "d58a483a3cfef87b",
        "actionDetails": [action(0)] if actions is None else actions,
        "goalConversions": 0,
        "siteCurrency": "KZT",
        "siteCurrencySymbol": "₸",
        "firstActionTimestamp": FIRST_AT,
        "lastActionTimestamp": FIRST_AT + 60,
        "userId": None,
        "referrerType": "direct",
        "referrerName": "",
        "referrerUrl": "",
        "languageCode": "kk",
        "deviceModel": "Generic Desktop",
        "browserName": "Firefox",
        "countryCode": "kz",
        "resolution": "1280x800",
        **fields,
    }


def whole_visit() -> Any:
    """Give a visit with an action of every kind."""
    told = {"url": None, "pageTitle": None}
    actions = [
        action(0, dimension1="gold"),
        action(1, "search", siteSearchKeyword="saddle", siteSearchCategory="gear",
               siteSearchCount="7", **told),
        action(2, "event", eventCategory="video", eventAction="play", eventName="intro",
               eventValue="3"),
        action(3, "outlink", url="https://elsewhere.example/way"),
        action(4, "download", url="https://soq.example/price.pdf"),
        action(5, "13", contentName="spring", contentPiece="top", contentTarget="/a",
               contentInteraction=None),
        action(6, "content", contentName="spring", contentPiece="top", contentTarget="/a",
               contentInteraction="click"),
        {"type": "goal", "goalName": "Sign up", "goalId": "4", "revenue": "5.5",
         "goalPageId": "6", "url": "https://soq.example/page/6",
         "timestamp": FIRST_AT + ALMATY_SECONDS + 60},
        {"type": "ecommerceOrder", "orderId": "A-100", "revenue": 12500.5,
         "revenueSubTotal": 12000, "revenueTax": 500.5, "revenueShipping": 0,
         "revenueDiscount": 0, "items": "2", "itemDetails": [{"itemSKU": "s"}],
         "timestamp": FIRST_AT + ALMATY_SECONDS + 70},
        {"type": "ecommerceAbandonedCart", "revenue": 900, "items": "1",
         "timestamp": FIRST_AT + ALMATY_SECONDS + 80},
        {"type": "form", "timestamp": FIRST_AT + ALMATY_SECONDS + 90},
    ]  # fmt: skip
    return visit(
        41,
        actions,
        userId="u-77",
        deviceModel="SM-A536B",
        referrerType="campaign",
        referrerName="spring",
        referrerKeyword="horses",
        referrerUrl="https://mail.example/letter?to=somebody",
    )


def param(key: str, **value: Any) -> dict[str, Any]:
    """Give a parameter as BigQuery writes it."""
    empty = dict.fromkeys(("string_value", "int_value", "float_value", "double_value"))
    return {"key": key, "value": empty | value}


def row(number: int, name: str = "page_view", privacy: Any = None, **fields: Any) -> Any:
    """Give a row of GA4's export."""
    return {
        "event_date": "20231114",
        "event_timestamp": str(FIRST_AT * 1_000_000 + number * 1_000_000),
        "event_name": name,
        "event_params": [
            param("ga_session_id", int_value="1699999"),
            param("ga_session_number", int_value="3"),
            param("page_location", string_value=f"https://soq.example/page/{number}"),
            param("page_title", string_value=f"Page {number}"),
            param("engagement_time_msec", int_value="120"),
            *fields.pop("params", []),
        ],
        "event_previous_timestamp": None,
        "event_value_in_usd": None,
        "event_bundle_sequence_id": str(number),
        "event_server_timestamp_offset": "12",
        "user_id": None,
        "user_pseudo_id": f"1146540.{number}",
        "privacy_info": privacy or said("Yes", "Yes"),
        "user_properties": [],
        "user_ltv": {"revenue": 0, "currency": "USD"},
        "device": {"category": "mobile", "language": "kk-kz", "is_limited_ad_tracking": "No",
                   "advertising_id": None, "web_info": {"browser": "Chrome"}},
        "geo": {"country": "Kazakhstan", "city": "(not set)"},
        "app_info": None,
        "traffic_source": {"medium": "(none)", "name": "(direct)", "source": "(direct)"},
        "collected_traffic_source": None,
        "stream_id": "2100450278",
        "platform": "WEB",
        "ecommerce": {"purchase_revenue": None, "transaction_id": "(not set)"},
        "items": [],
        **fields,
    }  # fmt: skip


def said(analytics: str | None, ads: str | None, token: str = "No") -> dict[str, Any]:
    """Give what a row says of consent."""
    return {"analytics_storage": analytics, "ads_storage": ads, "uses_transient_token": token}


def write_lines(file: Path, objects: list[Any]) -> Path:
    """Write objects, one a line."""
    file.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return file


def rules(*agreed: str, site: str = "soq", **options: Any) -> Rules:
    """Give the rules of an import under the shipped policy."""
    settings = load_settings({"SANAQ_HOME": "/nowhere", "SANAQ_CONFIG": str(ROOT / "config")})
    policy = load_vocabulary(settings.config_dir).policy
    return Rules(site, Origin("old", "consent", agreed), settings.limits, policy, options)


def read_all(kind: Kind, file: Path, given: Rules) -> list[tuple[int, Any]]:
    """Give line and event of all that a file holds, a reason where something is left out."""
    return list(_read(kind, file, given))


def _read(kind: Kind, file: Path, given: Rules) -> Iterator[tuple[int, Any]]:
    source = Source(file)
    try:
        for one in kind.read(source, given):
            if isinstance(one, LeftOut):
                yield one.line, one.reason
            else:
                assert isinstance(one, Piece)
                yield one.line, json.loads(one.body)
    finally:
        source.close()
