"""Requests that carry planted identifiers in every place that a sender controls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.privacy.needles import CANARIES, TEXT_CLASSES

TEXT = "; ".join(f"see {CANARIES[name]} now" for name in TEXT_CLASSES)
"""All identifiers that have a form, in one free text."""

GRANTED = {
    "purposes": dict.fromkeys(
        ("analytics", "advertising", "geolocation", "partner_sharing", "personalisation"), True
    ),
    "method": "checkbox",
    "tcf": CANARIES["consent_string"],
    "gpp": CANARIES["consent_string"],
}
REFUSED = GRANTED | {"purposes": dict.fromkeys(GRANTED["purposes"], False)}

HEADERS = {
    "user-agent": CANARIES["user_agent"],
    "cookie": f"euconsent-v2={CANARIES['consent_string']}; sid={CANARIES['cookie']}",
    "referer": f"https://soq.example/?mail={CANARIES['email']}",
    "x-forwarded-for": f"{CANARIES['address']}",
    "x-request-id": CANARIES["person"],
    "sec-ch-ua-model": f'"{CANARIES["email"]}"',
}


@dataclass
class Planted:
    """One request to send."""

    path: str
    body: bytes = b""
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    """Another key than the test's own; the test's own where None."""


def requests() -> Iterator[Planted]:
    """Give good and bad requests, with consent granted, refused and absent."""
    for consent in (GRANTED, REFUSED, None):
        yield from _good(consent)
    yield from _bad()


def _good(consent: dict[str, Any] | None) -> Iterator[Planted]:
    events = [*_one_field_each(), _everything(), _everything() | {"event_id": CANARIES["device"]}]
    body = {"events": events, "context": _context()}
    if consent is not None:
        body["consent"] = consent
    yield Planted("/v1/events", json.dumps(body).encode())
    yield Planted("/v1/diagnostics", json.dumps(body | {"events": _crashes()}).encode())
    imported = body | {"import": {"source": "crm", "basis": "consent"}}
    yield Planted("/v1/events", json.dumps(imported).encode())
    query = f"url=https://soq.example/{CANARIES['email']}&title={CANARIES['email']}&part=x"
    yield Planted(f"/v1/pixel.gif?{query}&person={CANARIES['person']}", method="GET")
    line = (
        f"{CANARIES['address']} - {CANARIES['person']} [17/May/2015:10:05:03 +0000] "
        f'"GET /x?mail={CANARIES["email"]} HTTP/1.1" 200 3 "https://a.example/{CANARIES["phone"]}"'
        f' "{CANARIES["user_agent"]}"'
    )
    log = {"import": {"source": "log", "basis": "contract"}, "lines": [[0, line], [0, TEXT]]}
    yield Planted("/v1/import/access-log", json.dumps(log).encode())


def _identifiers() -> dict[str, str]:
    return {name: CANARIES[name] for name in ("person", "device", "advertising_id", "session")}


def _context() -> dict[str, Any]:
    return {
        "ip": CANARIES["address_v6"],
        "user_agent": CANARIES["user_agent"],
        "locale": TEXT,
        "timezone": TEXT,
        "sdk": TEXT,
        "app": {"name": TEXT, "version": TEXT},
        "device": {"model": TEXT},
    }


def _one_field_each() -> Iterator[dict[str, Any]]:
    """Give events that carry the whole text in one field each."""
    texts: list[dict[str, Any]] = [
        {"name": CANARIES["email"]},
        {"name": "page_view", "page": {"url": f"https://soq.example/{TEXT}?q={TEXT}#{TEXT}"}},
        {"name": "page_view", "page": {"referrer": f"https://{CANARIES['person']}.example/{TEXT}"}},
        {"name": "page_view", "page": {"title": TEXT}},
        {"name": "search", "properties": {"query": CANARIES["phone"]}},
        {"name": "custom", "properties": {CANARIES["email"]: 1, "nested": {"a": [TEXT]}}},
        {"name": "custom", "properties": {"surname": CANARIES["surname"], "text": TEXT}},
        {"name": "custom", "properties": {"iin": int(CANARIES["national_id"])}},
        {"name": "custom", "currency": CANARIES["national_id"][:8], "revenue": 1},
        {"name": "page_view", "page": {"url": f"https://soq.example/?utm_source={TEXT}"}},
    ]
    for text in texts:
        yield _identifiers() | text


def _everything() -> dict[str, Any]:
    page = {"url": f"https://soq.example/{TEXT}", "referrer": f"https://a.example/{TEXT}"}
    place = {"latitude": 43.238412, "longitude": 76.945123}
    event = {"name": "page_view", "page": page | {"title": TEXT}, "location": place}
    return _identifiers() | event | {"context": _context(), "properties": {"note": TEXT}}


def _crashes() -> list[dict[str, Any]]:
    exception = {"type": TEXT, "message": TEXT, "stack": f"at f ({TEXT})\n" * 3}
    measured = [{"name": TEXT, "value": 1.5, "unit": TEXT}]
    crash = {"kind": "crash", "exception": exception, "release": TEXT, "environment": TEXT}
    return [
        _identifiers() | crash,
        _identifiers() | {"kind": "performance", "name": TEXT[:100], "measurements": measured},
        _identifiers() | {"kind": CANARIES["person"], "name": CANARIES["email"]},
    ]


def _bad() -> Iterator[Planted]:
    """Give requests that fail, each in its own way, with identifiers in them."""
    good = json.dumps({"events": [_everything()]}).encode()
    yield Planted("/v1/events", good[: len(good) // 2])
    yield Planted("/v1/events", TEXT.encode())
    yield Planted("/v1/events", b"\xff\xfe" + good)
    yield Planted("/v1/events", good.replace(b'"page_view"', b"NaN"))
    yield Planted("/v1/events", good.replace(b"see ", b"\\ud800 "))
    yield Planted("/v1/events", good.replace(b"see ", b"\\u0000 "))
    yield Planted("/v1/events", good, headers={"content-encoding": "gzip"})
    yield Planted("/v1/events", good, headers={"content-encoding": CANARIES["person"]})
    yield Planted("/v1/events", good, key=CANARIES["write_key"])
    yield Planted("/v1/events", good, key=CANARIES["email"])
    yield Planted(f"/v1/events?key={CANARIES['write_key']}&p={CANARIES['person']}", good, key="")
    yield Planted("/v1/events", good, headers={"origin": f"https://{CANARIES['person']}.example"})
    yield Planted(f"/v1/{CANARIES['person']}/{CANARIES['email']}", good)
    yield Planted("/v1/events", json.dumps({"events": [TEXT, [TEXT], _everything()]}).encode())
    yield Planted("/v1/events", json.dumps({"events": TEXT, "sent_at": TEXT}).encode())
    yield Planted("/v1/events", good, method="DELETE")
    deep = b'{"events":[' + b'{"a":' * 50_000 + json.dumps(TEXT).encode() + b"}" * 50_000 + b"]}"
    yield Planted("/v1/events", deep)
    yield Planted("/v1/events", TEXT.encode() * 20_000)
    late = _everything() | {"occurred_at": "1970-01-01T00:00:00Z"}
    far = _everything() | {"occurred_at": "2100-01-01T00:00:00Z"}
    yield Planted("/v1/events", json.dumps({"events": [late, far]}).encode())
