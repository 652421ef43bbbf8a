"""Requests that carry planted identifiers in every place that a sender controls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from collector.protocols.native_wire import EnvelopeHead, Event, EventContext
from tests.privacy.disguises import DISGUISES
from tests.privacy.needles import CANARIES, TEXT_CLASSES
from tests.privacy.wire_fields import fill_each, names_in

KEPT = "/kept-on-purpose/horses"
"""A page's path that may be kept: what is found of it shows that the search sees what is there."""

EVENTS_PER_REQUEST = 200

NUMBER = int(CANARIES["national_id"])

PURPOSES = ("analytics", "advertising", "geolocation", "partner_sharing", "personalisation")
GRANTED = {
    "purposes": dict.fromkeys(PURPOSES, True),
    "method": "checkbox",
    "tcf": CANARIES["consent_string"],
    "gpp": CANARIES["consent_string"],
}
REFUSED = GRANTED | {"purposes": dict.fromkeys(PURPOSES, False)}
CONSENTS = (GRANTED, REFUSED, None)

IDENTIFIERS = {name: CANARIES[name] for name in ("person", "device", "advertising_id", "session")}


SEEN_BY_FORM = ("address", "email", "phone", "national_id", "card")
"""Classes that are found by how they look; the others only where the event names them too."""


def text_of(disguise: str, classes: tuple[str, ...] = TEXT_CLASSES) -> str:
    """Give one free text with identifiers of several classes, each under a disguise."""
    return "; ".join(f"see {DISGUISES[disguise](CANARIES[name])} now" for name in classes)


def is_base64(text: str) -> bool:
    """Tell whether a text holds identifiers in base64."""
    return any(text == text_of(name) for name in ("base64", "base64_url"))


TEXT = text_of("plain")

HEADERS = {
    "user-agent": CANARIES["user_agent"],
    "cookie": f"euconsent-v2={CANARIES['consent_string']}; sid={CANARIES['cookie']}",
    "referer": f"https://soq.example/?mail={CANARIES['email']}",
    "x-forwarded-for": CANARIES["address"],
    "x-request-id": CANARIES["person"],
    "sec-ch-ua-model": f'"{CANARIES["email"]}"',
}

PROXY_HEADERS = HEADERS | {
    "forwarded": f'for="[{CANARIES["address_v6"]}]";by={CANARIES["person"]};host=a;proto=https',
    "x-forwarded-for": f"{CANARIES['address_v6']}, {CANARIES['address']}:4711, 127.0.0.1",
    "x-forwarded-proto": CANARIES["person"],
    "x-forwarded-host": f"{CANARIES['device']}.example",
    "x-real-ip": CANARIES["address"],
    "cf-connecting-ip": CANARIES["address"],
    "true-client-ip": CANARIES["address_v6"],
    "via": f"1.1 {CANARIES['person']}",
    "traceparent": CANARIES["device"],
    "from": CANARIES["email"],
}
"""What proxies add, true or forged."""


RECORD_TEXTS = ("evidence", "text_version", "language", "method")
"""Fields of a record of consent that take a text."""


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
    """Give good requests of every protocol, with consent granted, refused and absent."""
    for consent in CONSENTS:
        yield from _native(consent)
    yield from _envelopes()
    yield from _pixels()
    yield from _logs()
    yield from _cookies()
    yield from _records()


def texts(classes: tuple[str, ...] = TEXT_CLASSES) -> Iterator[str]:
    """Give every text to plant: all identifiers under each disguise, and each one alone."""
    yield from (text_of(disguise, classes) for disguise in DISGUISES)
    yield from (CANARIES[name] for name in classes)


def _native(consent: dict[str, Any] | None) -> Iterator[Planted]:
    """Give native requests whose events carry each text in each field."""
    said = {} if consent is None else {"consent": consent}
    events = _events()
    while chunk := list(islice(events, EVENTS_PER_REQUEST)):
        body = {"events": chunk, "context": {"user_agent": CANARIES["user_agent"]}} | said
        yield _post("/v1/events", body)
        yield _post("/v1/diagnostics", body)
        yield _post("/v1/events", body | {"import": {"source": "crm", "basis": "consent"}})


def _events() -> Iterator[dict[str, Any]]:
    base = IDENTIFIERS | {"name": "page_view"}
    for text in texts():
        yield from (base | filled for filled in fill_each(Event, text, NUMBER))
        # A host's name has no case, and base64 without its case is no identifier any more.
        host = "soq" if is_base64(text) else text[:40]
        url = f"https://{host}.example/{text}?q={text}&utm_source={text}#{text}"
        yield base | {"page": {"url": url, "referrer": url}}
        yield base | {"properties": {"surname": text, "фамилия": text}}
    yield base | {"properties": {"surname": CANARIES["surname"]}}
    yield base | {"properties": {"фамилия": CANARIES["surname_cyrillic"]}}
    yield base | {"event_id": CANARIES["device"]}
    yield base | {"page": {"url": f"https://soq.example{KEPT}"}}
    yield {"kind": "error", "page": {"url": f"https://soq.example{KEPT}"}}


def _envelopes() -> Iterator[Planted]:
    """Give requests with each text in each field around the events."""
    for text in texts():
        # The browser of a person is unknown where a server imports; a source may be called so.
        if text == CANARIES["user_agent"]:
            continue
        for head in fill_each(EnvelopeHead, text, NUMBER):
            yield _post("/v1/events", head | {"events": [IDENTIFIERS | {"name": "page_view"}]})
        # Every member of a consent object that any reader knows.
        said = dict.fromkeys(names_in("collector/consent", "collector/protocols"), text)
        consent = GRANTED | {name: one for name, one in said.items() if name not in GRANTED}
        body = {"events": [IDENTIFIERS | {"name": "page_view"}], "consent": consent}
        yield _post("/v1/events", body | {"context": next(fill_each(EventContext, text, 1))})


def _pixels() -> Iterator[Planted]:
    for text in texts(SEEN_BY_FORM):
        names = names_in("collector/protocols/pixel.py")
        yield Planted(f"/v1/pixel.gif?{urlencode(dict.fromkeys(names, text))}", method="GET")
        url = quote(f"https://soq.example/{text}", safe="")
        yield Planted(f"/v1/pixel.gif?url={url}&person={quote(text)}", method="GET")


def _logs() -> Iterator[Planted]:
    """Give lines of access logs with each text in each of their fields."""
    lines: list[list[Any]] = [[0, text_of("plain", SEEN_BY_FORM)]]
    for text in texts(SEEN_BY_FORM):
        plain, quoted = quote(text, safe="%/&#;@+:,"), text.replace('"', "'")
        for address, user, target, referrer, agent in (
            (CANARIES["address"], CANARIES["person"], f"/x?mail={plain}", "-", quoted),
            (plain, "-", f"/{plain}", f"https://a.example/{plain}", CANARIES["user_agent"]),
            (CANARIES["address_v6"], plain, "/", quoted, "-"),
        ):
            request = f'"GET {target} HTTP/1.1" 200 3 "{referrer}" "{agent}"'
            lines.append([0, f"{address} - {user} [17/May/2015:10:05:03 +0000] {request}"])
    yield _post(
        "/v1/import/access-log",
        {"import": {"source": "log", "basis": "contract"}, "lines": lines},
    )


def _cookies() -> Iterator[Planted]:
    """Give requests with identifiers in every cookie, header and parameter that a reader knows."""
    names = names_in("collector/consent", "collector/device_cookie.py")
    event = {"events": [IDENTIFIERS | {"name": "page_view"}]}
    for start in range(0, len(names), 50):
        some = names[start : start + 50]
        pairs = [f"{name}={quote(TEXT[:120])}" for name in some]
        yield _post("/v1/events", event, headers={"cookie": "; ".join(pairs)})
        query = urlencode(dict.fromkeys(some, CANARIES["consent_string"]))
        yield _post(f"/v1/events?{query}", event)
    yield _post("/v1/events", event, headers=PROXY_HEADERS)


def _records() -> Iterator[Planted]:
    """Give records of consent with each text in each field, about each kind of identifier."""
    names = names_in("collector/protocols/consent_record.py", "collector/consent_ids.py")
    for kind in ("person", "device", "advertising_id"):
        for purposes in (GRANTED["purposes"], REFUSED["purposes"]):
            record = {kind: CANARIES[kind], "purposes": purposes, "method": "checkbox"}
            yield _post("/v1/consent", record)
            yield _post("/v1/consent", record | {"consent": CANARIES["consent_string"]})
    # A record names no session and no user agent, so it cannot know them in its texts.
    classes = ("person", "device", "advertising_id", *SEEN_BY_FORM)
    ids = {name: CANARIES[name] for name in ("person", "device", "advertising_id")}
    record = ids | {"purposes": REFUSED["purposes"]}
    for text in texts(classes):
        yield from (_post("/v1/consent", record | {name: text}) for name in RECORD_TEXTS)
    about = text_of("plain", classes)
    yield from (_post("/v1/consent", record | {name: about}) for name in names)


def _post(path: str, body: Any, headers: dict[str, str] | None = None) -> Planted:
    return Planted(path, json.dumps(body, ensure_ascii=False).encode(), headers=headers or {})
