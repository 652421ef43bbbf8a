"""Requests that fail, each in its own way, with identifiers in them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

from tests.privacy.needles import CANARIES
from tests.privacy.planting import GRANTED, IDENTIFIERS, PROXY_HEADERS, TEXT, Planted


def bad_requests() -> Iterator[Planted]:
    """Give every request that is refused, and bodies of which a part is."""
    good = json.dumps({"events": [everything()]}).encode()
    yield from _bad_bodies(good)
    yield from _bad_heads(good)


def everything() -> dict[str, Any]:
    """Give an event with identifiers in most of its fields, and consent."""
    page = {"url": f"https://soq.example/{TEXT}", "referrer": f"https://a.example/{TEXT}"}
    place = {"latitude": 43.238412, "longitude": 76.945123}
    event = {"name": "page_view", "page": page | {"title": TEXT}, "location": place}
    return IDENTIFIERS | event | {"consent": GRANTED, "properties": {"note": TEXT}}


def _bad_bodies(good: bytes) -> Iterator[Planted]:
    for path in ("/v1/events", "/v1/diagnostics", "/v1/consent", "/v1/import/access-log"):
        yield Planted(path, good[: len(good) // 2])
        yield Planted(path, TEXT.encode())
        yield Planted(path, b"\xff\xfe" + good)
        yield Planted(path, json.dumps(TEXT).encode())
        yield Planted(path, json.dumps({TEXT: [TEXT]}).encode())
    yield Planted("/v1/events", good.replace(b'"page_view"', b"NaN"))
    yield Planted("/v1/events", good.replace(b"see ", b"\\ud800 "))
    yield Planted("/v1/events", good.replace(b"see ", b"\\u0000 "))
    yield Planted("/v1/events", json.dumps({"events": [TEXT, [TEXT], everything()]}).encode())
    yield Planted("/v1/events", json.dumps({"events": TEXT, "sent_at": TEXT}).encode())
    deep = b'{"events":[' + b'{"a":' * 50_000 + json.dumps(TEXT).encode() + b"}" * 50_000 + b"]}"
    yield Planted("/v1/events", deep)
    yield Planted("/v1/events", TEXT.encode() * 20_000)
    many = json.dumps({"events": [everything()] * 1_100}).encode()
    yield Planted("/v1/events", gzip.compress(many), headers={"content-encoding": "gzip"})
    late = everything() | {"occurred_at": "1970-01-01T00:00:00Z"}
    far = everything() | {"occurred_at": "2100-01-01T00:00:00Z"}
    yield Planted("/v1/events", json.dumps({"events": [late, far]}).encode())
    said = {"device": CANARIES["device"], "purposes": {"analytics": True}}
    for wrong in ({"decided_at": TEXT}, {"purposes": TEXT}, {"person": [TEXT]}, {"device": ""}):
        yield Planted("/v1/consent", json.dumps(said | wrong).encode())


def _bad_heads(good: bytes) -> Iterator[Planted]:
    person, email = CANARIES["person"], CANARIES["email"]
    yield Planted("/v1/events", good, headers={"content-encoding": "gzip"})
    yield Planted("/v1/events", good, headers={"content-encoding": person})
    yield Planted("/v1/events", good, key=CANARIES["write_key"], headers=PROXY_HEADERS)
    yield Planted("/v1/events", good, key=email)
    yield Planted(f"/v1/events?key={CANARIES['write_key']}&p={person}", good, key="")
    yield Planted("/v1/events", good, headers={"origin": f"https://{person}.example"})
    yield Planted(f"/v1/{person}/{email}", good)
    yield Planted("/v1/events", good, method="DELETE")
    yield Planted("/v1/consent", good, method="GET", headers=PROXY_HEADERS)
    yield Planted("/v1/events", good, headers={"cookie": "; ".join([f"{person}={TEXT}"] * 20)})
