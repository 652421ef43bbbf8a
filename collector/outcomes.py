"""Every reason an event or a request can be turned away for: a closed set, each with its sentence.

The same names appear in answers, counters, metrics and `docs/reference.md`. Nothing outside this
file invents a reason.
"""

from __future__ import annotations

REASONS: dict[str, str] = {
    "event_invalid": "The event is not an object of the documented form.",
    "event_too_deep": "The event nests deeper than `json_depth_max`.",
    "event_undeclared": "No file declares this event name and the site keeps declared ones only.",
    "event_expired": "The event type's `expires` date has passed.",
    "names_exceeded": "The site already sent `undeclared_names_per_site_max` undeclared names.",
    "property_invalid": "A property breaks its declaration, or its key or value is not allowed.",
    "properties_too_many": "The event has more than `properties_per_event_max` properties.",
    "too_late": "The event is older than the window in which duplicates are told, or than 1970.",
    "too_early": "The event lies further in the future than `clock_ahead_seconds_max`.",
    "forbidden_category": "The event's name tells a category of data that is never collected.",
    "consent_missing": "Nobody permitted it: the event type asks to be refused without permission.",
    "consent_refused": "A signal refused it: the event type asks to be refused then.",
    "consent_withdrawn": "The consent ledger denies it: withdrawn, restricted or objected to.",
    "asset": "The log line asks for a picture, script, feed or other file, not for a page.",
    "http_error": "The log line was not answered with a whole page (any status but 200 and 304).",
    "method_unwanted": "The log line's method is not GET.",
    "line_invalid": "The log line is not in the combined format.",
    "kind_unwanted": "An item of a kind that is not collected: a replay, an attachment, a trace.",
    "internal_error": "A fault of ours; the event was not kept.",
}
"""Reason of one event -> what it means."""

REFUSALS = frozenset({"consent_missing", "consent_refused", "consent_withdrawn"})
"""Reasons that count as refused (consent), not as rejected (bad data)."""

STRUCK: dict[str, str] = {
    "ethnic_origin": "A property told racial or ethnic origin and was taken out of its event.",
    "political_opinion": "Likewise political opinion or party membership.",
    "belief": "Likewise religious or philosophical belief.",
    "union_membership": "Likewise membership of a trade union.",
    "health": "Likewise health, disability, pregnancy or genetics.",
    "sex_life": "Likewise sex life or sexual orientation.",
    "biometrics": "Likewise biometric data.",
}
"""Category of a property that was refused -> what it means; its event lives on without it."""

FAULTS: dict[str, tuple[int, str]] = {
    "body_invalid": (400, "The body is not JSON of the documented form."),
    "body_too_deep": (400, "The body nests deeper than json_depth_max."),
    "encoding_invalid": (400, "The body is not what its Content-Encoding says."),
    "events_too_many": (413, "The request holds more than events_per_request_max events."),
    "record_invalid": (400, "A consent record needs an identifier, a purpose and zoned moments."),
    "key_missing": (401, "Send a write key as Authorization: Bearer KEY or ?key=KEY."),
    "key_unknown": (401, "The write key is unknown, revoked or expired."),
    "key_kind": (403, "This needs a server key."),
    "origin_forbidden": (403, "The site does not list this origin."),
    "origin_unlisted": (403, "Without a write key, exactly one site must list the page's origin."),
    "protocol_off": (403, "The policy has switched this protocol off for this site."),
    "body_too_large": (413, "The body is larger than body_bytes_max or inflates beyond its bound."),
    "encoding_unknown": (415, "Content-Encoding must be gzip, br, zstd or deflate."),
    "rate_limited": (429, "Too many requests from this address; try again later."),
    "busy": (503, "Too many requests wait; try again later."),
    "spool_full": (503, "The spool is full; try again later."),
    "unavailable": (503, "A part of the service is starting or stopped; try again later."),
}
"""Reason a whole request is turned away for -> status and the constant text told to the sender."""


class BadRequest(Exception):
    """The whole request is turned away; `reason` is a key of `FAULTS`.

    Who handles it: `collector.app`, with the table above. Carries no data.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.status, self.detail = FAULTS[reason]
        self.reason = reason
        """A key of `FAULTS`."""
