"""Rows of GA4's export become events, and what they say of consent goes along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commands._import_ga4 import GA4, read_privacy
from tests.commands.vendor_files import param, read_all, row, rules, said, write_lines

AD_ID = "38400000-8cf0-11bd-b23e-10b96e40000d"


def event_of(tmp_path: Path, one: Any, *agreed: str) -> Any:
    ((_, event),) = read_all(GA4, write_lines(tmp_path / "f", [one]), rules(*agreed))
    return event


def test_a_page_view_whole(tmp_path: Path) -> None:
    event = event_of(tmp_path, row(1, user_id="u-7"))
    assert event.pop("event_id").startswith("ga4-")
    assert event == {
        "name": "page_view",
        "occurred_at": "2023-11-14T22:13:21.000+00:00",
        "properties": {"engagement_time_msec": 120},
        "consent": {"google": {"analytics_storage": "granted", "ad_storage": "granted"}},
        "page": {"url": "https://soq.example/page/1", "title": "Page 1"},
        "context": {"locale": "kk-kz", "sdk": "ga4-export"},
        "person": "u-7",
        "device": "1146540.1",
        "session": "1699999",
    }


@pytest.mark.parametrize(
    ("told", "states"),
    [
        (said("Yes", "Yes"), {"analytics_storage": "granted", "ad_storage": "granted"}),
        (said("No", "Yes"), {"analytics_storage": "denied", "ad_storage": "granted"}),
        (said("yes", "NO"), {"analytics_storage": "granted", "ad_storage": "denied"}),
        (said("Unset", None), {}),
        (said(None, None, "Yes"), {"analytics_storage": "denied"}),
        (said("Perhaps", "Yes"), {"analytics_storage": "denied", "ad_storage": "granted"}),
        ({"analytics_storage": True, "ads_storage": False}, {"analytics_storage": "granted"}),
        ({}, {}),
    ],
)
def test_what_is_said_of_consent(told: dict[str, Any], states: dict[str, str]) -> None:
    assert read_privacy(told) == states


def test_what_was_agreed_to_stands_beside_what_the_row_says(tmp_path: Path) -> None:
    purposes = {"purposes": {"analytics": True}, "policy_version": ""}
    silent = event_of(tmp_path, row(1, privacy=said("Unset", "Unset")), "analytics")
    assert silent["consent"] == purposes
    refusing = event_of(tmp_path, row(1, privacy=said("No", "No")), "analytics")
    states = {"analytics_storage": "denied", "ad_storage": "denied"}
    assert refusing["consent"] == purposes | {"google": states}


@pytest.mark.parametrize(
    ("sent", "name", "properties"),
    [
        (row(1, "session_start"), "session_start", {}),
        (row(1, "first_visit"), "first_visit", {}),
        (row(1, "user_engagement"), "user_engagement", {}),
        (row(1, "view_item"), "view_item", {}),
        (
            row(1, "view_search_results", params=[param("search_term", string_value="saddle")]),
            "search",
            {"query": "saddle"},
        ),
        (
            row(1, "click", params=[param("link_url", string_value="https://x.example/a?u=1")]),
            "outbound_click",
            {"url": "https://x.example/a"},
        ),
        (
            row(1, "scroll", params=[param("percent_scrolled", int_value="90")]),
            "scroll",
            {"percent_scrolled": 90},
        ),
        (
            row(1, "level", params=[param("a", double_value=1.5), param("b", float_value=2.0)]),
            "level",
            {"a": 1.5, "b": 2},
        ),
    ],
)
def test_names_and_parameters(
    tmp_path: Path, sent: Any, name: str, properties: dict[str, Any]
) -> None:
    event = event_of(tmp_path, sent)
    assert (event["name"], event["properties"]) == (
        name,
        {"engagement_time_msec": 120} | properties,
    )


def test_a_sale_counts_once_by_its_number(tmp_path: Path) -> None:
    params = [
        param("transaction_id", string_value="T-1"),
        param("value", double_value=99.5),
        param("currency", string_value="KZT"),
    ]
    event = event_of(tmp_path, row(1, "purchase", params=params))
    assert (event["revenue"], event["currency"]) == (99.5, "KZT")
    assert event["event_id"] == "purchase/1146540.1/T-1"
    assert "T-1" not in json.dumps(event["properties"])


@pytest.mark.parametrize(
    ("fields", "money"),
    [
        ({"ecommerce": {"purchase_revenue": 7.5}}, (7.5, None)),
        ({"event_value_in_usd": "3.25"}, (3.25, "USD")),
        ({}, (None, None)),
    ],
)
def test_what_a_sale_without_a_value_is_worth(
    tmp_path: Path, fields: dict[str, Any], money: tuple[float | None, str | None]
) -> None:
    event = event_of(tmp_path, row(1, "in_app_purchase", **fields))
    assert (event.get("revenue"), event.get("currency")) == money


def test_advertising_ids_and_switches_of_the_device(tmp_path: Path) -> None:
    device = {"advertising_id": AD_ID, "vendor_id": "v-1", "is_limited_ad_tracking": "Yes"}
    event = event_of(tmp_path, row(1, "screen_view", device=device))
    assert event["advertising_id"] == AD_ID
    assert event["context"]["device"] == {"limit_ad_tracking": True}
    assert "v-1" not in json.dumps(event)
    clicked = event_of(tmp_path, row(1, params=[param("gclid", string_value="CjwK-1")]))
    assert clicked["advertising_id"] == "CjwK-1" and "gclid" not in clicked["properties"]


def test_campaigns_told_beside_the_page(tmp_path: Path) -> None:
    source = {"manual_source": "mail", "manual_campaign_name": "spring sale"}
    event = event_of(tmp_path, row(1, collected_traffic_source=source))
    assert event["page"]["url"] == (
        "https://soq.example/page/1?utm_source=mail&utm_campaign=spring%20sale"
    )


def test_rows_are_told_apart_and_known_again(tmp_path: Path) -> None:
    rows = [row(1), row(1), row(2), row(1, "scroll")]
    first = read_all(GA4, write_lines(tmp_path / "a", rows), rules())
    # Google fills other columns anew for three days, and tools write keys in another order.
    later = [
        dict(reversed((one | {"user_ltv": None, "is_active_user": True}).items())) for one in rows
    ]
    second = read_all(GA4, write_lines(tmp_path / "b", later), rules())
    ids = [event["event_id"] for _, event in first]
    assert len(set(ids)) == 4 and ids == [event["event_id"] for _, event in second]


def test_rows_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "f"
    odd = [{"event_name": 7}, {}, [1], row(1, event_timestamp="soon"), row(1, event_params="x")]
    file.write_text("\n".join([*map(json.dumps, odd), '{"event_name": "cut', json.dumps(row(2))]))
    told = [event and event["name"] for _, event in read_all(GA4, file, rules())]
    assert told == [None, None, None, None, "page_view", None, "page_view"]
