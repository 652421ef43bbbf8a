"""The texts and numbers of one suspect event, mended: own identifiers and PII taken out.

Called by the scrub stage for the few rows that its cheap tests do not let pass. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from collector.own_ids import REMARK, OwnIds
from collector.pii import Scrubber
from collector.protocols.lenient import depth_of
from collector.unfold import LEVELS_MAX

NUMBER_MIN = 100_000
"""Smaller numbers identify nobody and are not looked at."""

NUMBER_END = 2**63
"""Neither are numbers from here on: nothing that identifies has so many digits."""

OPENERS = ("{", "[", '"')
"""What a list, an object or a text begins with in JSON."""

BLANKS = " \t\n\r"
"""What may stand before it."""

DEPTH_MAX = 32
"""Deeper JSON text is mended as plain text."""


@dataclass
class Mender:
    """Mends one event and notes which rules matched."""

    own_ids: OwnIds
    scrubber: Scrubber
    remarks: set[str] = field(default_factory=set)
    """Names of the rules that matched so far."""
    known: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """Text -> what the rules made of it; the events of a batch share it, and have much alike."""

    def mend(self, text: str) -> str:
        """Give a text without the event's own identifiers and without other matches."""
        replaced = self.own_ids.replace_in(text)
        if replaced != text:
            self.remarks.add(REMARK)
        found = self.known.get(replaced)
        if found is None:
            found = self.known[replaced] = self.scrubber.scrub_text(replaced)
        scrubbed, names = found
        self.remarks.update(names)
        return scrubbed

    def mend_pair(self, key: str, value: str) -> dict[str, str]:
        """Give a property with both its texts mended; JSON text is mended from within."""
        return {"key": self.mend(key), "value": self._mend_value(key, value, 0)}

    def mend_measurement(self, one: dict[str, Any]) -> dict[str, Any] | None:
        """Give a measurement with its texts mended; none where its value identifies."""
        if self.mend_number(one["value"]) is None:
            return None
        return one | {"name": self.mend(one["name"]), "unit": self.mend(one["unit"])}

    def mend_number(self, number: float | None) -> float | None:
        """Give a number back, or none where its whole digits are an identifier's."""
        if number is None or not NUMBER_MIN <= abs(number) < NUMBER_END:
            return number
        digits = str(abs(int(number)))
        return number if self.mend(digits) == digits else None

    def _mend_value(self, key: str, value: str, level: int) -> str:
        """Mend a value; the name of its key may tell that it goes whole.

        `level` counts JSON texts within JSON texts.
        """
        if self.scrubber.field_of(key) is not None:
            named, names = self.scrubber.scrub_property(key, value)
            self.remarks.update(names)
            return named
        nested = read_nested(value) if level < LEVELS_MAX else None
        if nested is None:
            return self.mend(value)
        mended = self._mend_nested(key, nested, level + 1)
        return value if mended == nested else msgspec.json.encode(mended).decode()

    def _mend_nested(self, key: str, value: Any, level: int) -> Any:
        """Mend what lies within a list or object, each under the key that it stands under."""
        if isinstance(value, dict):
            return {self.mend(k): self._mend_nested(k, v, level) for k, v in value.items()}
        if isinstance(value, list):
            return [self._mend_nested(key, one, level) for one in value]
        if value is None or isinstance(value, bool):
            return value
        text = value if isinstance(value, str) else show_number(value)
        mended = self._mend_value(key, text, level)
        return value if mended == text else mended


def show_number(number: float) -> str:
    """Give a number in the form in which its digits are looked at: whole ones without a point."""
    if isinstance(number, float) and number.is_integer() and abs(number) < NUMBER_END:
        return str(int(number))
    return msgspec.json.encode(number).decode()


def may_nest(value: str) -> bool:
    """Tell quickly whether a text may spell a list, an object or another text in JSON."""
    return value.lstrip(BLANKS).startswith(OPENERS)


def read_nested(value: str) -> dict[str, Any] | list[Any] | str | None:
    """Give the list, object or text that a text spells in JSON, or none where it spells none."""
    if not may_nest(value) or depth_of(value.encode(), DEPTH_MAX) > DEPTH_MAX:
        return None
    try:
        found: dict[str, Any] | list[Any] | str = msgspec.json.decode(value)
    except msgspec.MsgspecError:
        return None
    return found


def keys_within(value: Any) -> Iterator[str]:
    """Give the keys of all objects within a list or object."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from keys_within(one)


def texts_within(value: Any) -> Iterator[str]:
    """Give all texts within a list or object, keys aside."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from texts_within(one)
