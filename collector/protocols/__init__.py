"""Wire protocols: one pure adapter each, `(body, headers, sender, terms) -> Decoded`.

`PROTOCOLS` maps a path to its adapter; a new protocol is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collector.protocols.access_log import decode_access_log
from collector.protocols.native import decode_diagnostics, decode_events
from collector.protocols.pixel import decode_pixel
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender

Adapter = Callable[[bytes, Mapping[str, str], Sender, Terms], Decoded]


@dataclass(frozen=True)
class Protocol:
    """One wire protocol."""

    name: str
    decode: Adapter
    method: str = "POST"
    """HTTP method of its requests."""
    server_only: bool = False
    """True where only server keys may post."""


PROTOCOLS: dict[str, Protocol] = {
    "/v1/events": Protocol("native", decode_events),
    "/v1/diagnostics": Protocol("native", decode_diagnostics),
    "/v1/pixel.gif": Protocol("pixel", decode_pixel, method="GET"),
    "/v1/import/access-log": Protocol("access_log", decode_access_log, server_only=True),
}
"""Path -> protocol."""

__all__ = ["PROTOCOLS", "Adapter", "Protocol", "Terms"]
