"""Log lines carry counts and names, and no data."""

from __future__ import annotations

from io import StringIO

import msgspec
import pytest

from storage.logs import WITHHELD, get_log, name_error
from tests.storage.spooling import TestClock


def test_a_line_is_one_json_object_with_its_fields() -> None:
    stream = StringIO()
    log = get_log("loader", TestClock(), stream)
    log.info("batches were loaded", rows=5, duration_ms=1.5, table="events")
    log.warn("look")
    log.error("a person is needed", error=name_error(KeyError("secret")))
    first, second, third = (msgspec.json.decode(line) for line in stream.getvalue().splitlines())
    assert first == {
        "at": "2026-11-22T05:00:00.000Z",
        "level": "info",
        "program": "loader",
        "message": "batches were loaded",
        "rows": 5,
        "duration_ms": 1.5,
        "table": "events",
    }
    assert (second["level"], third["level"], third["error"]) == ("warn", "error", "KeyError")


def test_a_field_that_is_not_declared_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="FIELDS"):
        get_log("x", TestClock(), StringIO()).info("hello", email="a")


@pytest.mark.parametrize("text", ["a@example.org", "with space", "x" * 65, "Айгүл", 'a"b', "a\n"])
def test_a_text_that_may_be_data_is_withheld(text: str) -> None:
    stream = StringIO()
    get_log("x", TestClock(), stream).info("hello", reason=text)
    assert msgspec.json.decode(stream.getvalue())["reason"] == WITHHELD
