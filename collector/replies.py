"""Answers on the wire: one whole reply, the headers that let pages read it, and faults in words."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.types import Send

from collector.outcomes import FAULTS, BadRequest
from collector.protocols.protocol import Answer

RETRY_AFTER_SECONDS = 2
"""What senders are told to wait after 429 and 503."""

PREFLIGHT_SECONDS = 86_400
"""How long a browser may remember a preflight."""

ALLOWED_HEADERS = ", ".join(
    (
        "authorization",
        "content-type",
        "content-encoding",
        "anonymousid",
        "sentat",
        "sp-anonymous",
        "x-umami-cache",
        "x-sentry-auth",
        "posthog-sdk-info",
        "posthog-attempt",
        "posthog-request-id",
        "x-retry-count",
        "x-debug-id",
        "x-telemetry-agent",
    )
)
"""Headers that SDKs send from pages, by themselves and whatever is configured."""

EXPOSED_HEADERS = "retry-after, x-sentry-rate-limits, x-sentry-error"
"""Headers of an answer that SDKs read; a page sees no other."""


async def reply(send: Send, answer: Answer, headers: Mapping[str, str]) -> None:
    """Send one whole answer."""
    told = {**headers, **answer.headers}
    if answer.body:
        told["content-type"] = answer.kind
    wire = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in told.items()]
    wire.append((b"content-length", str(len(answer.body)).encode()))
    wire.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": answer.status, "headers": wire})
    await send({"type": "http.response.body", "body": answer.body})


def answer_fault(fault: BadRequest) -> Answer:
    """Give the usual answer of a request that was turned away."""
    body = msgspec.json.encode({"error": fault.reason, "detail": FAULTS[fault.reason][1]})
    return Answer(body, fault.status)


def retry_headers(fault: BadRequest) -> dict[str, str]:
    """Give when to try again, where that helps."""
    return {"retry-after": str(RETRY_AFTER_SECONDS)} if fault.status in (429, 503) else {}


def cors_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give what lets a page of another origin read the answer; none without an origin.

    Some SDKs send with credentials, where browsers take no `*` for an origin.
    """
    origin = headers.get("origin")
    if not origin:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": EXPOSED_HEADERS,
        "vary": "origin",
    }


def preflight_headers() -> dict[str, str]:
    """Give what a browser asks before a request with a key or a content type of its own."""
    return {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": ALLOWED_HEADERS,
        "access-control-max-age": str(PREFLIGHT_SECONDS),
    }
