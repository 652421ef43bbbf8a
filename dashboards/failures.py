"""What becomes of errors: a page with constant words, or the way to the sign-in.

No exception's text reaches a page or a log line, since it may quote what somebody sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.accounts import NeedsSignIn, NotForRole
from dashboards.forms import FormRefused, give_csrf
from dashboards.services import Services
from dashboards.sign_in import sign_in_address
from storage.errors import Unavailable
from storage.logs import name_error
from storage.warehouse import Refused

RETRY_SECONDS = 5
"""After how long a neighbour that does not answer is worth another try."""


@dataclass(frozen=True)
class Failure:
    """What people read when something fails."""

    status: int
    """The answer's status."""
    title: str
    """What happened, in a few words."""
    text: str
    """What it means and what to do."""


FAULT = Failure(
    500,
    "Something went wrong on our side",
    "It was noted. Try again; if it stays, tell your operator the time at which it happened.",
)
NO_FIGURES = Failure(
    503,
    "The figures cannot be read just now",
    "The database behind this page does not answer. Events are still taken and kept. Try again "
    "in a moment.",
)
NOT_FOUND = Failure(404, "There is nothing here", "The address is mistyped or was moved.")
NOT_DONE = Failure(400, "This cannot be done", "No page of ours asks for this.")

FAILURES: Mapping[type[Exception], Failure] = {
    NotForRole: Failure(
        403,
        "These pages are not for your role",
        "Partners receive releases; the figures behind them stay here.",
    ),
    FormRefused: Failure(
        403,
        "This form was not sent from our page",
        "It may have been open for too long. Load the page again and send it once more.",
    ),
    Unavailable: NO_FIGURES,
    Refused: NO_FIGURES,
}
"""Errors that a reader can understand."""


async def lead_to_sign_in(request: Request, error: Exception) -> Response:
    """Nobody is signed in: to the sign-in and back; htmx is told to leave the page for it."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = sign_in_address(path)
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


async def show_failure(request: Request, error: Exception) -> Response:
    """Write the page of an error that a reader can understand."""
    failure = FAILURES[type(error)]
    if isinstance(error, Refused):
        # Tables that are not made yet, or a password that is not ours: the operator's to know.
        services: Services = request.app.state.services
        services.log.error("the warehouse refused", code=error.code)
    page = _page(request, failure)
    if failure is NO_FIGURES:
        page.headers["retry-after"] = str(RETRY_SECONDS)
    return page


async def show_refusal(request: Request, error: Exception) -> Response:
    """Write the page of an address or method that does not exist."""
    status = error.status_code if isinstance(error, HTTPException) else NOT_DONE.status
    page = _page(request, NOT_FOUND if status == NOT_FOUND.status else NOT_DONE)
    page.status_code = status
    return page


async def show_fault(request: Request, error: Exception) -> Response:
    """Note a fault of ours by the name of its class alone, and write its page."""
    services: Services = request.app.state.services
    services.log.error("a page failed", error=name_error(error))
    return _page(request, FAULT)


def _page(request: Request, failure: Failure) -> Response:
    services: Services = request.app.state.services
    return services.templates.page(
        request,
        "message.html",
        failure.status,
        csrf=give_csrf(request),
        title=failure.title,
        text=failure.text,
        command="",
        address="/",
        address_text="To the first page",
    )


HANDLERS: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    NeedsSignIn: lead_to_sign_in,
    **dict.fromkeys(FAILURES, show_failure),
    HTTPException: show_refusal,
    Exception: show_fault,
}
"""Error -> who writes its answer."""
