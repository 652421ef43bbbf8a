"""Bodies of trackers for pages: Plausible, Umami, Matomo, Snowplow, Google's tag and protocol."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

from benchmarks.protocols.people import (
    AGENT,
    HEIGHT,
    LOCALE,
    NAME,
    WIDTH,
    ZONE,
    Visit,
    to_json,
    visits,
)
from collector.protocols.protocol import Request

SIZE = f"{WIDTH}x{HEIGHT}"


def make_plausible(first: int, count: int) -> Request:
    """Give one event of Plausible's tracker."""
    one = Visit(first)
    told = {"n": NAME, "v": 36, "u": one.url, "d": "soq.example", "r": one.referrer}
    return Request("/api/event", body=to_json(told | {"p": one.properties, "i": True}))


def make_umami(first: int, count: int) -> Request:
    """Give one event of Umami's tracker."""
    one = Visit(first)
    payload = {
        "website": "978435e2-7ba1-4337-9860-ec31ece2db60",
        "screen": SIZE,
        "language": LOCALE,
        "title": one.title,
        "hostname": "soq.example",
        "url": one.url,
        "referrer": one.referrer,
        "id": one.person,
        "name": NAME,
        "data": one.properties,
    }
    return Request("/api/send", body=to_json({"type": "event", "payload": payload}))


def make_matomo(first: int, count: int) -> Request:
    """Give one page view of Matomo's tracker, in its query."""
    return Request("/matomo.php", _matomo_query(Visit(first)), method="GET")


def make_matomo_bulk(first: int, count: int) -> Request:
    """Give requests that a queue of Matomo's trackers sends at once."""
    queries = [f"?{_matomo_query(one)}" for one in visits(first, count)]
    return Request("/matomo.php", body=to_json({"requests": queries}))


def _matomo_query(one: Visit) -> str:
    told = {
        "idsite": 7,
        "rec": 1,
        "r": 600_000 + one.number,
        "action_name": one.title,
        "url": one.url,
        "urlref": one.referrer,
        "uid": one.person,
        "_id": one.device.replace("-", "")[:16],
        "pv_id": one.event_id[:6],
        "cdt": one.unix_ms // 1000,
        "res": SIZE,
        "lang": LOCALE,
        "ua": AGENT,
        "cookie": 1,
        "send_image": 0,
        "pf_net": 12,
        "pf_srv": 40,
        "dimension1": "horses",
    }
    return urlencode(told)


def make_snowplow(first: int, count: int) -> Request:
    """Give events of Snowplow's SDKs, each with a context and what it tells in base64."""
    data = [
        {
            "e": "ue",
            "eid": one.event_id,
            "p": "web",
            "tv": "js-4.10.1",
            "tna": "sp",
            "aid": "soq",
            "uid": one.person,
            "duid": one.device,
            "sid": one.session,
            "dtm": str(one.unix_ms),
            "stm": str(one.unix_ms + 500),
            "url": one.url,
            "refr": one.referrer,
            "page": one.title,
            "lang": LOCALE,
            "tz": ZONE,
            "res": SIZE,
            "ue_px": _coded("unstruct_event", _described("listing_view", one.properties)),
            "cx": _coded("contexts", [_web_page(one)]),
        }
        for one in visits(first, count)
    ]
    schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
    body = to_json({"schema": schema, "data": data})
    return Request("/com.snowplowanalytics.snowplow/tp2", body=body)


def _web_page(one: Visit) -> dict[str, Any]:
    schema = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0"
    return {"schema": schema, "data": {"id": one.page_view}}


def _described(name: str, data: object) -> dict[str, Any]:
    return {"schema": f"iglu:example.soq/{name}/jsonschema/1-0-0", "data": data}


def _coded(name: str, data: object) -> str:
    schema = f"iglu:com.snowplowanalytics.snowplow/{name}/jsonschema/1-0-0"
    return urlsafe_b64encode(to_json({"schema": schema, "data": data})).decode().rstrip("=")


def make_measured(first: int, count: int) -> Request:
    """Give a body of the Measurement Protocol."""
    start, *_ = happened = visits(first, count)
    events = [
        {
            "name": NAME,
            "params": one.properties
            | {"session_id": "1700000001", "engagement_time_msec": 100, "page_location": one.url},
        }
        for one in happened
    ]
    body = {
        "client_id": f"1234567890.{1_700_000_000 + first}",
        "user_id": start.person,
        "timestamp_micros": start.unix_ms * 1000,
        "user_agent": AGENT,
        "device": {"category": "mobile", "language": LOCALE},
        "events": events,
    }
    query = "measurement_id=G-SOQ&api_secret=sk_s_x"
    return Request("/mp/collect", query, body=to_json(body))


def make_tagged(first: int, count: int) -> Request:
    """Give what Google's tag sends: what holds for all in the query, a line for each event."""
    start, *_ = happened = visits(first, count)
    query = {
        "v": "2",
        "tid": "G-SOQ",
        "gcs": "G111",
        "cid": f"1234567890.{1_700_000_000 + first}",
        "uid": start.person,
        "sid": "1700000001",
        "ul": LOCALE.lower(),
        "sr": SIZE,
        "dl": start.url,
        "dr": start.referrer,
        "dt": start.title,
    }
    lines = [
        urlencode({"en": NAME, **{_param(k, v): v for k, v in one.properties.items()}})
        for one in happened
    ]
    return Request("/g/collect", urlencode(query), body="\r\n".join(lines).encode())


def _param(name: str, value: object) -> str:
    """Give the name under which the tag sends a parameter: numbers have a prefix of their own."""
    return f"epn.{name}" if isinstance(value, int) else f"ep.{name}"
