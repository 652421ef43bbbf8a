"""`POST /v1/consent`: one decision of one person, as a record (contract, Native API)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.consent.json_object import read_json
from collector.consent_choice import read_choice
from collector.consent_ids import CANONICAL, IdKind, consent_value
from collector.outcomes import BadRequest
from collector.protocols.lenient import depth_of
from collector.protocols.terms import Terms
from collector.raw_event import Sender
from config.policy import Policy

ID_CHARS_MAX = 512
"""Longest identifier, as in events."""

TEXT_VERSION_CHARS_MAX = 64
"""Longest name of a version of the text that was shown."""

TEXT_HELD_FACTOR = 2
"""Texts are held in memory up to so many times their length at rest, and cut after scrubbing."""

SKEW_MS_MIN = 30_000
"""A sender's clock that is wrong by more is corrected, as for events."""

UNKNOWN = "unknown"
"""Stands for a version or method that the policy does not name; what was sent is not kept."""

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-(?:[A-Za-z]{2}|[0-9]{3}))?")
"""Language, script and region of a language tag (RFC 5646): no room for anything else."""


@dataclass(frozen=True)
class ConsentRecord:
    """One decision as it was sent, judged by the policy. Memory only: it holds identifiers."""

    sender: Sender
    """Who posted it."""
    ids: tuple[tuple[IdKind, str], ...]
    """Kind and text of the identifiers it is about, at least one."""
    granted: frozenset[str]
    """Purposes granted."""
    refused: frozenset[str]
    """Purposes refused or withdrawn."""
    ungranted: frozenset[str]
    """Purposes that it says yes to and may not grant."""
    signals: bytes
    """Signals that it brought along, spelled out; empty for none."""
    sources: tuple[str, ...]
    """Sources of consent that were read, `native` aside."""
    policy_version: str
    """Version that the person decided on, or `UNKNOWN`."""
    method: str
    """How the person decided, by a name of the policy, or `UNKNOWN`."""
    evidence: str
    """Reference to the evidence, not yet scrubbed."""
    text_version: str
    """Version of the text that the person saw, not yet scrubbed."""
    language: str
    """Language of that text, '' where unknown."""
    decided_at_ms: int
    """When the person decided, UTC milliseconds since 1970; never after its receipt."""
    erasure_by: str = ""
    """Wire protocol by which the person asks that everything be erased too, '' where nobody does.
    """


def decode_record(body: bytes, sender: Sender, terms: Terms, device: str = "") -> ConsentRecord:
    """Decode a record of consent.

    A purpose is granted by literal `true`, refused by literal `false`; of a key that is repeated
    the refusal stays. A browser key may refuse for any identifier and grant for a device alone.
    `device` is the first-party cookie's, whom a record is about that names nobody.
    Errors: BadRequest `body_invalid`, `body_too_deep`; `record_invalid` where it names no
        identifier or no purpose of the policy, or a field has another form; `key_kind` where all
        it says is a grant that needs a server key.
    """
    said = read_json(body)
    if not isinstance(said, dict):
        raise BadRequest("body_invalid")
    if depth_of(body, terms.limits.json_depth_max) > terms.limits.json_depth_max:
        raise BadRequest("body_too_deep")
    ids = _read_ids(said, device)
    choice = read_choice(said, sender, terms.policy)
    is_public = not sender.trusted and any(kind != "device" for kind, _ in ids)
    if is_public and not choice.refused:
        raise BadRequest("key_kind")
    granted = frozenset() if is_public else choice.granted
    text_chars_max = terms.limits.text_chars_max
    return ConsentRecord(
        sender=sender,
        ids=ids,
        granted=granted,
        refused=choice.refused,
        ungranted=choice.wanted - granted,
        signals=choice.signals,
        sources=choice.sources,
        policy_version=_read_name(said, "policy_version", terms.policy.versions, terms.policy),
        method=_read_name(said, "method", terms.policy.methods, terms.policy),
        evidence=_read_text(said, "evidence", text_chars_max * TEXT_HELD_FACTOR),
        text_version=_read_text(said, "text_version", TEXT_VERSION_CHARS_MAX * TEXT_HELD_FACTOR),
        language=_read_language(said),
        decided_at_ms=_read_moment(said, sender.received_at_ms),
    )


def withdraw_all(device: str, sender: Sender, policy: Policy, protocol: str) -> ConsentRecord:
    """Give the record of a device that asks to be forgotten: no to all that it may refuse.

    It holds from its receipt, whatever the sender's clock says, and asks for erasure.
    Errors: BadRequest `record_invalid` where the device is nobody's.
    """
    if len(device) > ID_CHARS_MAX or consent_value("device", device) is None:
        raise BadRequest("record_invalid")
    refused = [one for one in policy.purposes if policy.is_refusable(one, sender.site)]
    return ConsentRecord(
        sender=sender,
        ids=(("device", device),),
        granted=frozenset(),
        refused=frozenset(refused),
        ungranted=frozenset(),
        signals=b"",
        sources=(protocol,),
        policy_version=policy.version,
        method="stated",
        evidence="",
        text_version="",
        language="",
        decided_at_ms=sender.received_at_ms,
        erasure_by=protocol,
    )


def _read_ids(said: Mapping[str, Any], device: str) -> tuple[tuple[IdKind, str], ...]:
    """Give the identifiers that are somebody's."""
    ids: list[tuple[IdKind, str]] = []
    for kind in CANONICAL:
        text = _read_text(said, kind, ID_CHARS_MAX)
        if consent_value(kind, text) is not None:
            ids.append((kind, text))
    if not ids and device:
        return (("device", device),)
    if not ids:
        raise BadRequest("record_invalid")
    return tuple(ids)


def _read_name(
    said: Mapping[str, Any], field: str, known: Mapping[str, Any] | tuple[str, ...], policy: Policy
) -> str:
    """Give a name that the policy knows, its default where absent, `UNKNOWN` for any other."""
    name = _read_text(said, field, ID_CHARS_MAX)
    default = {"policy_version": policy.version, "method": "stated"}[field]
    return (name if name in known else UNKNOWN) if name else default


def _read_text(said: Mapping[str, Any], name: str, chars_max: int) -> str:
    """Give a field's text, '' where it is absent or null.

    Errors: BadRequest `record_invalid` where it is anything else or longer.
    """
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > chars_max:
        raise BadRequest("record_invalid")
    # Lone surrogates become the replacement character, as in events.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _read_language(said: Mapping[str, Any]) -> str:
    """Give the language tag, '' where there is none that is one."""
    tag = said.get("language")
    return tag if isinstance(tag, str) and LANGUAGE.fullmatch(tag) else ""


def _read_moment(said: Mapping[str, Any], received_at_ms: int) -> int:
    """Give when the person decided: never after the receipt, and by our clock where theirs errs."""
    decided, sent = _read_ms(said, "decided_at"), _read_ms(said, "sent_at")
    if decided is None:
        return received_at_ms
    if sent is not None and abs(received_at_ms - sent) > SKEW_MS_MIN:
        decided += received_at_ms - sent
    if decided < 0:
        raise BadRequest("record_invalid")
    return min(decided, received_at_ms)


def _read_ms(said: Mapping[str, Any], name: str) -> int | None:
    """Give a moment with its zone (RFC 3339) in UTC milliseconds, None where absent."""
    text = _read_text(said, name, TEXT_VERSION_CHARS_MAX)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise BadRequest("record_invalid")
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as fault:
        raise BadRequest("record_invalid") from fault
