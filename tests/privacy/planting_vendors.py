"""Requests of vendors' SDKs with identifiers in every text of theirs.

The bodies are captured ones, where the captures lie beside the checkout, and one made of the
fields that each adapter's table names. Below its prefix a protocol owns every path of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Endpoint, Protocol
from tests.collector.protocols.captures import FOLDER
from tests.collector.protocols.hostile import open_up, read_wires
from tests.privacy.disguises import DISGUISES
from tests.privacy.needles import CANARIES
from tests.privacy.planting import SEEN_BY_FORM, Planted, text_of

OUR_OWN = ("native", "pixel", "access_log")

STRUCTURE = frozenset(
    {"type", "event", "event_type", "e", "schema", "kind", "category", "n", "age", "rec", "v"}
)
"""Members that tell what a body is; with another value it would be nothing at all."""

PLAIN = text_of("plain", SEEN_BY_FORM)

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
"""Moments stay, or no event would pass the clock."""

NEEDED = {"rec": "1", "idsite": "1", "e": "pv", "v": "1", "t": "pageview", "en": "page_view"}
"""Parameters without which a query is nobody's."""

VENDORS = {
    "rudder": "rudderstack",
    "webvitals": "web_vitals",
    "reporting": "reports",
    "ga4": "google",
}
"""How the names of captures begin -> protocol, where they differ."""

Change = Callable[[str, str], str]
"""(name of a leaf, its text) -> the text that takes its place."""


def vendor_protocols() -> list[Protocol]:
    """Give the protocols that are not our own."""
    return [protocol for protocol in PROTOCOLS if protocol.name not in OUR_OWN]


def path_of(protocol: Protocol, endpoint: Endpoint) -> str:
    """Give an endpoint's path below its prefix, with names in braces."""
    return f"/{protocol.name}{endpoint.path}"


def vendor_requests() -> Iterator[tuple[str, Planted]]:
    """Give requests for every endpoint of every vendor, each with the endpoint's path."""
    captured = _captured_bodies() if FOLDER.is_dir() else {}
    for protocol in vendor_protocols():
        bodies = [*captured.get(protocol.name, []), _made_of(protocol)]
        for endpoint in protocol.endpoints:
            where = path_of(protocol, endpoint)
            for path in {_fill(where, "1"), _fill(where, quote(PLAIN, safe=""))}:
                for method in endpoint.methods:
                    for planted in _requests(path, method, protocol, bodies):
                        yield where, planted


def _requests(path: str, method: str, protocol: Protocol, bodies: list[Any]) -> Iterator[Planted]:
    """Give the requests of one path."""
    names = [name for name in protocol.fields if "." not in name]
    form = urlencode(dict.fromkeys(names, PLAIN) | NEEDED)
    if method == "GET":
        yield Planted(f"{path}?{form}", method="GET")
        yield Planted(f"{path}?{urlencode({'data': json.dumps(bodies[-1])})}", method="GET")
        return
    yield Planted(path, form.encode())
    yield Planted(path, urlencode({"data": json.dumps(bodies[-1])}).encode())
    for number, body in enumerate(bodies):
        for place, disguise in enumerate(DISGUISES):
            # Every text at once under each disguise in turn, and each by itself under the first.
            if (number + place) % 3 == 0 or place == 0:
                yield _post(path, _change(body, partial(_put, text_of(disguise, SEEN_BY_FORM))))
    yield Planted(path, PLAIN.encode())
    yield Planted(path, urlencode({"data": PLAIN, "d": PLAIN, "u": PLAIN}).encode())


def _put(planted: str, name: str, text: str) -> str:
    """Give what takes a text's place."""
    is_kept = name in STRUCTURE or MOMENT.match(text)
    return text if is_kept else planted


def _change(value: Any, change: Change, name: str = "") -> Any:
    """Give a JSON value with its texts changed; names of members that hold texts are kept."""
    if isinstance(value, dict):
        return {key: _change(one, change, key) for key, one in value.items()}
    if isinstance(value, list):
        return type(value)(_change(one, change, name) for one in value)
    return change(name, value) if isinstance(value, str) else value


def _captured_bodies() -> dict[str, list[Any]]:
    """Give the captured bodies of JSON by protocol, one of each shape."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(FOLDER.glob("*.jsonl")):
        for wire in read_wires(file.stem):
            value = _read(open_up(wire).body)
            if value is not None:
                shape = repr(sorted(_names_in(value)))
                found.setdefault(_vendor_of(file.stem), {}).setdefault(shape, value)
    return {name: list(shapes.values()) for name, shapes in found.items()}


def _read(body: bytes) -> dict[str, Any] | list[Any] | None:
    """Give a body of JSON, or one of lines of JSON; None for any other."""
    try:
        value = json.loads(body)
        return value if isinstance(value, dict | list) else None
    except ValueError:
        pass
    try:
        lines = Lines(json.loads(line) for line in body.splitlines() if line)
    except ValueError:
        return None
    for line in lines:
        # What is planted has another length.
        line.pop("length", None) if isinstance(line, dict) else None
    return lines or None


class Lines(list[Any]):
    """Values that go over the wire a line each."""


def _vendor_of(capture: str) -> str:
    """Give the protocol of a file of captures, by its name."""
    short = capture.partition("-")[0]
    return VENDORS.get(short, short)


def _names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(name for one in value.values() for name in _names_in(one))}
    return {name for one in value for name in _names_in(one)} if isinstance(value, list) else set()


def _made_of(protocol: Protocol) -> dict[str, Any]:
    """Give an object of all fields that a protocol's table names, in the lists that SDKs use."""
    item: dict[str, Any] = {"type": "track", "event": "a", "event_type": "a", "name": "a"}
    for field in protocol.fields:
        *path, last = field.split(".")
        there = item
        for name in path:
            inner = there.setdefault(name, {})
            there = inner if isinstance(inner, dict) else there
        there.setdefault(last, PLAIN)
    return item | {"batch": [item], "events": [item], "properties": dict(item)}


def _fill(path: str, text: str) -> str:
    return re.sub(r"\{[a-z_]+\}", lambda _: text[:200], path)


def _post(path: str, body: Any) -> Planted:
    lines = body if isinstance(body, Lines) else [body]
    content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    return Planted(path, content, headers={"from": CANARIES["email"]})
