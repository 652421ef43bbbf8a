"""Find the events of a JSON body that a strict reader refuses: one bad event costs one event.

A lone surrogate, `NaN`, a byte that is no UTF-8, or nesting a hundred thousand deep makes a strict
reader refuse the whole body. Here the elements of the top-level `events` list are cut out by
counting brackets outside strings, without recursion; each is then read on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},:]', re.DOTALL)
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
"""An escape: a pair of surrogates, a lone one, or any other (which may be an escaped backslash)."""


def split_events(body: bytes) -> tuple[bytes, list[bytes]] | None:
    """Give the body with an empty `events` list, and the list's elements; None without a list.

    Errors: none; text that is no JSON gives pieces that fail when they are read.
    """
    depth, events_next, start = 0, False, -1
    pieces: list[bytes] = []
    for token in _TOKEN.finditer(body):
        mark = token.group()
        if start < 0:
            if events_next and mark == b"[":
                start = token.end()
                open_at = start
                depth = 0
                continue
            if depth == 1 and mark == b'"events"':
                events_next = True
                continue
            events_next = events_next and mark == b":"
            depth += (mark in (b"{", b"[")) - (mark in (b"}", b"]"))
        elif depth == 0 and mark in (b",", b"]"):
            pieces.append(body[start : token.start()])
            start = token.end()
            if mark == b"]":
                head = body[:open_at] + body[token.start() :]
                return head, [piece for piece in pieces if piece.strip()]
        else:
            depth += (mark in (b"{", b"[")) - (mark in (b"}", b"]"))
    return None


def mend_text(piece: bytes) -> bytes:
    """Replace lone surrogates and bytes that are no UTF-8 by the replacement character."""
    whole = _ESCAPE.sub(lambda m: rb"\ufffd" if m.group("lone") else m.group(), piece)
    return whole.decode("utf-8", "replace").encode()


def depth_of(piece: bytes, depth_max: int) -> int:
    """Give the nesting depth of a piece, or `depth_max + 1` as soon as it is deeper."""
    depth = deepest = 0
    for mark in _brackets(piece):
        depth += 1 if mark in (b"{", b"[") else -1
        deepest = max(deepest, depth)
        if deepest > depth_max:
            break
    return deepest


def _brackets(piece: bytes) -> Iterator[bytes]:
    """Give the brackets outside strings, in order."""
    for token in _TOKEN.finditer(piece):
        if token.group() in (b"{", b"[", b"}", b"]"):
            yield token.group()
