"""Whole requests of the native API against the rows and answers that they gave when reviewed.

Each file of `tests/golden/native` holds a request and what must come of it: the rows' filled
columns and the answer. Digests are shown by what they are made from; random ids as `random`.
To look at a change, delete `rows` and `answer` from a file: the failing test prints them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from collector.consent.request import read_request
from collector.frames import to_frame
from collector.protocols.native import decode_events
from collector.stages import PROTECT
from collector.verdicts import Verdict
from storage.schemas import NO_ID
from tests.collector.worlds import POLICY, TERMS, context, post, sender, show_digests
from tests.helpers import ROOT

CASES = sorted((ROOT / "tests" / "golden" / "native").glob("*.json"))

SHOWN = ("person", "device", "advertising", "session", "visit")


def test_there_are_cases() -> None:
    assert len(CASES) >= 7


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_request_gives_what_it_gave(file: Path) -> None:
    case = json.loads(file.read_text())
    rows, answer = play(case)
    assert {"answer": answer, "rows": rows} == {k: case.get(k) for k in ("answer", "rows")}


def play(case: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Take a request through decoding and the pipeline; give its rows and its answer."""
    is_server = case.get("key") == "server"
    said = read_request(case.get("headers", {}), "", POLICY, "soq")
    who = sender(trusted=is_server, statements=said)
    decoded = decode_events(post(json.dumps(case["body"]).encode()), who, TERMS)
    result = PROTECT.run(to_frame(decoded.events), context(digest_many=remember))
    reasons = dict(decoded.rejected)
    reasons |= {decoded.positions[row]: reason for row, reason in result.rejected.items()}
    missing = sum(event._event_id is None for event in decoded.events)
    verdict = Verdict(decoded.received, reasons, without_event_id=missing)
    rows = [show_row(row) for row in result.frame.drop("identity").to_dicts()]
    return rows, json.loads(verdict.answer(trusted=is_server))


MADE_FROM: dict[bytes, str] = {}


def remember(key_class: Any, *columns: Any) -> list[bytes | None]:
    """Digest readably, and remember what each digest was made from."""
    digests = show_digests(key_class, *columns)
    for digest, value in zip(digests, columns[2], strict=True):
        if digest is not None:
            MADE_FROM[digest] = f"{key_class}({value.decode()})".replace("\x1f", " ")
    return digests


def show_row(row: dict[str, Any]) -> dict[str, Any]:
    """Give the columns of a row that say something."""
    shown = {name: show_value(value) for name, value in row.items()}
    version = UUID(row["event_id"]).version
    if version == 8 or row["event_id"].startswith("0b2a6f2e"):
        shown["event_id"] = "digest" if version == 8 else row["event_id"]
    else:
        shown["event_id"] = "random"
    return {name: value for name, value in shown.items() if value not in ("", None, [], False)}


def show_value(value: Any) -> Any:
    """Give a value as JSON can hold it."""
    if isinstance(value, bytes):
        return None if value == NO_ID else MADE_FROM[value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
