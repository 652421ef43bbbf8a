"""A repeated key of a consent object never turns a no into a yes, wherever it is repeated."""

from __future__ import annotations

import json

import pytest

from collector.consent.json_object import read_json
from collector.protocols.native import decode_events
from tests.collector.worlds import TERMS, bits, post, said_by, sender

YES, NO = '{"purposes": {"analytics": true}}', '{"purposes": {"analytics": false}}'
DENIED, SILENT = (0, bits("analytics")), (0, 0)


@pytest.mark.parametrize(
    ("consent", "said"),
    [
        ('{"purposes": {"analytics": false, "analytics": true}}', DENIED),
        ('{"purposes": {"analytics": true, "analytics": false}}', DENIED),
        ('{"purposes": {"analytics": true, "analytics": true}}', (bits("analytics"), 0)),
        ('{"purposes": {"analytics": true, "analytics": 1}}', SILENT),
        ('{"purposes": {"analytics": true, "analytics": null}}', SILENT),
        ('{"purposes": {"analytics": false}, "purposes": {"analytics": true}}', DENIED),
        ('{"purposes": {"analytics": false}, "purposes": {}}', DENIED),
        ('{"purposes": {"analytics": true}, "purposes": {}}', SILENT),
        ('{"purposes": {"analytics": false}, "purposes": null}', DENIED),
        ('{"purposes": {"analytics": true}, "purposes": "all"}', SILENT),
        ('{"purposes": {"analytics": true}, "policy_version": "1", "policy_version": "2026-11"}',
         SILENT),
        ('{"purposes": {"analytics": true}, "method": "implied", "method": "checkbox"}', SILENT),
        ('{"purposes": {"analytics": false, "analytics": false, "analytics": true}}', DENIED),
    ],
)  # fmt: skip
def test_within_a_consent_object(consent: str, said: tuple[int, int]) -> None:
    body = f'{{"consent": {consent}, "events": [{{"name": "a"}}]}}'
    assert signals_of(body) == [said]
    own = f'{{"events": [{{"name": "a", "consent": {consent}}}]}}'
    assert signals_of(own) == [said]


@pytest.mark.parametrize(("first", "second"), [(YES, NO), (NO, YES)])
def test_the_object_itself(first: str, second: str) -> None:
    twice = f'"consent": {first}, "consent": {second}'
    assert signals_of(f'{{{twice}, "events": [{{"name": "a"}}]}}') == [DENIED]
    assert signals_of(f'{{"events": [{{"name": "a"}}], {twice}}}') == [DENIED]
    assert signals_of(f'{{"events": [{{"name": "a", {twice}}}, {{"name": "b"}}]}}') == [
        DENIED,
        SILENT,
    ]


def test_a_property_of_that_name_changes_nothing() -> None:
    event = '{"name": "a", "properties": {"consent": "x", "other": {"consent": {}}}}'
    assert signals_of(f'{{"consent": {YES}, "events": [{event}]}}') == [(bits("analytics"), 0)]
    own = event[:-1] + f', "consent": {NO}}}'
    assert signals_of(f'{{"consent": {YES}, "events": [{own}, {event}]}}') == [
        DENIED,
        (bits("analytics"), 0),
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "\ud800".encode("utf-8", "surrogatepass"), "[" * 100_000]
)
def test_what_cannot_be_read_says_nothing(text: str | bytes) -> None:
    assert read_json(text if isinstance(text, bytes) else text.encode()) is None


def test_reading_is_that_of_any_reader_where_nothing_is_repeated() -> None:
    sent = {"purposes": {"a": True, "b": [{"c": None}]}, "tcf": "CQ…", "n": 1.5}
    assert read_json(json.dumps(sent).encode()) == sent


def signals_of(body: str) -> list[tuple[int, int]]:
    decoded = decode_events(post(body.encode()), sender(), TERMS)
    assert not decoded.rejected
    return [said_by(event) for event in decoded.events]
