"""Mixpanel: `/track`, `/engage`, `/groups`, `/import`, `/decide`, `/record`.

A body is JSON, or a form whose `data` is JSON or base64 of it, which GET puts into its query; the
token stands in each event. Source: Mixpanel's ingestion API; requests of its SDKs as captured.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from collector.outcomes import BadRequest
from collector.protocols.bodies import object_in, read_data, read_json, text_in
from collector.protocols.fields import Draft
from collector.protocols.maker import Maker
from collector.protocols.mixpanel_fields import DROPPED, FIELDS, PROFILE, map_event, map_profile
from collector.protocols.protocol import (
    Answer,
    Endpoint,
    Protocol,
    Request,
    key_in_basic,
    read_query,
)
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

PEEK_BYTES_MAX = 1_000_000
"""A token is looked for in `data` that is gzip within base64 up to this size, inflated."""

_JSON_BEGINS = (b"{", b"[", b"%7B", b"%5B", b"%7b", b"%5b")


def decode_track(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode events.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `body_too_large`, `events_too_many`.
    """
    sender = _sender_of(request, sender)
    return Maker("mixpanel", sender, terms).add_all(_items(request, terms), map_event)


def decode_engage(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode updates of profiles. Errors: as `decode_track`."""
    sender = _sender_of(request, sender)
    return Maker("mixpanel", sender, terms).add_all(_items(request, terms), map_profile)


def decode_groups(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Count updates of groups. Errors: as `decode_track`."""
    return Maker("mixpanel", sender, terms).add_all(_items(request, terms), _unwanted)


def decode_record(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Count a piece of a recorded session, which is never read."""
    return Decoded([], [], [(0, "kind_unwanted")])


def _unwanted(item: dict[str, Any]) -> Draft | str:
    """Turn an item away for its kind."""
    return "kind_unwanted"


def _items(request: Request, terms: Terms) -> list[Any]:
    return read_items(request, terms.limits.body_inflated_bytes_max)


def read_items(request: Request, bytes_max: int) -> list[Any]:
    """Give the items of a request; a single one as a list. Errors: as `decode_track`."""
    body = request.body.lstrip()
    if "ndjson" in request.headers.get("content-type", ""):
        return [read_json(line) for line in body.splitlines() if line.strip()]
    if request.method != "GET" and body[:1] in (b"{", b"["):
        value = read_json(body)
    else:
        value = _read_form_data(
            body if request.method != "GET" else request.query.encode(), bytes_max
        )
    return value if isinstance(value, list) else [value]


def _read_form_data(form: bytes, bytes_max: int) -> Any:
    """Give the value of `data` in a form or a query.

    In JSON a plus stands for a blank, as in every form; base64 stands there unescaped, so that a
    plus of it is one. Errors: as `decode_track`.
    """
    for pair in form.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"data":
            text = value.replace(b"+", b" ") if value.startswith(_JSON_BEGINS) else value
            return read_data(unquote_to_bytes(text), bytes_max)
    raise BadRequest("body_invalid")


def find_key(request: Request) -> str:
    """Give the token: of the query, of the first item, or a key of ours in `Authorization: Basic`.

    The name of a service account, which may stand there too, is no key.
    """
    basic = key_in_basic(request)
    if basic.startswith("sk_"):
        return basic
    return read_query(request).get("token", "") or _token_of(peek_item(request))


def peek_item(request: Request) -> dict[str, Any]:
    """Give the first item of a request, an empty object where there is none."""
    try:
        items = read_items(request, PEEK_BYTES_MAX)
    except BadRequest:
        return {}
    return items[0] if items and isinstance(items[0], dict) else {}


def _token_of(item: dict[str, Any]) -> str:
    """Give the token of an item."""
    return text_in(item, "$token") or text_in(object_in(item, "properties"), "token")


def is_mixpanel(request: Request) -> bool:
    """Tell Mixpanel's requests from others' of the same path, by where the token stands."""
    return bool(_token_of(peek_item(request)))


def answer_status(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer `1`, or an object to who asked for it, as the vendor does."""
    if is_verbose(request):
        return Answer(b'{"status":1,"error":null}')
    return Answer(b"1", kind="text/plain")


def answer_import(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer an import: of a JSON body with the number of records, of a form as `/track`."""
    if b"data=" in request.body[:200] or request.method == "GET":
        return answer_status(request, verdict, trusted)
    told = {"code": 200, "num_records_imported": verdict.received, "status": "OK"}
    return Answer(msgspec.json.encode(told))


def answer_decide(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer what SDKs ask at their start: nothing is to be shown or collected besides."""
    return Answer(b'{"notifications":[],"surveys":[],"config":{"enable_collect_everything":false}}')


def answer_fault(request: Request, fault: BadRequest) -> Answer:
    """Answer a request that was turned away: the Python SDK reads `status` of every answer."""
    return Answer(msgspec.json.encode({"status": 0, "error": fault.reason}), fault.status)


def is_verbose(request: Request) -> bool:
    """Tell whether an answer in words is asked for, in the query or in the form."""
    return _says(request, "verbose=1")


def _sender_of(request: Request, sender: Sender) -> Sender:
    """Give a sender, without its address where the SDK says that it is none of a person's.

    SDKs for servers say `ip=0`; an event's own `ip` counts all the same.
    """
    return msgspec.structs.replace(sender, address="") if _says(request, "ip=0") else sender


def _says(request: Request, word: str) -> bool:
    """Tell whether a parameter stands in the query or in the form."""
    return word in request.query.split("&") or word.encode() in request.body.split(b"&")


_BOTH = ("GET", "POST")

PROTOCOL = Protocol(
    "mixpanel",
    (
        Endpoint("/track", decode_track, answer_status, _BOTH, find_key, is_mixpanel),
        Endpoint("/engage", decode_engage, answer_status, _BOTH, find_key, is_mixpanel),
        Endpoint("/groups", decode_groups, answer_status, _BOTH, find_key, is_mixpanel),
        Endpoint("/import", decode_track, answer_import, _BOTH, find_key, is_mixpanel),
        Endpoint("/record", decode_record, answer_status, find_key=find_key),
        Endpoint("/decide", answer=answer_decide, methods=("GET",), find_key=find_key),
    ),
    fault=answer_fault,
    fields={"distinct_id": "person", "time": "occurred_at_s", **FIELDS.table, **PROFILE.table},
    dropped=DROPPED,
)
