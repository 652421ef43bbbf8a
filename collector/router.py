"""From a path to the endpoints that it may mean: bare, or below a protocol's prefix.

A bare path may belong to several protocols; the endpoint that owns a request is chosen by its
body. Below `/<protocol>/` there is no doubt. After the prefix a write key may stand as a segment of
its own, for senders that can set nothing but a URL. Pure.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collector.outcomes import BadRequest
from collector.protocols.protocol import KEY_FORM, Endpoint, Protocol, Request

_NAME = re.compile(r"\\\{([a-z_]+)\\\}")


class Mount(NamedTuple):
    """An endpoint at a path."""

    protocol: Protocol
    endpoint: Endpoint
    params: Mapping[str, str]


class Found(NamedTuple):
    """What a path may mean."""

    path: str
    """The path without prefix, key and slash at its end."""
    key: str
    """The write key in the path, '' for none."""
    prefix: str
    """What was taken from the path, '' for a bare one."""
    mounts: tuple[Mount, ...]


class Router:
    """Every path of some protocols."""

    def __init__(self, protocols: Sequence[Protocol]) -> None:
        self._all = _Paths(protocols)
        self._by_prefix = {protocol.name: _Paths([protocol]) for protocol in protocols}

    def find(self, path: str) -> Found | None:
        """Give what a path may mean, None where it means nothing."""
        path = "/" + path.strip("/")
        if mounts := self._all.find(path):
            return Found(path, "", "", mounts)
        _, prefix, rest = (*path.split("/", 2), "")[:3]
        paths = self._by_prefix.get(prefix)
        if paths is None:
            return None
        first, _, below = rest.partition("/")
        key = first if KEY_FORM.fullmatch(first) else ""
        taken = f"/{prefix}/{key}" if key else f"/{prefix}"
        path = "/" + (below if key else rest)
        mounts = paths.find(path)
        return Found(path, key, taken, mounts) if mounts else None


def choose(mounts: Sequence[Mount], request: Request) -> Mount:
    """Give the endpoint that owns a request.

    Errors: BadRequest `body_invalid` where none does.
    """
    for mount in mounts:
        if len(mounts) == 1 or mount.endpoint.owns(request):
            return mount
    raise BadRequest("body_invalid")


class _Paths:
    """The endpoints of some protocols by path, literal ones at once, others by expression."""

    def __init__(self, protocols: Sequence[Protocol]) -> None:
        self._literal: dict[str, list[Mount]] = defaultdict(list)
        self._templates: list[tuple[re.Pattern[str], Protocol, Endpoint]] = []
        for protocol in protocols:
            for endpoint in protocol.endpoints:
                if "{" in endpoint.path:
                    self._templates.append((_to_expression(endpoint.path), protocol, endpoint))
                else:
                    self._literal[endpoint.path].append(Mount(protocol, endpoint, {}))

    def find(self, path: str) -> tuple[Mount, ...]:
        if path in self._literal:
            return tuple(self._literal[path])
        return tuple(
            Mount(protocol, endpoint, match.groupdict())
            for expression, protocol, endpoint in self._templates
            if (match := expression.fullmatch(path))
        )


def _to_expression(path: str) -> re.Pattern[str]:
    """Give the expression of a path with names in braces."""
    return re.compile(_NAME.sub(r"(?P<\1>[^/]{1,256})", re.escape(path)))
