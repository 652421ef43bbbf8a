"""What every answer of the dashboards carries so that a browser keeps to this origin alone.

Promises: no script, style, font, image or request from or to anywhere else; no frame around a
page; nothing of a page kept in a cache.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Neither inline scripts and styles nor any other host (decision 0060)."""

HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Set on every answer."""

TRANSPORT_SECONDS = 31_536_000
"""For how long a browser that came over HTTPS shall come back over nothing else."""


class SecureHeaders:
    """ASGI middleware that sets `HEADERS`, and forbids caches unless an answer allows them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                _secure(MutableHeaders(scope=message), scope["scheme"])
            await send(message)

        await self.app(scope, receive, send_secured)


def _secure(headers: MutableHeaders, scheme: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("cache-control", "no-store")
    if scheme == "https":
        headers["strict-transport-security"] = f"max-age={TRANSPORT_SECONDS}"
