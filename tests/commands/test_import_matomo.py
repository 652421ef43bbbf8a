"""Visits of Matomo become the events that its tracking API would have made of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from commands._import_matomo import ACTIONS_MAX, MATOMO, find_offset
from commands._import_source import ImportFailed
from tests.commands.vendor_files import (
    ALMATY_SECONDS,
    FIRST_AT,
    action,
    read_all,
    rules,
    visit,
    whole_visit,
    write_lines,
)


@pytest.fixture
def events(tmp_path: Path) -> list[Any]:
    """The events of a visit with an action of every kind."""
    file = write_lines(tmp_path / "visits.ndjson", [whole_visit()])
    return [event for _, event in read_all(MATOMO, file, rules("analytics"))]


def test_every_kind_of_action(events: list[Any]) -> None:
    told = [one if isinstance(one, str) else (one["name"], one["properties"]) for one in events[1:]]
    assert told == [
        ("search", {"query": "saddle", "category": "gear", "results": 7}),
        ("play", {"category": "video", "label": "intro", "value": 3}),
        ("outbound_click", {"url": "https://elsewhere.example/way"}),
        ("download", {"url": "https://soq.example/price.pdf"}),
        ("ad_impression", {"ad_id": "spring", "piece": "top", "target": "/a"}),
        (
            "ad_click",
            {"ad_id": "spring", "piece": "top", "target": "/a", "interaction": "click"},
        ),
        ("goal", {"goal": "4", "goal_name": "Sign up"}),
        ("order", {"subtotal": 12000, "tax": 500.5, "shipping": 0, "discount": 0, "items": 2}),
        ("cart_update", {"items": 1, "value": 900}),
        "kind_unwanted",
    ]


def test_a_page_view_whole(events: list[Any]) -> None:
    event = events[0] | {"event_id": ""}
    assert event == {
        "name": "page_view",
        "event_id": "",
        "occurred_at": "2023-11-14T22:13:20.000+00:00",
        "properties": {"dimension1": "gold"},
        "page": {
            "url": "https://soq.example/page/0?utm_campaign=spring&utm_term=horses",
            "referrer": "https://mail.example/letter?to=somebody",
            "title": "Page 0",
        },
        "context": {
            "locale": "kk",
            "sdk": "matomo",
            "device": {"model": "SM-A536B"},
            "screen": {"width": 1280, "height": 800},
            "ip": "198.51.100.0",
        },
        "person": "u-77",
        "device": f"{41:016x}",
        "session": "41",
    }


def test_money_is_in_major_units_and_a_cart_is_none(events: list[Any]) -> None:
    money = {
        one["name"]: (one["revenue"], one["currency"])
        for one in events
        if isinstance(one, dict) and "revenue" in one
    }
    assert money == {"goal": (5.5, "KZT"), "order": (12500.5, "KZT")}


def test_the_address_goes_along_only_where_analytics_was_agreed_to(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "f", [visit(1)])
    ((_, without),) = read_all(MATOMO, file, rules())
    assert "ip" not in without["context"] and "198.51.100.77" not in json.dumps(without)


def test_ids_are_the_same_whenever_a_visit_is_exported(tmp_path: Path) -> None:
    short = whole_visit()
    longer = whole_visit()
    longer["actionDetails"].insert(1, action(99))
    longer["lastActionTimestamp"] += 500
    twice = visit(41, [{"type": "ecommerceAbandonedCart", "timestamp": 1}] * 2)
    ids = []
    for number, one in enumerate((short, longer, twice)):
        file = write_lines(tmp_path / str(number), [one])
        found = [event for _, event in read_all(MATOMO, file, rules())]
        ids.append([event["event_id"] for event in found if isinstance(event, dict)])
    assert set(ids[0]) < set(ids[1]) and len(set(ids[1])) == len(ids[1]) == len(ids[0]) + 1
    assert len(set(ids[2])) == 2
    other = write_lines(tmp_path / "other", [short | {"idVisit": "42"}])
    assert not set(ids[0]) & {
        e["event_id"] for _, e in read_all(MATOMO, other, rules()) if e != "kind_unwanted"
    }


@pytest.mark.parametrize(
    ("ahead", "offset"), [(0, 0), (18_000, 18_000), (-12_600, -12_600), (2, 0), (90_000, 0)]
)
def test_times_are_put_back_from_the_sites_zone(ahead: int, offset: int) -> None:
    actions = [{"timestamp": FIRST_AT + ahead + n} for n in (30, 0, 5)]
    assert find_offset({"firstActionTimestamp": FIRST_AT}, actions) == offset
    assert find_offset({"firstActionTimestamp": str(FIRST_AT)}, actions) == offset
    assert find_offset({}, actions) == find_offset({"firstActionTimestamp": 1}, []) == 0


def test_arrays_objects_with_gaps_and_broken_lines(tmp_path: Path) -> None:
    gaps = visit(1) | {"actionDetails": {"0": action(0), "2": action(2)}}
    text = json.dumps([gaps, visit(2)], indent=1)
    file = tmp_path / "visits.json.gz"
    file.write_bytes(gzip.compress(text.encode()))
    told = read_all(MATOMO, file, rules())
    assert [line for line, _ in told] == [2, 2, text.splitlines().index(" {", 2) + 1]
    lines = [
        json.dumps(visit(1)),
        '{"idVisit": ',
        "[1]",
        '{"other": 1}',
        json.dumps(visit(2, [])),
        json.dumps(visit(3, [action(0, timestamp="never"), action(1, timestamp=1e300)])),
        json.dumps(visit(4, [action(0, pageTitle="x" * 900_000)])),
    ]
    file.write_text("\n".join(lines))
    told = [(line, one if isinstance(one, str | None) else one["name"])
            for line, one in read_all(MATOMO, file, rules())]  # fmt: skip
    assert told == [
        (1, "page_view"), (2, None), (3, None), (4, None), (5, "visit_empty"),
        (6, None), (6, None), (7, "page_view"),
    ]  # fmt: skip


def test_wrong_bytes_are_mended(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(
        json.dumps(visit(1, [action(0, pageTitle="caf#")])).encode().replace(b"#", b"\xe9")
    )
    ((_, event),) = read_all(MATOMO, file, rules())
    assert event["page"]["title"] == "caf\ufffd"


def test_another_sites_visits_are_left_out_or_refused(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "f", [visit(1), visit(2, idSite="4"), visit(3)])
    with pytest.raises(ImportFailed, match="line 2: visits of another Matomo site"):
        read_all(MATOMO, file, rules())
    told = read_all(MATOMO, file, rules(id_site="4"))
    assert [one if isinstance(one, str) else one["session"] for _, one in told] == [
        "other_site", "2", "other_site",
    ]  # fmt: skip


def test_an_error_instead_of_visits_is_told(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "f", [{"result": "error", "message": "token of somebody"}])
    with pytest.raises(ImportFailed, match="line 1: Matomo answered with an error") as failed:
        read_all(MATOMO, file, rules())
    assert "somebody" not in str(failed.value)


def test_a_visit_has_a_bound(tmp_path: Path) -> None:
    actions = [{"type": "event", "eventAction": "a", "timestamp": 1}] * (ACTIONS_MAX + 2)
    told = read_all(MATOMO, write_lines(tmp_path / "f", [visit(1, actions)]), rules())
    assert [one for _, one in told[ACTIONS_MAX:]] == ["events_too_many"] * 2


def test_times_of_the_fixture_are_those_of_the_site() -> None:
    assert find_offset(whole_visit(), whole_visit()["actionDetails"]) == ALMATY_SECONDS
