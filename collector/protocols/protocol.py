"""What a wire protocol is: endpoints, each a pure way from a request to events and to an answer.

Terms: a *protocol* is one vendor's (or our own) way to send; an *endpoint* is one of its paths; a
*request* is what adapters see of HTTP.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import msgspec

from collector.outcomes import BadRequest
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

KEY_FORM = re.compile(r"sk_[bs]_[A-Za-z0-9_-]{1,250}")
"""What a write key looks like."""

RATE_LIMITED = 429

PARAMETERS_MAX = 200
"""Most parameters of one query that are read."""


class Request(msgspec.Struct, frozen=True):
    """One request, as far as an adapter may know it. Memory only."""

    path: str
    """Path below the protocol's prefix, without a slash at its end."""
    query: str = ""
    """The query as sent."""
    headers: Mapping[str, str] = {}
    """Headers by name in lower case."""
    body: bytes = b""
    """The body, inflated."""
    params: Mapping[str, str] = {}
    """What stands in the braces of the endpoint's path."""
    method: str = "POST"
    """HTTP method."""
    base: str = ""
    """Where the protocol is mounted, as its sender reaches it: scheme, host, prefix and key."""


@dataclass(frozen=True)
class Answer:
    """What a request is answered with."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    """Content type."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers."""


Adapter = Callable[[Request, Sender, Terms], Decoded]
"""Makes events of a request. Errors: BadRequest."""

Answerer = Callable[[Request, Verdict, bool], Answer]
"""(request, outcomes, whether the key is a server's) -> what the sender's SDK takes for success."""

Faulter = Callable[[Request, BadRequest], Answer | None]
"""Answers a request that was turned away as an SDK expects it; None for the usual answer."""

Finder = Callable[[Request], str]
"""Finds a key, or the name that a source goes by, in a request; '' where there is none."""


def read_query(request: Request) -> dict[str, str]:
    """Give the parameters of a request's query; of equal names the first.

    Errors: BadRequest `body_invalid` where there are too many.
    """
    return read_form(request.query)


def read_form(text: str) -> dict[str, str]:
    """Give the parameters of a query or of a form; of equal names the first.

    Errors: BadRequest `body_invalid` where there are too many.
    """
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=PARAMETERS_MAX, errors="replace"
        )
    except ValueError as fault:
        raise BadRequest("body_invalid") from fault
    return dict(reversed(pairs))


def key_in_basic(request: Request) -> str:
    """Give the user name of `Authorization: Basic`, where some SDKs put their key."""
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(coded, validate=True).decode("ascii").partition(":")[0]
    except ValueError:
        return ""


def key_in_path(request: Request) -> str:
    """Give the key that stands in the endpoint's path as `{key}`, '' for what looks like none."""
    return as_key(request.params.get("key", ""))


def as_key(text: str) -> str:
    """Give a text that looks like a write key, '' for any other: answers repeat nothing else."""
    return text if KEY_FORM.fullmatch(text) else ""


def answer_native(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as the native API does (contract, Native API)."""
    return Answer(verdict.answer(trusted))


def answer_later(request: Request, fault: BadRequest) -> Answer | None:
    """Answer 503 in place of 429, for SDKs that drop for good whatever is answered with a 4xx."""
    if fault.status != RATE_LIMITED:
        return None
    return Answer(msgspec.json.encode({"error": fault.reason, "detail": fault.detail}), 503)


def own_connection(request: Request) -> dict[str, str]:
    """Give the header that ends a page's connection after the answer; none for servers.

    A browser repeats by itself what it sent on a kept connection that broke. Events without an id
    would count twice.
    """
    is_page = "origin" in request.headers or "sec-fetch-mode" in request.headers
    return {"connection": "close"} if is_page else {}


def decode_nothing(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a request that asks for something and brings no events."""
    return Decoded([], [], [])


def find_nothing(request: Request) -> str:
    """Find no key, and no name."""
    return ""


def owns_any(request: Request) -> bool:
    """Claim every request of a path that no other protocol has."""
    return True


@dataclass(frozen=True)
class Endpoint:
    """One path of a protocol."""

    path: str
    """Literal, or with names in braces that stand for one segment each: `/api/{project}/store`."""
    decode: Adapter = decode_nothing
    answer: Answerer = answer_native
    methods: tuple[str, ...] = ("POST",)
    find_key: Finder | None = None
    """Finds the key where an SDK puts it; None leaves it to the header and `?key=`."""
    owns: Callable[[Request], bool] = owns_any
    """Tells this protocol's requests from another's of the same path."""
    server_only: bool = False
    """True where only server keys may post."""
    is_open: bool = False
    """True where the SDK carries no key: the site is the one that lists the page's origin."""
    find_site: Finder = find_nothing
    """Name that a keyless source goes by; tells sites apart that list the same origin."""
    find_origin: Finder = find_nothing
    """Finds a page's origin in a body, where a browser names none in its headers."""
    is_large: bool = False
    """True where bodies may be as large plain, and with a public key, as others inflated."""
    takes_cookie: bool = True
    """True where the first-party cookie's device id is lent to events without one."""


@dataclass(frozen=True)
class Protocol:
    """One way to send."""

    name: str
    """Its name, which is its prefix too: `/segment/v1/batch`. Stored with each event."""
    endpoints: tuple[Endpoint, ...]
    fault: Faulter | None = None
    """How requests that were turned away are answered, where an SDK expects another form."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Vendor's field -> what it fills here: the generated table of docs/protocols.md."""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """Vendor's field that is not kept -> why."""
