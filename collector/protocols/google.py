"""Google Analytics: GA4's Measurement Protocol, gtag's requests, and Universal Analytics.

Sources: Google's references of both Measurement Protocols; requests of the npm package
universal-analytics as captured; gtag's as they are known, since it is not to be had as a package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from collector.consent.request import read_request
from collector.protocols.bodies import list_in, peek_object, read_object, text_in
from collector.protocols.fields import Draft, below
from collector.protocols.google_events import (
    BODY,
    CAMPAIGN,
    DROPPED,
    FORM,
    PARAMS,
    SALE,
    map_measured,
    map_tagged,
    map_universal,
)
from collector.protocols.maker import Maker
from collector.protocols.pixel import PIXEL_GIF
from collector.protocols.protocol import (
    Answer,
    Endpoint,
    Protocol,
    Request,
    as_key,
    read_form,
    read_query,
)
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

CONSENT_WORDS = ("gcs", "gcd", "npa", "gdpr", "gdpr_consent", "gpp", "gpp_sid")
"""Parameters that speak of consent; those of a query have been read with the request."""

EVENTS_MAX = 25
"""So many events Google takes at once, and its validation warns of more."""

Parameters = dict[str, str]


def decode_measured(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a body of GA4's Measurement Protocol.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    body = read_object(request.body)
    maker = Maker("google", sender, terms)
    return maker.add_all(list_in(body, "events"), lambda item: map_measured(item, body))


def decode_tagged(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode the events of gtag: what its query says holds for each line of the body.

    Errors: BadRequest `body_invalid`, `events_too_many`.
    """
    return _decode(request, sender, terms, map_tagged)


def decode_universal(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode events of Universal Analytics, a line each.

    Errors: BadRequest `body_invalid`, `events_too_many`.
    """
    return _decode(request, sender, terms, lambda sent: map_universal(sent, sender.received_at_ms))


def _decode(
    request: Request, sender: Sender, terms: Terms, map_one: Callable[[Parameters], Draft | str]
) -> Decoded:
    """Decode the lines of a form; consent that stands in the body is read with the query's."""
    maker = Maker("google", sender, terms)
    query = read_query(request)
    for line in _lines_of(request):
        draft = map_one(query | read_form(line))
        words = "&".join(_consent_words(line))
        if words and isinstance(draft, dict):
            said = "&".join([*_consent_words(request.query), words])
            draft["statements"] = read_request({}, said, terms.policy, sender.site)
        maker.add(draft)
    return maker.decoded


def _lines_of(request: Request) -> Iterator[str]:
    """Yield the lines of a body that say something; one empty one where there is no body."""
    lines = request.body.decode(errors="replace").splitlines()
    yield from [line for line in lines if line.strip()] or [""]


def _consent_words(form: str) -> list[str]:
    """Give the parameters of a form that speak of consent, as sent."""
    return [one for one in form.split("&") if one.partition("=")[0] in CONSENT_WORDS]


def _first_line(request: Request) -> Parameters:
    """Give the parameters of a query and of the first line of its form.

    Errors: BadRequest `body_invalid`.
    """
    return read_query(request) | read_form(next(_lines_of(request)))


def owns_universal(request: Request) -> bool:
    """Tell lines of Universal Analytics from others' bodies of the same path."""
    begin = b"&" + request.body.lstrip().partition(b"\n")[0]
    return b"&v=1" in begin and b"&tid=" in begin


def find_secret(request: Request) -> str:
    """Give the key that stands for Google's `api_secret`."""
    return as_key(read_query(request).get("api_secret", ""))


def find_key(request: Request) -> str:
    """Give the key that stands for the property's number, in the query or the first line.

    Errors: BadRequest `body_invalid`.
    """
    return as_key(_first_line(request).get("tid", ""))


def find_site(request: Request) -> str:
    """Give the name by which a page calls its property: its number in small letters.

    Errors: BadRequest `body_invalid`.
    """
    return _first_line(request).get("tid", "").lower()


def answer_nothing(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as GA4 does."""
    return Answer(status=204)


def answer_picture(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as Universal Analytics did."""
    return Answer(PIXEL_GIF, kind="image/gif")


def answer_validation(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer what is wrong with a body of the Measurement Protocol, as Google does; keep nothing.

    No message repeats what was sent.
    """
    body = peek_object(request.body)
    messages = list(_faults_of(body)) if body else [_fault("VALUE_INVALID", "", "is no object")]
    return Answer(msgspec.json.encode({"validationMessages": messages}))


def _faults_of(body: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield what is wrong with a body."""
    if not (text_in(body, "client_id") or text_in(body, "app_instance_id")):
        yield _fault("VALUE_REQUIRED", "client_id", "names the sender's device")
    events = body.get("events")
    if not isinstance(events, list) or not events:
        yield _fault("VALUE_REQUIRED", "events", "holds at least one event")
        return
    if len(events) > EVENTS_MAX:
        yield _fault("EXCEEDED_MAX_ENTITIES", "events", f"holds {EVENTS_MAX} events at most")
    for number, event in enumerate(events[:EVENTS_MAX]):
        if not (isinstance(event, dict) and text_in(event, "name")):
            yield _fault("NAME_INVALID", f"events[{number}].name", "is a text")


def _fault(code: str, path: str, what: str) -> dict[str, str]:
    """Give one message in Google's form."""
    return {"fieldPath": path, "description": f"[{path}] {what}", "validationCode": code}


_SECRET: dict[str, Any] = {"find_key": find_secret, "takes_cookie": False}
_OPEN: dict[str, Any] = {
    "methods": ("GET", "POST"),
    "find_key": find_key,
    "is_open": True,
    "find_site": find_site,
    # The page sends an id of its own where it may have one.
    "takes_cookie": False,
}

PROTOCOL = Protocol(
    "google",
    (
        Endpoint("/mp/collect", decode_measured, answer_nothing, **_SECRET),
        Endpoint("/debug/mp/collect", answer=answer_validation, **_SECRET),
        Endpoint("/g/collect", decode_tagged, answer_nothing, **_OPEN),
        Endpoint("/collect", decode_universal, answer_picture, **_OPEN),
        Endpoint(
            "/batch",
            decode_universal,
            answer_picture,
            **_OPEN | {"methods": ("POST",)},
            owns=owns_universal,
        ),
    ),
    fields={**BODY.table, **below("events.params", PARAMS, SALE, CAMPAIGN), **FORM.table},
    dropped=DROPPED,
)
