"""Identifying matches leave every text; the row remarks which rules did it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.frames import DECODED, PROTECTED
from collector.stages.gate import gate
from collector.stages.identify_client import identify_client
from collector.stages.locate import locate
from collector.stages.scrub import FREE_TEXTS, scrub
from collector.stages.validate import CUT_MARGIN_CHARS, validate
from tests.collector.worlds import LIMITS, event, rows_of, run_stages

STAGES = [gate, validate, locate, identify_client, scrub]
MAIL = "aigul.s@mail.kz"

CLOSED = {
    "site", "table", "protocol", "kind", "event_id", "batch_id", "subject_kind", "policy_version",
    "country", "region", "device_type", "struck",
}  # fmt: skip
"""Columns of text that a sender cannot fill: words of our own, of the policy or of the registry."""


def test_every_column_of_text_is_scrubbed_or_closed() -> None:
    texts = {name for name, kind in PROTECTED.items() if kind == DECODED["page_title"]}
    assert texts == {*FREE_TEXTS, *CLOSED}


@pytest.mark.parametrize("column", [n for n in FREE_TEXTS if n in DECODED])
def test_every_text_is_scrubbed(column: str) -> None:
    fields: dict[str, Any] = {column: f"x {MAIL} u-1842", "_person": "u-1842"}
    if column.startswith("exception") or column in ("release", "environment"):
        fields["table"] = "diagnostics"
    batch = run_stages(STAGES, event(**fields))
    assert rows_of(batch, column, "remarks") == [("x [email] [own_id]", ["email", "own_id"])]


def test_what_was_cut_before_is_remarked_upon_with_the_rest() -> None:
    sent = [event(is_cut=True, page_title=MAIL), event(), event(is_cut=True)]
    batch = run_stages(STAGES, *sent)
    assert batch["remarks"].to_list() == [["email", "property_cut"], [], ["property_cut"]]


def test_what_a_user_agent_or_a_hint_is_made_to_say_is_scrubbed() -> None:
    agent = "Mozilla/5.0 (Linux; Android 14; 87012345678 Build/UP1A) Chrome/126.0 Mobile"
    hints = 'sec-ch-ua="u-1842 x";v="7"\x1fsec-ch-ua-platform="u-1842"'
    sent = event(_user_agent=agent, _client_hints=hints, _person="u-1842")
    batch = run_stages(STAGES, sent)
    assert rows_of(batch, "browser", "os", "device_model", "remarks") == [
        ("[own_id] x", "[own_id]", "[phone]", ["own_id", "phone_kz"])
    ]


def properties_of(properties: dict[str, Any], **fields: Any) -> tuple[dict[str, str], list[str]]:
    sent = event(event_name="custom", _properties=json.dumps(properties).encode(), **fields)
    row = run_stages(STAGES, sent).row(0, named=True)
    return {one["key"]: one["value"] for one in row["properties"]}, row["remarks"]


@pytest.mark.parametrize(
    ("sent", "kept", "remarks"),
    [
        ({"city": "almaty"}, {"city": "almaty"}, []),
        ({"note": MAIL}, {"note": "[email]"}, ["email"]),
        ({MAIL: "x"}, {"[email]": "x"}, ["email"]),
        ({"n": 87012345678}, {"n": "[phone]"}, ["phone_kz"]),
        ({"n": 87012345678.0}, {"n": "[phone]"}, ["phone_kz"]),
        ({"n": 8.7012345678e10}, {"n": "[phone]"}, ["phone_kz"]),
        ({"n": 900101300017}, {"n": "[iin]"}, ["iin"]),
        ({"o": {"n": 900101300017.0}}, {"o": '{"n":"[iin]"}'}, ["iin"]),
        ({"o": {"n": [MAIL, 1]}}, {"o": '{"n":["[email]",1]}'}, ["email"]),
        ({"o": {MAIL: 1}}, {"o": '{"[email]":1}'}, ["email"]),
        ({"o": "8701\n2345678"}, {"o": "[phone]"}, ["phone_kz"]),
        ({"o": ["8701\n2345678"]}, {"o": '["[phone]"]'}, ["phone_kz"]),
        ({"first_name": "Aigul"}, {"first_name": "[name]"}, ["name"]),
        ({"userPhone": 1842}, {"userPhone": "[contact]"}, ["contact"]),
        ({"has_phone": True}, {"has_phone": "true"}, []),
        ({"o": {"first_name": "Aigul", "n": 1}}, {"o": '{"first_name":"[name]","n":1}'}, ["name"]),
        ({"phone": {"home": "12"}}, {"phone": "[contact]"}, ["contact"]),
        ({"o": json.dumps({"first_name": "Aigul"})}, {"o": '{"first_name":"[name]"}'}, ["name"]),
        ({"o": '{"ok": 1, "b": null, "c": true}'}, {"o": '{"ok": 1, "b": null, "c": true}'}, []),
        ({"o": "{broken " + MAIL}, {"o": "{broken [email]"}, ["email"]),
        ({"o": "[" * 900}, {"o": "[" * 900}, []),
    ],
)  # fmt: skip
def test_properties(sent: dict[str, Any], kept: dict[str, str], remarks: list[str]) -> None:
    assert properties_of(sent) == (kept, remarks)


def test_identifiers_in_nested_json_with_escapes() -> None:
    person = 'a"b\\c1842'
    kept, remarks = properties_of({"o": {"deep": [f"/{person}/"]}, "p": person}, _person=person)
    assert kept == {"o": '{"deep":["/[own_id]/"]}', "p": "[own_id]"}
    assert remarks == ["own_id"]


@pytest.mark.parametrize("spell", [json.dumps, lambda text: " \n" + text])
def test_a_telling_name_in_json_behind_a_blank_or_quoted_again(spell: Any) -> None:
    sent = {"x": spell(json.dumps({"middleName": "Aigul"}))}
    kept, remarks = properties_of(sent)
    assert "Aigul" not in kept["x"] and remarks == ["name"]


def test_an_identifier_that_holds_a_number_goes_whole() -> None:
    kept, _ = properties_of({"p": "user87012345678-kz"}, _person="user87012345678-kz")
    assert kept == {"p": "[own_id]"}


@pytest.mark.parametrize(
    ("revenue", "kept"),
    [
        (None, None),
        (250_000.0, 250_000.0),
        (900101300017.0, None),
        (-87012345678.0, None),
        (4111111111111111.0, None),
        (184200.5, None),
        (184201.5, 184201.5),
        (1e300, 1e300),
    ],
)
def test_a_number_whose_digits_identify_is_not_kept(
    revenue: float | None, kept: float | None
) -> None:
    batch = run_stages(STAGES, event(revenue=revenue, _person="184200"))
    assert batch["revenue"].to_list() == [kept]


def test_measurements() -> None:
    measured = [
        {"name": f"load {MAIL}", "value": 1.5, "unit": "u-1842"},
        {"name": "phone", "value": 87012345678.0, "unit": ""},
        {"name": "ok", "value": 2.0, "unit": "ms"},
    ]
    sent = event(table="diagnostics", measurements=measured, _person="u-1842")
    batch = run_stages(STAGES, sent)
    assert batch["measurements"].to_list() == [
        [
            {"name": "load [email]", "value": 1.5, "unit": "[own_id]"},
            {"name": "ok", "value": 2.0, "unit": "ms"},
        ]
    ]
    assert batch["remarks"].to_list() == [["email", "own_id", "phone_kz"]]


@pytest.mark.parametrize("before", range(-8, 20))
def test_an_identifier_across_the_cut_leaves_no_half(before: int) -> None:
    longest = LIMITS.title_chars_max
    filler = "x" * (longest - before - 1) + " "
    sent = event(page_title=filler + MAIL + " tail " + MAIL * 200)
    title = run_stages(STAGES, sent)["page_title"][0]
    assert len(title) <= longest and "aigul" not in title and "mail.kz" not in title


def test_an_identifier_across_the_margins_end_leaves_no_half_either() -> None:
    many = (MAIL + " ") * (LIMITS.title_chars_max + CUT_MARGIN_CHARS)
    title = run_stages(STAGES, event(page_title=many))["page_title"][0]
    assert set(title) <= set("[email] ")


def test_rows_in_order_with_their_own_texts() -> None:
    sent = [event(page_title=f"t{n}" + (MAIL if n % 2 else "")) for n in range(6)]
    batch = run_stages(STAGES, *sent)
    assert batch["page_title"].to_list() == ["t0", "[email]", "t2", "[email]", "t4", "[email]"]
    assert batch["remarks"].to_list() == [[], ["email"]] * 3
