"""PostHog's capture API (`/batch`, `/e`, `/i/v0/e`, `/i/v1/analytics/events`, `/flags`, …).

Bodies come in five encodings: JSON; gzip, told or not; base64; forms with `data=`. Sources:
PostHog's capture API; requests of posthog-js, posthog-node and posthog-python.
"""

from __future__ import annotations

from typing import Any

import msgspec

from collector.identifiers import read_uuid
from collector.outcomes import REFUSALS, BadRequest
from collector.protocols.bodies import (
    form_value,
    list_in,
    object_in,
    peek_object,
    read_data,
    read_json,
    text_in,
)
from collector.protocols.fields import Draft, read_number
from collector.protocols.maker import Maker
from collector.protocols.posthog_events import DROPPED, FIELDS, PROPERTIES, map_event
from collector.protocols.protocol import (
    Answer,
    Endpoint,
    Protocol,
    Request,
    answer_later,
    key_in_path,
    read_query,
)
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

PEEK_BYTES_MAX = 1_000_000
"""A key is looked for in a form's data up to this size, inflated; SDKs that send more tell it."""

CONFIG = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "sessionRecording": False,
    "surveys": False,
    "heatmaps": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocapture_opt_out": False,
    "autocaptureExceptions": False,
    "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
    "defaultIdentifiedOnly": True,
    "elementsChainAsString": True,
    "isAuthenticated": False,
    "siteApps": [],
    "toolbarParams": {},
    "conversations": False,
    "productTours": False,
    "logs": {"captureConsoleLogs": False},
}
"""What SDKs fetch at their start: nothing is recorded, asked or loaded from anywhere."""

FLAGS = {
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
    "requestId": "sanaq",
}
"""No feature flags; those of a page are none of ours to decide."""


def read_body(request: Request, bytes_max: int) -> Any:
    """Give the value of a request in any of the encodings.

    Errors: BadRequest.
    """
    body = request.body.strip()
    if body[:1] in (b"{", b"["):
        return read_json(body)
    data = form_value(body, "data")
    if data is None and not body:
        data = form_value(request.query.encode(), "data")
    return read_data(body if data is None else data, bytes_max)


def peek_body(request: Request) -> dict[str, Any]:
    """Give the object of a request, or the first of its list; an empty one where there is none."""
    try:
        value = read_body(request, PEEK_BYTES_MAX)
    except BadRequest:
        return {}
    if isinstance(value, list):
        value = value[0] if value else {}
    return value if isinstance(value, dict) else {}


def decode(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a batch, a list of events, or one.

    Errors: BadRequest.
    """
    limits = terms.limits
    value = read_body(
        request, limits.body_inflated_bytes_max if sender.trusted else limits.body_bytes_max
    )
    whole: dict[str, Any] = {}
    if isinstance(value, dict):
        whole = {name: value[name] for name in ("sent_at", "created_at") if name in value}
        items = list_in(value, "batch") if "batch" in value else [value]
    elif isinstance(value, list):
        items = value
    else:
        raise BadRequest("body_invalid")
    library = request.headers.get("posthog-sdk-info", "")

    def map_item(item: dict[str, Any]) -> Draft | str:
        draft = map_event(whole | item)
        if isinstance(draft, str):
            return draft
        offset = read_number(item.get("offset"))
        if offset is not None and 0 <= offset <= sender.received_at_ms:
            draft.setdefault("occurred_at_ms", sender.received_at_ms - round(offset))
        draft.setdefault("sdk_name", library)
        return draft

    return Maker("posthog", sender, terms).add_all(items, map_item)


def decode_replay(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a recording of a page, which is not collected."""
    return Maker("posthog", sender, terms).add_all([{}], lambda item: "kind_unwanted")


def find_key(request: Request) -> str:
    """Give the key of the path, the query, the body, or the first of its events."""
    query = read_query(request)
    key = key_in_path(request) or query.get("token", "") or query.get("api_key", "")
    return key or (_key_in(peek_body(request)) if request.body or request.query else "")


def _key_in(body: dict[str, Any]) -> str:
    items = body.get("batch")
    first = items[0] if isinstance(items, list) and items else {}
    places = (
        *(body, object_in(body, "properties")),
        *((first, object_in(first, "properties")) if isinstance(first, dict) else ()),
    )
    names = ("api_key", "token", "$token")
    return next((key for one in places for name in names if (key := text_in(one, name))), "")


def owns(request: Request) -> bool:
    """Tell PostHog's requests from others' of the same path."""
    body = peek_body(request)
    if "batch" in body:
        return True
    return ("api_key" in body or "token" in body) and "events" not in body


def owns_event(request: Request) -> bool:
    """Tell PostHog's single events from others' of the same path."""
    body = peek_body(request)
    own = ("api_key", "token", "batch", "distinct_id")
    return "events" not in body and any(name in body for name in own)


def answer_success(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer with exactly 200, as SDKs expect; to others they send again."""
    return Answer(b'{"status":1}')


def answer_each(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer what became of each event, by its id.

    A public key is not told which were refused: that would tell of another person's choices.
    """
    items = peek_object(request.body).get("batch")
    results = {}
    for index, item in enumerate(items if isinstance(items, list) else ()):
        reason = verdict.reasons.get(index, "")
        dropped = bool(reason) and (trusted or reason not in REFUSALS)
        told = {"result": "drop", "details": reason} if dropped else {"result": "ok"}
        # No answer repeats what a sender wrote, except an event's id.
        if isinstance(item, dict) and read_uuid(text_in(item, "uuid")):
            results[item["uuid"]] = told
    return Answer(msgspec.json.encode({"results": results}))


def answer_flags(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer that there are no feature flags, and for older SDKs no other features."""
    return Answer(msgspec.json.encode(CONFIG | FLAGS))


def answer_config(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer what an SDK fetches at its start."""
    return Answer(msgspec.json.encode(CONFIG))


def answer_config_script(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Likewise as a script; its key was found to be one before."""
    key = msgspec.json.encode(find_key(request)).replace(b"<", b"\\u003c")
    own = msgspec.json.encode({"config": CONFIG, "siteApps": []})
    script = b"(w=>{(w._POSTHOG_REMOTE_CONFIG=w._POSTHOG_REMOTE_CONFIG||{})[%b]=%b})(window);"
    return Answer(script % (key, own), kind="text/javascript")


_SHARED: dict[str, Any] = {"answer": answer_success, "find_key": find_key}
_OPEN = ("/e", "/i/v0/e", "/capture")
_FLAGS = ("/flags", "/decide")
_ASKED: dict[str, Any] = {"methods": ("GET",), "find_key": find_key}

PROTOCOL = Protocol(
    "posthog",
    (
        Endpoint("/batch", decode, owns=owns, **_SHARED),
        Endpoint("/track", decode, owns=owns_event, **_SHARED),
        *(Endpoint(path, decode, methods=("POST", "GET"), **_SHARED) for path in _OPEN),
        Endpoint("/i/v1/analytics/events", decode, answer_each),
        Endpoint("/s", decode_replay, is_large=True, **_SHARED),
        *(Endpoint(path, answer=answer_flags, find_key=find_key, owns=owns) for path in _FLAGS),
        Endpoint("/array/{key}/config", answer=answer_config, **_ASKED),
        Endpoint("/array/{key}/config.js", answer=answer_config_script, **_ASKED),
    ),
    fault=answer_later,
    fields={**FIELDS.table, **PROPERTIES.table},
    dropped=DROPPED,
)
