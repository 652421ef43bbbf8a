"""What the engine and the adapter say when they will not: ClickHouse's codes, names and texts."""

from __future__ import annotations

import re
from typing import Self

_ENGINE_TEXT = re.compile(
    r"Code: (?P<code>\d+)\. DB::Exception: (?P<what>.*) \((?P<name>[A-Z0-9_]+)\)", re.DOTALL
)
_REPEATED = re.compile(
    r"^Code: \d+\. DB::Exception: (.*?)(?: \([A-Z0-9_]+\))? \(version [^)]*\)\.?$", re.DOTALL
)

HTTP_STATUS = {
    27: 400,
    36: 400,
    47: 404,
    46: 404,
    60: 404,
    81: 404,
    62: 400,
    73: 404,
    115: 404,
    117: 400,
    164: 403,
    168: 400,
    192: 403,
    193: 403,
    194: 401,
    202: 503,
    216: 500,
    241: 500,
    344: 501,
    372: 400,
    48: 501,
    452: 403,
    456: 400,
    457: 400,
    497: 403,
    516: 403,
}
"""ClickHouse's own mapping for the codes that occur here; 202 is 503, so that clients wait."""


class ServerError(Exception):
    """The statement was refused or failed; the sender is told in ClickHouse's own form.

    Who handles it: `app`, which answers it. The text may quote the statement: never log it.
    """

    def __init__(self, code: int, name: str, what: str) -> None:
        super().__init__(what)
        self.code = code
        """ClickHouse's number for the fault."""
        self.name = name
        """ClickHouse's name for the fault."""
        self.what = what
        """What is wrong, in words; may hold parts of the statement or its data."""

    @classmethod
    def of_engine(cls, text: str) -> Self:
        """Read what the engine raised; a text in another form becomes an unknown exception."""
        found = _ENGINE_TEXT.search(text)
        if found is None:
            return cls(1002, "UNKNOWN_EXCEPTION", text)
        repeated = _REPEATED.match(found["what"])
        what = repeated[1] if repeated else found["what"]
        return cls(int(found["code"]), found["name"], what)

    def status(self) -> int:
        """Give the HTTP status that ClickHouse answers for this code."""
        return HTTP_STATUS.get(self.code, 500)

    def text(self, version: str) -> str:
        """Give the body that ClickHouse answers, with the engine's version at its end."""
        return f"Code: {self.code}. DB::Exception: {self.what} ({self.name}) (version {version})"


def access_denied(what: str) -> ServerError:
    """Make the refusal of something that the role may not do."""
    return ServerError(497, "ACCESS_DENIED", what)


def not_supported(what: str) -> ServerError:
    """Make the refusal of something that the embedded warehouse does not do at all."""
    return ServerError(48, "NOT_IMPLEMENTED", what)


def bad_request(what: str) -> ServerError:
    """Make the complaint about a request that cannot be read."""
    return ServerError(36, "BAD_ARGUMENTS", what)


def too_busy() -> ServerError:
    """Make the answer for a query beyond the bound of those that may wait."""
    return ServerError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many simultaneous queries")
