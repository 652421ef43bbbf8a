"""Find the events of a JSON body that a strict reader refuses: one bad event costs one event.

A lone surrogate, `NaN`, a byte that is no UTF-8, or nesting a hundred thousand deep makes a strict
reader refuse the whole body. Here the elements of the top-level `events` list are cut out by
counting brackets outside strings, without recursion; each is then read on its own.

Why such expressions: a body of eight megabytes may hold as many brackets, and this runs where
every request waits. Each expression takes as much as it can in one step, and steps are bounded.
"""

from __future__ import annotations

import re

STEPS_MAX = 500_000
"""Most steps that one body is worth, some tenths of a second; beyond, it counts as unreadable."""

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_EVENTS = rb'"events"[ \t\r\n]*+:[ \t\r\n]*+\['
_OPEN, _CLOSE = rb"(?P<open>[\[{]+)", rb"(?P<close>[\]}]+)"

_BEGIN = re.compile(rb"[ \t\r\n]*+\{")
_IN_BODY = re.compile(
    rb'(?:[^"\[\]{}]++|(?!%b)%b)*+(?:(?P<events>%b)|%b)' % (_EVENTS, _STRING, _EVENTS, _OPEN),
    re.DOTALL,
)
"""From a place in the body's object to its list of events, or to what opens before it."""

_IN_LIST = re.compile(rb'(?:[^"\[\]{},]++|%b)*+(?:(?P<end>[\],])|%b)' % (_STRING, _OPEN), re.DOTALL)
"""From a place in the list to the end of an element, or to what opens before it."""

_INSIDE = re.compile(rb'(?:[^"\[\]{}]++|%b)*+(?:%b|%b)' % (_STRING, _OPEN, _CLOSE), re.DOTALL)
"""From a place within a value to what opens or closes next."""

# A string that does not end takes the rest: tried from each of its quotes, it would cost n squared.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_SURROGATE = rb"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_PAIR = rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE = re.compile(
    rb"(?P<whole>(?:[^\\]++|%b|\\(?!%b).)++)|\\%b" % (_PAIR, _SURROGATE, _SURROGATE), re.DOTALL
)
"""A stretch of text without lone surrogates, or one of these; an escaped backslash begins none."""


class _Unreadable(Exception):
    """The body has no list of events that could be cut."""


class _Walk:
    """A place in a body that moves on, for a bounded number of steps."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._left = STEPS_MAX
        self.at = 0

    def step(self, onward: re.Pattern[bytes]) -> re.Match[bytes]:
        """Move behind what an expression finds from here.

        Errors: _Unreadable where it finds nothing, or no step is left.
        """
        found = onward.match(self._body, self.at)
        self._left -= 1
        if found is None or self._left < 0:
            raise _Unreadable
        self.at = found.end()
        return found

    def skip(self, opened: bytes) -> None:
        """Move behind the value that these brackets opened."""
        depth = len(opened)
        while depth:
            found = self.step(_INSIDE)
            if found["open"]:
                depth += len(found["open"])
                continue
            closed = min(depth, len(found["close"]))
            # The rest of the brackets closes what lies around the value.
            self.at -= len(found["close"]) - closed
            depth -= closed


def split_events(body: bytes) -> tuple[bytes, list[bytes]] | None:
    """Give the body with an empty `events` list, and the list's elements; None without a list.

    Errors: none; text that is no JSON gives pieces that fail when they are read.
    """
    walk = _Walk(body)
    try:
        walk.step(_BEGIN)
        while not (found := walk.step(_IN_BODY))["events"]:
            walk.skip(found["open"])
        start = walk.at
        pieces = _cut_elements(walk, body)
    except _Unreadable:
        return None
    return body[:start] + body[walk.at - 1 :], [piece for piece in pieces if piece.strip()]


def _cut_elements(walk: _Walk, body: bytes) -> list[bytes]:
    """Cut out the elements of a list, up to its closing bracket."""
    pieces: list[bytes] = []
    start = walk.at
    while True:
        found = walk.step(_IN_LIST)
        if found["open"]:
            walk.skip(found["open"])
            continue
        pieces.append(body[start : walk.at - 1])
        start = walk.at
        if found["end"] == b"]":
            return pieces


def mend_text(piece: bytes) -> bytes:
    """Replace lone surrogates and bytes that are no UTF-8 by the replacement character."""
    whole = _LONE.sub(lambda found: found["whole"] or rb"\ufffd", piece)
    return whole.decode("utf-8", "replace").encode()


def depth_of(piece: bytes, depth_max: int) -> int:
    """Give the nesting depth of a piece, or `depth_max + 1` where it is deeper.

    Brackets that do not fit together count as deeper, too: their depth is nobody's business.
    """
    brackets = _STRINGS.sub(b"", piece).translate(_ONE_KIND, _NOT_BRACKETS)
    too_deep = b"[" * (depth_max + 1)
    for depth in range(depth_max + 1):
        if not brackets:
            return depth
        if too_deep in brackets:
            break
        # Each round takes the innermost pairs out of the whole piece at once.
        brackets = brackets.replace(b"[]", b"")
    return depth_max + 1
