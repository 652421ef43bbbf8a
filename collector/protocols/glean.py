"""Mozilla Glean's pings: `POST /submit/<app>/<ping>/<schema>/<document>`.

A ping of events becomes one event each; any other ping one event by its name, its metrics as
properties. A request for deletion brings no event: it is a withdrawal, and a request for erasure.

Sources: Glean's book on pings and HTTP; requests of its Python SDK as captured.
"""

from __future__ import annotations

from typing import Any

from collector.identifiers import is_no_id
from collector.outcomes import BadRequest
from collector.protocols.bodies import list_in, object_in, read_object, text_in
from collector.protocols.fields import Draft, FieldMap, put, read_identifier
from collector.protocols.identifying import target_of
from collector.protocols.maker import Maker
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request, answer_later
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

DELETION = "deletion-request"
"""Ping that an SDK sends once, when its user no longer wants anything to be collected."""

FIELDS = FieldMap(
    {
        "client_info.client_id": "device",
        "client_info.session_id": "session",
        "client_info.app_display_version": "app_version",
        "client_info.device_model": "device_model",
        "client_info.locale": "locale",
        "client_info.app_channel": "environment",
        "client_info.telemetry_sdk_build": "sdk_version",
        "ping_info.start_time": "occurred_at",
    }
)

DROPPED = {
    "deletion-request": "no event: its client withdraws, and asks to be erased (decision 0170)",
    "client_info.os, architecture, build_date, first_run_date, …": "not needed",
    "ping_info.seq": "counts the pings of one client, which nothing here asks for",
    "ping_info.experiments": "not collected; `sanaq.consent` among them tells a choice",
    "metrics.uuid": "ids of the app's own making; looked for in the event's texts",
}


CONSENT_EXPERIMENT = "sanaq.consent"
"""Experiment whose extra values tell purposes, for an SDK that can set nothing else on a ping."""

_SAID = {"true": True, "false": False}
"""Extra values are texts."""


def decode(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a ping.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`; `record_invalid` where
        a request for deletion names nobody.
    """
    ping, document = request.params.get("ping", ""), request.params.get("document", "")
    body = read_object(request.body)
    if ping == DELETION:
        return _decode_deletion(body)
    if ping == "events":
        items = [
            {"event": one, "event_id": f"{document}/{number}"}
            for number, one in enumerate(list_in(body, "events"))
        ]
    else:
        items = [{"event_id": document}]
    maker = Maker("glean", sender, terms)
    return maker.add_all(items, lambda item: _map_item(item, ping, body))


def _decode_deletion(body: dict[str, Any]) -> Decoded:
    """Decode a request for deletion: it names the client as it was before.

    Errors: BadRequest `record_invalid`.
    """
    device = read_identifier(object_in(body, "client_info").get("client_id"))
    if device is None or is_no_id(device):
        raise BadRequest("record_invalid")
    return Decoded([], [], [], deletion=device)


def _map_item(item: dict[str, Any], ping: str, body: dict[str, Any]) -> Draft | str:
    """Give the draft of a whole ping, or of one of its events, or why it is none."""
    draft: Draft = {"sdk_name": "glean", "consent": _consent_of(body)}
    put(draft, "event_id", item["event_id"])
    if "event" in item:
        return _map_event(item["event"], FIELDS.read(body, draft))
    draft |= {"name": ping, "properties": _flatten(object_in(body, "metrics"), draft)}
    if ping == "health":
        draft["kind"] = "log"
    return FIELDS.read(body, draft)


def _consent_of(body: dict[str, Any]) -> dict[str, Any]:
    """Give the consent object that the ping's experiments amount to."""
    experiments = object_in(object_in(body, "ping_info"), "experiments")
    told = object_in(object_in(experiments, CONSENT_EXPERIMENT), "extra")
    return {"purposes": {name: _SAID.get(str(value).lower()) for name, value in told.items()}}


def _map_event(event: Any, draft: Draft) -> Draft | str:
    """Give the draft of one event; its own clock counts from the first of its ping."""
    if not isinstance(event, dict) or not text_in(event, "name"):
        return "event_invalid"
    extra = dict(object_in(event, "extra"))
    extra.pop("glean_timestamp", None)
    name = ".".join(filter(None, (text_in(event, "category"), text_in(event, "name"))))
    offset, start = event.get("timestamp"), draft.get("occurred_at")
    if isinstance(offset, int) and isinstance(start, int) and 0 <= offset < OFFSET_MS_MAX:
        draft["occurred_at"] = start + offset
    return draft | {"name": name, "properties": extra}


OFFSET_MS_MAX = 10**11
"""A longer way from the start of a ping is none."""


def _flatten(metrics: dict[str, Any], draft: Draft) -> dict[str, Any]:
    """Give metrics by name alone; their types stand above them, and may tell identifiers."""
    flat: dict[str, Any] = {}
    for kind in metrics:
        identifies = kind == "uuid" or target_of(kind) is not None
        for name, value in object_in(metrics, kind).items():
            if not identifies:
                flat[name] = value
            elif (text := read_identifier(value)) is not None:
                put(draft, "other_id", text)
    return flat


def find_app(request: Request) -> str:
    """Give the name by which a page calls its site: the application's."""
    return request.params.get("app", "")


def answer_ok(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as Mozilla's own servers do."""
    return Answer(b"OK", 200, "text/plain")


PROTOCOL = Protocol(
    "glean",
    (
        Endpoint(
            "/submit/{app}/{ping}/{schema}/{document}",
            decode,
            answer_ok,
            # In pages the SDK takes a server without a path, where no key has room.
            is_open=True,
            find_site=find_app,
            takes_cookie=False,
        ),
    ),
    fault=answer_later,
    fields=FIELDS.table,
    dropped=DROPPED,
)
