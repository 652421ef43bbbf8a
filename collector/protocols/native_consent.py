"""What a native request says of consent: for all its events, and for those with their own word."""

from __future__ import annotations

import re
from typing import Any

from collector.consent.evidence import Evidence, read_evidence
from collector.consent.json_object import CONTRADICTORY, read_json
from collector.consent.signal import Statement
from collector.consent.statements import write_statements
from collector.identifiers import is_no_id
from collector.protocols.lenient import mend_text
from collector.protocols.native_wire import Event, EventContext
from collector.protocols.terms import Terms

KEY = b'"consent"'
"""How the key of a consent object is spelled."""

ESCAPED = re.compile(rb"\\u00[67]")
"""How one of its letters begins where it is spelled by its number, which means the same."""

SWITCHES = {
    "tracking_status": "trackingStatus",
    "ad_tracking_enabled": "adTrackingEnabled",
    "limit_ad_tracking": "limitAdTracking",
}
"""What `context.device` may tell of the device's own switches, and how mobile SDKs call them."""

Switches = dict[str, Any]
"""Those switches by name, as sent; and `advertising_id`, where that is one of nobody's."""


class Claims:
    """The statements of one request, and of its events."""

    def __init__(
        self,
        said: tuple[Statement, ...],
        consent: object,
        context: EventContext | None,
        site: str,
        terms: Terms,
    ) -> None:
        self._site = site
        self._terms = terms
        whole = self._read(consent, None)
        self._envelope_refuses = tuple([one._replace(granted=0) for one in whole])
        self._said = (*said, *self._read(None, _switches(context)))
        self._texts: dict[tuple[bytes, str], str] = {
            (b"", "{}"): write_statements((*self._said, *whole))
        }
        self._envelope = whole

    def text_of(self, piece: bytes, event: Event) -> str:
        """Give the statements that hold for one event, as text; `piece` is the event as sent.

        An event's own consent object takes the place of what the request's object grants; what
        that refuses stays.
        """
        own = bytes(event.consent)
        own = b"" if own == b"null" else own
        device = _switches(event.context)
        if event.advertising_id is not None and is_no_id(event.advertising_id):
            device["advertising_id"] = event.advertising_id
        if may_repeat(piece) and (whole := read_member(piece)) is not None:
            return self._write(self._read(whole, None), device)
        known = (own, repr(device))
        text = self._texts.get(known)
        if text is None:
            own_says = self._read(read_json(own), None) if own else None
            text = self._texts[known] = self._write(own_says, device)
        return text

    def _write(self, own: tuple[Statement, ...] | None, device: Switches) -> str:
        """Give the statements of an event that says something of its own, as text."""
        payload = self._envelope if own is None else (*self._envelope_refuses, *own)
        return write_statements((*self._said, *self._read(None, device), *payload))

    def _read(self, consent: object, device: Switches | None) -> tuple[Statement, ...]:
        """Give what a consent object says, or a device's own switches."""
        if consent is None and not device:
            return ()
        evidence = Evidence({}, {}, {}, consent, device)
        return read_evidence(evidence, self._terms.policy, self._site)


def _switches(context: EventContext | None) -> Switches:
    """Give the switches of a device that a sender tells of."""
    if context is None or context.device is None:
        return {}
    told = ((sdk_name, getattr(context.device, name)) for name, sdk_name in SWITCHES.items())
    return {name: value for name, value in told if value is not None}


def may_repeat(text: bytes) -> bool:
    """Tell whether an object may have two members called `consent`."""
    return text.count(KEY) > 1 or ESCAPED.search(text) is not None


def read_member(text: bytes) -> object:
    """Give the `consent` of an object in which that key may be repeated, None where it is absent.

    Where the object cannot be read as a whole, nobody knows what was said first: it says nothing.
    """
    whole = read_json(mend_text(text))
    return whole.get("consent") if isinstance(whole, dict) else CONTRADICTORY
