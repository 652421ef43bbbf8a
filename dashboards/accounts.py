"""Who is looking: the signed-in user of a request, and what the role may see."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from dashboards.forms import cookie_name
from dashboards.services import Services
from storage.registry.sessions import find_session
from storage.registry.users import Role, User

ROLES_OF_FIGURES: tuple[Role, ...] = ("analyst", "officer", "operator")
"""Who may see figures; partners reach releases alone."""


class NeedsSignIn(Exception):
    """Nobody is signed in, or not any more.

    Who handles it: the app, which leads to the sign-in and back.
    """


class NotForRole(Exception):
    """Somebody is signed in whose role does not see this.

    Who handles it: the app, with a page that says so (403).
    """


async def find_account(request: Request) -> User | None:
    """Who is signed in in this browser, or None."""
    services: Services = request.app.state.services
    token = request.cookies.get(cookie_name(request, "session"), "")
    if not token:
        return None
    session = await run_in_threadpool(find_session, services.registry, token)
    return session.user if session else None


async def require_account(request: Request) -> User:
    """Who is signed in and may see figures; raises `NeedsSignIn` or `NotForRole`."""
    user = await find_account(request)
    if user is None:
        raise NeedsSignIn
    if user.role not in ROLES_OF_FIGURES:
        raise NotForRole
    return user
