"""Matomo's tracking API: parameters in a query, in a form, in both, or many of them in bulk.

Sources: Matomo Tracking HTTP API; requests of matomo.js 5 as captured, and of matomo-tracker 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from collector.protocols.bodies import list_in, peek_object, read_object, text_in
from collector.protocols.fields import Draft
from collector.protocols.maker import Maker
from collector.protocols.matomo_events import DROPPED, FIELDS, map_event
from collector.protocols.pixel import PIXEL_GIF
from collector.protocols.protocol import (
    Answer,
    Endpoint,
    Protocol,
    Request,
    own_connection,
    read_form,
    read_query,
)
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

KEY_PREFIX = "sk_"
"""How a write key begins; Matomo's own tokens are passed over."""


def decode_all(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode one event, or many in bulk.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """

    def map_item(item: dict[str, Any]) -> Draft | str:
        return map_event(item, sender.trusted)

    return Maker("matomo", sender, terms).add_all(_hits_of(request), map_item)


def _hits_of(request: Request) -> Iterator[object]:
    """Give the parameters of each event; what the query says holds for all of a bulk.

    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    query = read_query(request)
    if not is_bulk(request):
        yield query | _form_of(request)
        return
    for one in list_in(read_object(request.body), "requests"):
        if isinstance(one, str):
            yield query | read_form(one.partition("?")[2] if "?" in one else one)
        else:
            yield query | one if isinstance(one, dict) else one


def is_bulk(request: Request) -> bool:
    """Tell whether a body is JSON, which only bulks are."""
    return request.body.lstrip()[:1] == b"{"


def _form_of(request: Request) -> dict[str, str]:
    """Give the parameters of a form.

    Errors: BadRequest `body_invalid`.
    """
    return read_form(request.body.decode(errors="replace"))


def _find(request: Request, name: str) -> str:
    """Give a parameter from wherever it may stand.

    Errors: BadRequest `body_invalid`.
    """
    told = read_query(request).get(name, "")
    if told or not request.body:
        return told
    if not is_bulk(request):
        return _form_of(request).get(name, "")
    body = peek_object(request.body)
    return text_in(body, name)


def find_key(request: Request) -> str:
    """Give `token_auth` where it is a write key: servers may say it there.

    Errors: BadRequest `body_invalid`.
    """
    token = _find(request, "token_auth")
    return token if token.startswith(KEY_PREFIX) else ""


def find_site(request: Request) -> str:
    """Give `idsite`, by which a page calls its site.

    Errors: BadRequest `body_invalid`.
    """
    return _find(request, "idsite")


def answer_all(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as Matomo does: a bulk is counted, an event gets a picture unless it wants none."""
    if is_bulk(request):
        invalid = len(verdict.reasons) - verdict.refused
        told = {"status": "success", "tracked": verdict.received - invalid, "invalid": invalid}
        return Answer(msgspec.json.encode(told))
    if _find(request, "send_image") == "0":
        return Answer(status=204, headers=own_connection(request))
    return Answer(PIXEL_GIF, kind="image/gif", headers=own_connection(request))


_SHARED: dict[str, Any] = {
    "methods": ("GET", "POST"),
    "find_key": find_key,
    "is_open": True,
    "find_site": find_site,
    # `disableCookies` is the page's word, and the page alone keeps ids here.
    "takes_cookie": False,
}

PROTOCOL = Protocol(
    "matomo",
    (
        Endpoint("/matomo.php", decode_all, answer_all, **_SHARED),
        Endpoint("/piwik.php", decode_all, answer_all, **_SHARED),
    ),
    fields=FIELDS.table,
    dropped=DROPPED,
)
