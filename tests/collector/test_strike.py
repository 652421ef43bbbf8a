"""Properties of a forbidden category leave their event, are counted, and are kept nowhere."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from collector.frames import to_frame
from collector.micro_batch import Submission, work_batch
from collector.pipeline import REASON, Result
from collector.raw_event import Decoded, RawEvent
from collector.stages import PROTECT
from collector.stages.gate import gate
from collector.stages.strike import strike
from collector.stages.validate import validate
from config.policy_rules import SiteRule
from storage.logs import Log
from tests.collector.worlds import POLICY, context, event, kept_texts, run_stages

STAGES = [gate, validate, strike]


def custom(properties: dict[str, Any], **fields: Any) -> RawEvent:
    """Give an undeclared event with properties."""
    return event(event_name="custom", _properties=json.dumps(properties).encode(), **fields)


def struck(*events: RawEvent, **changes: Any) -> list[tuple[list[str], str | None]]:
    """Give the keys that are left of each event, and the categories that went."""
    batch = run_stages(STAGES, *events, **changes)
    rows = zip(batch["properties"].to_list(), batch["struck"].to_list(), strict=True)
    return [([one["key"] for one in pairs or ()], words) for pairs, words in rows]


@pytest.mark.parametrize(
    ("properties", "left", "words"),
    [
        ({"city": "almaty", "price": 250000}, ["city", "price"], None),
        ({"religion": "x", "city": "almaty"}, ["city"], "belief"),
        ({"user_religion": "x", "ұлты": "y", "n": 1}, ["n"], "belief ethnic_origin"),
        ({"religion": "a", "faith": "b"}, [], "belief belief"),
        ({"is_muslim": False}, [], "belief"),
        ({"o": {"deep": [{"diagnosis": 1}]}, "n": 1}, ["n"], "health"),
        ({"o": '{"diagnosis": 1}'}, [], "health"),
        ({"o": ' \n{"diagnosis": 1}'}, [], "health"),
        ({"o": '{"p": "{\\"diagnosis\\": 1}"}'}, [], "health"),
        ({"o": '"{\\"diagnosis\\": 1}"'}, [], "health"),
        ({"o": {"p": '["muslim"]'}}, [], "belief"),
        ({"o": '"almaty"', "p": ' "x', "q": "[1]"}, ["o", "p", "q"], None),
        ({"tags": ["horses", "muslim"]}, [], "belief"),
        ({"answer": "Мусульманка"}, [], "belief"),
        ({"answer": "kazakh", "state": "disabled"}, ["answer", "state"], None),
        ({"o": "{broken", "religion": 1}, ["o"], "belief"),
    ],
)
def test_properties(properties: dict[str, Any], left: list[str], words: str | None) -> None:
    assert struck(custom(properties)) == [(left, words)]


def test_others_of_the_batch_keep_theirs() -> None:
    sent = [custom({"a": "1"}), custom({"religion": "x"}), custom({"b": "2"})]
    assert struck(*sent) == [(["a"], None), ([], "belief"), (["b"], None)]


def test_what_people_type_is_judged_by_its_name_alone() -> None:
    typed = {"query": "мусульманка", "city": "Православный"}
    search = event(event_name="search", _properties=json.dumps(typed).encode())
    assert struck(search) == [(["query"], "belief")]


def test_a_measurement_goes_by_its_name() -> None:
    measured = [
        {"name": "fcp", "value": 1.5, "unit": "s"},
        {"name": "blood_pressure", "value": 120.0, "unit": "mmHg"},
    ]
    sent = event(table="diagnostics", event_name="performance", measurements=measured)
    batch = run_stages(STAGES, sent, event())
    assert batch["measurements"].to_list() == [measured[:1], None]
    assert batch["struck"].to_list() == ["health", None]


def test_an_event_that_is_named_so_is_rejected_alone() -> None:
    batch = run_stages(STAGES, event(), event(event_name="religion_selected"), event())
    assert batch[REASON].to_list() == [None, "forbidden_category", None]


def test_a_site_that_is_allowed_a_category_keeps_it_and_no_other() -> None:
    clinic = SiteRule(allowed_categories={"health": "explicit consent"})
    policy = POLICY.model_copy(update={"sites": {"clinic": clinic}})
    sent = {"diagnosis": "J06", "religion": "x"}
    found = struck(custom(sent, site="clinic"), custom(sent), policy=policy)
    assert found == [(["diagnosis"], "belief"), ([], "health belief")]
    batch = run_stages(STAGES, event(event_name="diagnosis", site="clinic"), policy=policy)
    assert batch[REASON].to_list() == [None]


def test_they_are_counted_and_kept_nowhere() -> None:
    def protect(batch: Any) -> Result:
        return PROTECT.run(batch, context())

    sent = [
        custom({"religion": "zorastrianplanted", "city": "almaty"}),
        custom({"notes": ["muslim"], "faith": "zorastrianplanted"}),
        event(event_name="my_religion", _properties=b'{"a": "zorastrianplanted"}'),
    ]
    loop = asyncio.new_event_loop()
    loop.close()
    waiting = Submission("soq", Decoded(sent, [0, 1, 2], []), asyncio.Future(loop=loop))
    (worked,) = work_batch([waiting], protect, Log("test", stream=io.StringIO()))
    counted = {(one.outcome, one.reason): one.n for one in worked.counts}
    assert counted == {("property_refused", "belief"): 3, ("rejected", "forbidden_category"): 1}
    frame = PROTECT.run(to_frame(sent), context()).frame
    assert frame.height == 2
    assert not [text for row in frame.to_dicts() for text in kept_texts(row) if "planted" in text]
