"""The forms in which recipients take events, by kind, and how a request shows whose it is. Pure."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from collector.forwarding.ga4 import compose_ga4, encode_ga4
from collector.forwarding.native_form import encode_native, encode_segment
from collector.forwarding.pseudonyms import Outgoing
from config.recipients import Kind, Recipient

SIGNATURE = "sanaq-signature"
"""Header of a webhook's request: when it was signed, and HMAC-SHA256 over moment and body."""

Item = tuple[Outgoing, bytes]
"""An event and what is written of it."""


class Post(NamedTuple):
    """One request's body and the events in it."""

    items: list[Item]
    body: bytes


class Proof(NamedTuple):
    """What a request carries so that its recipient knows whose it is."""

    headers: dict[str, str]
    parameters: dict[str, str]


class Form(NamedTuple):
    """How one kind of recipient takes events."""

    encode: Callable[[Outgoing, Recipient], bytes]
    """Write one event."""
    compose: Callable[[Sequence[Item], datetime], list[Post]]
    """Put events into requests."""
    prove: Callable[[bytes, bytes, datetime], Proof]
    """(secret, body, moment) -> what shows whose request it is."""


def sign(secret: bytes, body: bytes, moment: datetime) -> str:
    """Give the signature of a webhook's body: `t=<seconds>,v1=<hex>`.

    The digest is HMAC-SHA256 over `<seconds>.` and the body, so that neither can be changed and an
    old request is seen to be old.
    """
    seconds = str(int(moment.timestamp()))
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def idempotency_key(items: Sequence[Item]) -> str:
    """Give what tells a request from others: a digest of the ids of its events, in order."""
    ids = "\n".join(one.id for one, _ in items)
    return hashlib.sha256(ids.encode()).hexdigest()[:32]


def _compose_webhook(items: Sequence[Item], sent_at: datetime) -> list[Post]:
    events = [msgspec.Raw(text) for _, text in items]
    body = {"sent_at": _show(sent_at), "events": events}
    return [Post(list(items), msgspec.json.encode(body))]


def _compose_segment(items: Sequence[Item], sent_at: datetime) -> list[Post]:
    batch = [msgspec.Raw(text) for _, text in items]
    return [Post(list(items), msgspec.json.encode({"batch": batch, "sentAt": _show(sent_at)}))]


def _compose_ga4(items: Sequence[Item], sent_at: datetime) -> list[Post]:
    return [Post(list(group), body) for group, body in compose_ga4(items)]


def _prove_webhook(secret: bytes, body: bytes, moment: datetime) -> Proof:
    return Proof({SIGNATURE: sign(secret, body, moment)}, {})


def _prove_segment(secret: bytes, body: bytes, moment: datetime) -> Proof:
    return Proof({"authorization": f"Basic {b64encode(secret + b':').decode()}"}, {})


def _prove_ga4(secret: bytes, body: bytes, moment: datetime) -> Proof:
    return Proof({}, {"api_secret": secret.decode("utf-8", "replace")})


FORMS: dict[Kind, Form] = {
    "webhook": Form(encode_native, _compose_webhook, _prove_webhook),
    "segment": Form(encode_segment, _compose_segment, _prove_segment),
    "ga4_mp": Form(encode_ga4, _compose_ga4, _prove_ga4),
}
"""Kind -> its form."""


def _show(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
