"""Signing in and out, and choosing a password at a one-time link.

Says the same to every failed attempt, and never who has an account. A link is used up by choosing
a password, not by being looked at, since mail programs look at links too.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.accounts import find_account
from dashboards.attempts import Attempts, TooManyAttempts
from dashboards.forms import (
    cookie_name,
    give_csrf,
    keep_csrf,
    may_sign_in,
    read_form,
    set_cookie,
)
from dashboards.services import Services
from storage.registry.errors import RegistryRefused, SignInRefused
from storage.registry.passwords import CHARS_MIN
from storage.registry.sessions import sign_in, sign_out
from storage.registry.users import find_link, set_password

REFUSED = "This e-mail and password do not fit together, or were tried too often just now."
TOO_OFTEN = "Too many try to sign in just now. Wait a minute and try again."
NO_HTTPS = "A password travels over HTTPS only. Put the dashboards behind it, or use this machine."
MISTYPED = "The two passwords differ."


def sign_in_address(next_path: str) -> str:
    """The sign-in that leads back to a page."""
    return f"/sign-in?next={quote(next_path, safe='')}"


def safe_next(path: str) -> str:
    """Where to go after signing in: a site's page of ours, else the first page."""
    return path if path.startswith("/sites/") and "\\" not in path else "/"


async def show_sign_in(request: Request) -> Response:
    """Ask for e-mail and password."""
    next_path = safe_next(request.query_params.get("next", "/"))
    if await find_account(request):
        return RedirectResponse(next_path, 303)
    return _sign_in_page(request, next_path, "", "" if may_sign_in(request) else NO_HTTPS, 200)


async def do_sign_in(request: Request) -> Response:
    """Open a session and go on to where somebody wanted to go."""
    services: Services = request.app.state.services
    form = await read_form(request)
    next_path, email = safe_next(form.get("next", "/")), form.get("email", "")
    if not may_sign_in(request):
        return _sign_in_page(request, next_path, email, NO_HTTPS, 403)
    password = form.get("password", "")
    attempts: Attempts = request.app.state.attempts
    try:
        async with attempts.admit(request.client.host if request.client else ""):
            token = await run_in_threadpool(sign_in, services.registry, email, password)
    except TooManyAttempts:
        return _sign_in_page(request, next_path, email, TOO_OFTEN, 429)
    except SignInRefused:
        return _sign_in_page(request, next_path, email, REFUSED, 401)
    return _signed_in(request, token, next_path)


async def do_sign_out(request: Request) -> Response:
    """End the session, here and in the registry."""
    services: Services = request.app.state.services
    await read_form(request)
    token = request.cookies.get(cookie_name(request, "session"), "")
    await run_in_threadpool(sign_out, services.registry, token)
    response = RedirectResponse("/sign-in", 303)
    set_cookie(request, response, "session", "")
    return response


async def show_welcome(request: Request) -> Response:
    """Ask whoever holds a working one-time link to choose a password."""
    services: Services = request.app.state.services
    token = request.path_params["token"]
    user = await run_in_threadpool(find_link, services.registry, token)
    if user is None:
        return _stale_link(request, services)
    return _welcome_page(request, user.email, "" if may_sign_in(request) else NO_HTTPS, 200)


async def do_welcome(request: Request) -> Response:
    """Use up the link, set the password and sign in."""
    services: Services = request.app.state.services
    form = await read_form(request)
    token = request.path_params["token"]
    user = await run_in_threadpool(find_link, services.registry, token)
    if user is None:
        return _stale_link(request, services)
    password = form.get("password", "")
    if not may_sign_in(request):
        return _welcome_page(request, user.email, NO_HTTPS, 403)
    if password != form.get("again", ""):
        return _welcome_page(request, user.email, MISTYPED, 422)
    try:
        await run_in_threadpool(set_password, services.registry, token, password)
        session = await run_in_threadpool(sign_in, services.registry, user.email, password)
    except RegistryRefused as refused:
        return _welcome_page(request, user.email, f"Choose another: {refused.what}.", 422)
    except SignInRefused:
        return _stale_link(request, services)
    return _signed_in(request, session, "/")


def _signed_in(request: Request, token: str, next_path: str) -> Response:
    response = RedirectResponse(next_path, 303)
    set_cookie(request, response, "session", token)
    # A value that was known before somebody signed in is worth nothing afterwards.
    set_cookie(request, response, "csrf", "")
    return response


def _sign_in_page(
    request: Request, next_path: str, email: str, error: str, status: int
) -> Response:
    services: Services = request.app.state.services
    csrf = give_csrf(request)
    values = {"csrf": csrf, "next_path": next_path, "email": email, "error": error}
    page = services.templates.page(request, "sign_in.html", status, **values)
    return keep_csrf(request, page, csrf)


def _welcome_page(request: Request, email: str, error: str, status: int) -> Response:
    services: Services = request.app.state.services
    csrf = give_csrf(request)
    values = {"csrf": csrf, "email": email, "error": error, "chars_min": CHARS_MIN}
    page = services.templates.page(request, "welcome.html", status, **values)
    return keep_csrf(request, page, csrf)


def _stale_link(request: Request, services: Services) -> Response:
    return services.templates.page(
        request,
        "message.html",
        410,
        title="This link works no more",
        text="It was used already, or is older than a day. Ask your operator for a new one; if "
        "you have a password, sign in with it.",
        command="",
        address="/sign-in",
        address_text="Sign in",
    )
