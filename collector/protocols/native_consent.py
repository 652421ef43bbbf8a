"""What a native request says of consent: for all its events, and for those with their own word."""

from __future__ import annotations

from collector.consent.evidence import Evidence, read_evidence
from collector.consent.json_object import read_json
from collector.consent.signal import Statement
from collector.consent.statements import write_statements
from collector.protocols.terms import Terms

KEY = b'"consent"'
"""How the key of a consent object is spelled."""


class Claims:
    """The statements of one request, and of its events."""

    def __init__(self, said: tuple[Statement, ...], consent: object, site: str, terms: Terms):
        self._said = said
        self._site = site
        self._terms = terms
        whole = self._read(consent)
        self._envelope_refuses = tuple([one._replace(granted=0) for one in whole])
        self._texts: dict[bytes, str] = {b"": write_statements((*said, *whole))}

    def text_of(self, piece: bytes, own: bytes) -> str:
        """Give the statements that hold for one event, as text.

        `piece` is the event as sent, `own` its consent object, empty where it has none. An event's
        own object takes the place of what the request's object grants; what that refuses stays.
        """
        own = b"" if own == b"null" else own
        if piece.count(KEY) > 1 and (whole := read_member(piece)) is not None:
            return self._write(whole)
        text = self._texts.get(own)
        if text is None:
            text = self._texts[own] = self._write(read_json(own))
        return text

    def _write(self, consent: object) -> str:
        """Give the statements of an event that has a consent object of its own, as text."""
        return write_statements((*self._said, *self._envelope_refuses, *self._read(consent)))

    def _read(self, consent: object) -> tuple[Statement, ...]:
        """Give what a consent object says."""
        if consent is None:
            return ()
        evidence = Evidence({}, {}, {}, consent, None)
        return read_evidence(evidence, self._terms.policy, self._site)


def read_member(text: bytes) -> object:
    """Give the `consent` of an object, where that key is repeated; None where it cannot be read."""
    whole = read_json(text)
    return whole.get("consent") if isinstance(whole, dict) else None
