"""A request's headers, so that a repeated one hides nothing of what was said."""

from __future__ import annotations

from collections.abc import Iterable


def read_headers(sent: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Give headers by name in lower case; the values of a repeated one are joined, in order.

    Source: RFC 9110, 5.3; cookies by semicolons (RFC 9113, 8.2.3). Of two `Sec-GPC` the last
    would otherwise win, and a proxy's default undo what a browser said.
    """
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent]
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    headers = {}
    for name, value in pairs:
        between = "; " if name == "cookie" else ", "
        headers[name] = f"{headers[name]}{between}{value}" if name in headers else value
    return headers
