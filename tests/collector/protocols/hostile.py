"""Captured requests, and every way in which the tests spoil them; the same ways each time."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.collector.protocols.captures import FOLDER

CUT_EVERY_BYTES = 100
CUTS_MIN, CUTS_MAX = 10, 400
FLIPS = 20
SWAPS_MAX = 60

DEEP = 10_000
HERE = "@nested here@"
"""Stands where something deep is put, since no encoder goes so deep."""

ODD: tuple[Any, ...] = (None, True, -1, 1e308, 10**30, "", "\ud800\x00", [], {}, [[{}]], {"": [0]})
"""Values of other types, one of them not even text that can be encoded."""


class Wire(NamedTuple):
    """A request as it goes over the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


def read_wires(name: str) -> list[Wire]:
    """Give the requests of a file of captures, preflights left out."""
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [_read(json.loads(line)) for line in lines if '"method": "OPTIONS"' not in line]


def _read(sent: dict[str, Any]) -> Wire:
    raw = sent["body"] or ""
    body = b64decode(raw) if sent["body_encoding"] == "base64" else raw.encode()
    path, _, query = sent["path"].partition("?")
    headers = {name.lower(): value for name, value in sent["headers"]}
    return Wire(sent["method"], path, sent.get("query") or query, headers, body)


def spoil(wire: Wire) -> Iterator[Wire]:
    """Yield spoiled copies of a request: as it is sent, and below its compression."""
    chance = random.Random(len(wire.body))
    yield from _spoil_bytes(wire, chance)
    yield from _spoil_query(wire, chance)
    plain = open_up(wire)
    if plain.body != wire.body:
        yield from _spoil_bytes(plain, chance)
    yield from _wrap(plain)
    yield from _swap(plain)


def open_up(wire: Wire) -> Wire:
    """Give a request without compression."""
    body = gzip.decompress(wire.body) if wire.body.startswith(b"\x1f\x8b\x08") else wire.body
    if wire.headers.get("content-encoding") == "deflate":
        body = zlib.decompress(wire.body)
    kept = {name: text for name, text in wire.headers.items() if name != "content-encoding"}
    return wire._replace(body=body, headers=kept if body != wire.body else wire.headers)


def list_cuts(length: int) -> list[int]:
    """Give the places where something is cut: every hundredth byte, ten at least."""
    cuts = list(range(0, length, max(1, min(CUT_EVERY_BYTES, length // CUTS_MIN))))
    return cuts[:: -(-len(cuts) // CUTS_MAX)] if cuts else []


def _spoil_bytes(wire: Wire, chance: random.Random) -> Iterator[Wire]:
    """Yield copies whose body is cut, and whose bytes are flipped."""
    for length in list_cuts(len(wire.body)):
        yield wire._replace(body=wire.body[:length])
    for _ in range(FLIPS if wire.body else 0):
        flipped = bytearray(wire.body)
        for _ in range(chance.randint(1, 4)):
            flipped[chance.randrange(len(flipped))] ^= chance.randint(1, 255)
        yield wire._replace(body=bytes(flipped))


def _spoil_query(wire: Wire, chance: random.Random) -> Iterator[Wire]:
    """Yield copies whose query is cut, and whose signs are others."""
    for length in list_cuts(len(wire.query)):
        yield wire._replace(query=wire.query[:length])
    for _ in range(FLIPS if wire.query else 0):
        at = chance.randrange(len(wire.query))
        sign = chance.choice(["%", "%ff", "%00", "&", "=", "+", "%ed%a0%80", "%7b"])
        yield wire._replace(query=wire.query[:at] + sign + wire.query[at + 1 :])


def _wrap(wire: Wire) -> Iterator[Wire]:
    """Yield copies that are compressed twice, or otherwise than they say, or of another charset."""
    body, once = wire.body, gzip.compress(wire.body, mtime=0)
    for encoding in ("gzip", "deflate", "br", "zstd", "", "rot13"):
        for sent in (gzip.compress(once, mtime=0), once[:-1], zlib.compress(once), body):
            yield wire._replace(body=sent, headers=wire.headers | {"content-encoding": encoding})
    text = body.decode("utf-8", "replace")
    for charset in ("utf-16", "utf-32", "cp1251", "utf-7"):
        kind = {"content-type": f"application/json; charset={charset}"}
        yield wire._replace(body=text.encode(charset, "ignore"), headers=wire.headers | kind)
        yield wire._replace(headers=wire.headers | kind)


def _swap(wire: Wire) -> Iterator[Wire]:
    """Yield copies with one value of the JSON body of another type, and with one far too deep."""
    try:
        value = json.loads(wire.body)
    except ValueError:
        yield from (wire._replace(body=_deep(which)) for which in (0, 1))
        return
    places = list(_list_places(value, ()))
    for number, place in enumerate(places[:: -(-len(places) // SWAPS_MAX)]):
        changed = _put(value, place, ODD[number % len(ODD)])
        yield wire._replace(body=json.dumps(changed).encode())
        nested = json.dumps(_put(value, place, HERE)).encode()
        if number % 4 == 0:
            yield wire._replace(body=nested.replace(json.dumps(HERE).encode(), _deep(number % 8)))


def _deep(which: int) -> bytes:
    """Give lists or objects within each other."""
    return b"[" * DEEP + b"]" * DEEP if which else b'{"a":' * DEEP + b"1" + b"}" * DEEP


def _list_places(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield where something stands in a JSON value: the whole first, then all within."""
    yield place
    if isinstance(value, dict | list):
        within = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in within:
            yield from _list_places(one, (*place, name))


def _put(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    """Give a copy of a JSON value with something else in one place."""
    if not place:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = _put(value[place[0]], place[1:], odd)
    return copy
