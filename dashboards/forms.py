"""Forms that change something: bounded, and only from our own pages.

Two guards against requests that another site makes a browser send: what the browser itself says
about where the request comes from (`Sec-Fetch-Site`, `Origin`), and a random value that a cookie
and the form must both carry.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

FORM_BYTES_MAX = 16_384
"""Largest form that is read; ours have three short fields."""

FORM_FIELDS_MAX = 16
"""Most fields that a form may have."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names under which a browser on this very machine asks, where HTTPS is not needed."""


class FormRefused(Exception):
    """The form is not one of ours, or too large.

    Who handles it: the app, with a page that says to load the form again (403).
    """


def is_secure(request: Request) -> bool:
    """Whether the browser asked over HTTPS, as we saw it or a trusted proxy says."""
    return request.url.scheme == "https"


def may_sign_in(request: Request) -> bool:
    """Whether a password may travel: over HTTPS, or within this machine."""
    return is_secure(request) or request.url.hostname in LOOPBACK


def cookie_name(request: Request, name: str) -> str:
    """The name of a cookie; over HTTPS with the prefix that pins it to this host."""
    return f"__Host-sanaq_{name}" if is_secure(request) else f"sanaq_{name}"


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read and other sites' requests do not carry.

    It ends with the browser's session; an empty value ends it at once.
    """
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=None if value else 0,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def give_csrf(request: Request) -> str:
    """The value for this browser's forms: the one it has, or a new one."""
    return request.cookies.get(cookie_name(request, "csrf")) or secrets.token_urlsafe(24)


def keep_csrf(request: Request, response: Response, csrf: str) -> Response:
    """Give the browser the value that its next form must carry, unless it has it; the response."""
    if request.cookies.get(cookie_name(request, "csrf")) != csrf:
        set_cookie(request, response, "csrf", csrf)
    return response


async def read_form(request: Request) -> dict[str, str]:
    """Read a form of ours; of a field given twice the last counts. Raises `FormRefused`."""
    _check_origin(request)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES_MAX:
            raise FormRefused("too large")
    form = _parse(bytes(body))
    expected = request.cookies.get(cookie_name(request, "csrf"), "")
    if not expected or not hmac.compare_digest(form.get("csrf", "").encode(), expected.encode()):
        raise FormRefused("the value is not the cookie's")
    return form


def _check_origin(request: Request) -> None:
    """Refuse what a browser says another site made it send; silence is left to the value."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise FormRefused("from another site")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise FormRefused("from another origin")


def _parse(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX, errors="strict"
        )
    except ValueError:
        raise FormRefused("not a form") from None
    return dict(pairs)
