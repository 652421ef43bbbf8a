"""Makes `RawEvent`s of what vendors send; every adapter fills drafts, this is where they end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from collector.consent.evidence import Evidence, read_evidence
from collector.consent.signal import Statement
from collector.consent.statements import write_statements
from collector.identifiers import is_no_id
from collector.outcomes import BadRequest
from collector.own_ids import SEPARATOR
from collector.protocols.fields import Draft
from collector.protocols.identifying import take_identifying
from collector.protocols.native_wire import NAME_CHARS_MAX
from collector.protocols.terms import Terms
from collector.raw_event import USER_AGENT_HELD_CHARS_MAX, Decoded, RawEvent, Sender
from collector.urls import url_fields
from config.limits import Limits

CONSENT_PROPERTIES = ("$consent", "consent", "sanaq_consent")
"""Properties in which SDKs without a word for consent may carry the native consent object."""

OTHER_IDS_MAX = 50
"""So many further identifiers of an event are looked for in its texts."""

ADDRESS_CHARS_MAX = 64

COLUMNS = (
    *("locale", "timezone", "app_version", "device_model", "screen_width", "screen_height"),
    *("campaign_source", "campaign_medium", "campaign_name", "campaign_term", "campaign_content"),
    *("latitude", "longitude", "revenue", "currency"),
)
"""Targets that are columns of their own."""

DIAGNOSTIC = (
    *("kind", "exception_type", "exception_message", "exception_stack", "measurements"),
    *("release", "environment"),
)
"""Likewise, of diagnostics."""

KINDS = frozenset({"crash", "error", "performance", "log"})

Map = Callable[[dict[str, Any]], "Draft | str"]
"""Gives a draft of one of a vendor's events, or the reason why it is none. `properties` of the
draft are kept but for those that carry identifiers; `name` is ours."""


class Maker:
    """The events of one request."""

    def __init__(self, protocol: str, sender: Sender, terms: Terms) -> None:
        self._protocol = protocol
        self._sender = sender
        self._terms = terms
        self._kept = terms.policy.query_parameters_of(sender.site)
        self._signals: dict[str, str] = {}
        self.decoded = Decoded([], [], [])
        """What has been made so far."""

    def add_all(self, items: Iterable[object], map_item: Map) -> Decoded:
        """Make an event of each item; one that cannot be read costs itself alone.

        Errors: BadRequest `events_too_many`.
        """
        for item in items:
            self.add(map_item(item) if isinstance(item, dict) else "event_invalid")
        return self.decoded

    def add(self, draft: Draft | str) -> None:
        """Make an event of a draft, or note the reason why there is none.

        Errors: BadRequest `events_too_many`.
        """
        index = self.decoded.received
        if index >= self._terms.limits.events_per_request_max:
            raise BadRequest("events_too_many")
        event = draft if isinstance(draft, str) else self._make(draft)
        if isinstance(event, str):
            self.decoded.rejected.append((index, event))
        else:
            self.decoded.events.append(event)
            self.decoded.positions.append(index)

    def _make(self, draft: Draft) -> RawEvent | str:
        """Give the event of a draft, or the reason why it is none."""
        is_diagnostic = draft.get("kind") in KINDS
        name = draft.get("name") or ""
        if len(name) > NAME_CHARS_MAX or not (name or is_diagnostic):
            return "event_invalid"
        sent = draft.get("properties")
        properties = dict(sent) if isinstance(sent, dict) else {}
        consents = _take_consents(properties, draft)
        properties = take_identifying(properties, draft, self._kept)
        fitting = fit(properties, self._terms.limits)
        urls = url_fields(draft.get("url"), draft.get("referrer"), self._kept)
        columns = {name: draft[name] for name in COLUMNS if name in draft}
        if is_diagnostic:
            columns |= {name: draft[name] for name in DIAGNOSTIC if name in draft}
        return RawEvent(
            site=self._sender.site,
            table="diagnostics" if is_diagnostic else "events",
            protocol=self._protocol,
            sdk=_join_sdk(draft),
            event_name=name,
            occurred_at_ms=_first(draft, "occurred_at", *_UNITS),
            sent_at_ms=_first(draft, "sent_at", "sent_at_ms", "sent_at_s"),
            received_at_ms=self._sender.received_at_ms,
            signals=self._signals_of(consents, _switches(draft), draft.get("statements", ())),
            page_title=draft.get("title"),
            _event_id=draft.get("event_id"),
            is_cut=is_less(fitting, properties),
            _properties=_encode(fitting),
            **self._identifiers(draft),
            **(columns | {k: v for k, v in urls.items() if v or k not in columns}),
        )

    def _identifiers(self, draft: Draft) -> dict[str, Any]:
        """Give the identifying fields; address and user agent are believed from servers alone."""
        others = draft.get("other_ids", [])[:OTHER_IDS_MAX]
        address, agent = draft.get("address"), draft.get("user_agent", "")
        sender = self._sender
        by_server = sender.trusted and bool(agent)
        told = dict.fromkeys([*others, *filter(None, (address, agent))])
        return {
            "_person": draft.get("person"),
            "_device": draft.get("device"),
            "_advertising_id": draft.get("advertising_id"),
            "_session": draft.get("session"),
            "_other_ids": SEPARATOR.join(told) or None,
            "_address": address if sender.trusted and _is_short(address) else sender.address,
            "_user_agent": (agent if by_server else sender.user_agent)[:USER_AGENT_HELD_CHARS_MAX],
            "_client_hints": "" if by_server else sender.client_hints,
        }

    def _signals_of(
        self,
        consents: list[dict[str, Any]],
        switches: dict[str, Any],
        statements: tuple[Statement, ...],
    ) -> str:
        """Give all that is said of consent as text; few differ within a request.

        `statements` are what an adapter has read already.
        """
        told = (consents, switches, statements)
        known = repr(told) if any(told) else ""
        text = self._signals.get(known)
        if text is None:
            said = self._sender.statements + statements
            for consent in (None, *consents):
                device = switches if consent is None else None
                evidence = Evidence({}, {}, {}, consent, device or None)
                said += read_evidence(evidence, self._terms.policy, self._sender.site)
            text = self._signals[known] = write_statements(said)
        return text


def _take_consents(properties: dict[str, Any], draft: Draft) -> list[dict[str, Any]]:
    """Give the consent objects of an event: in its own fields, and by convention properties.

    Each speaks for itself, so that a refusal in one is not covered by a grant in another.
    """
    said = [draft.get("consent"), draft.get("consent_parts"), *draft.get("consents", ())]
    for name in CONSENT_PROPERTIES:
        if isinstance(properties.get(name), dict):
            said.append(properties.pop(name))
    return [one for one in said if isinstance(one, dict)]


def fit(properties: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Give properties within the limits: what is too many, or too long, is left out or cut.

    The native API rejects such events, with the reason; who brings an SDK along cannot read that,
    and its events are worth more than their longest property. They are remarked upon instead.
    """
    fitting: dict[str, Any] = {}
    for key, value in properties.items():
        if not 0 < len(key) <= limits.property_key_chars_max or "\x00" in key:
            continue
        if isinstance(value, str):
            fitting[key] = value[: limits.text_chars_max]
        elif not isinstance(value, dict | list) or (
            len(msgspec.json.encode(value)) <= limits.text_chars_max
        ):
            fitting[key] = value
        if len(fitting) >= limits.properties_per_event_max:
            break
    return fitting


def is_less(fitting: dict[str, Any], properties: dict[str, Any]) -> bool:
    """Tell whether something of the properties was left out or cut."""
    return len(fitting) < len(properties) or any(
        isinstance(value, str) and len(value) < len(properties[key])
        for key, value in fitting.items()
    )


_UNITS = ("occurred_at_ms", "occurred_at_s", "occurred_at_us", "occurred_at_ns")


def _is_short(address: str | None) -> bool:
    """Tell whether there is an address of a length that addresses have."""
    return address is not None and len(address) <= ADDRESS_CHARS_MAX


def _first(draft: Draft, *names: str) -> Any:
    """Give the first value that is there."""
    return next((draft[name] for name in names if name in draft), None)


def _switches(draft: Draft) -> dict[str, Any]:
    """Give the device's own switches; an advertising id of nobody's is one."""
    switches = dict(draft.get("switch_parts", {}))
    advertising_id = draft.get("advertising_id")
    if advertising_id is not None and is_no_id(advertising_id):
        switches["advertising_id"] = advertising_id
    return switches


def _join_sdk(draft: Draft) -> str:
    """Give the sender's library and its version in one text."""
    return "/".join(filter(None, (draft.get("sdk_name"), draft.get("sdk_version"))))


def _encode(properties: dict[str, Any]) -> bytes:
    """Give properties as JSON text of one object, empty for none."""
    return msgspec.json.encode(properties) if properties else b""
