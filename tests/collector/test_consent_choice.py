"""A record that brings signals along: banners' own words, read like an event's."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from collector.consent.signal import Statement
from collector.consent_scribe import make_part
from collector.outcomes import BadRequest
from collector.protocols.consent_record import ConsentRecord, decode_record
from storage.schemas import NO_ID
from storage.spool_rows import decode_rows
from tests.collector.consent.strings import cases
from tests.collector.test_consent_record import show
from tests.collector.test_consent_scribe import SCRIBE
from tests.collector.worlds import TERMS, bits, sender

TC = {case["name"]: case["text"] for case in cases("tc_strings.json")}
ACCEPT, REJECT = TC["v2.3 accept all"], TC["v2.3 reject all, LI kept"]


def decode(statements: tuple[Statement, ...] = (), **fields: Any) -> ConsentRecord:
    body = msgspec.json.encode({"device": "d-1"} | fields)
    return decode_record(body, sender(trusted=True, statements=statements), TERMS)


def fault(statements: tuple[Statement, ...] = (), **fields: Any) -> str:
    with pytest.raises(BadRequest) as raised:
        decode(statements, **fields)
    return raised.value.reason


def test_a_banners_string_grants_and_refuses() -> None:
    assert "analytics" in decode(tcf=ACCEPT).granted
    refused = decode(tcf=REJECT)
    assert "analytics" in refused.refused and not refused.granted
    assert decode(tcf=REJECT).sources == ("tcf",)


def test_a_no_of_the_purposes_beats_a_yes_of_the_banner_and_the_other_way_round() -> None:
    said = decode(tcf=ACCEPT, purposes={"analytics": False})
    assert "analytics" in said.refused and "analytics" not in said.granted | said.ungranted
    said = decode(tcf=REJECT, purposes={"analytics": True})
    assert "analytics" in said.refused and "analytics" not in said.granted | said.ungranted


@pytest.mark.parametrize("tcf", ["", "nonsense", ACCEPT[:40], 7, ["x"], "C" * 100_000])
def test_a_string_that_cannot_be_read_grants_nothing(tcf: Any) -> None:
    assert fault(tcf=tcf) == "record_invalid"
    assert show(decode(tcf=tcf, purposes={"analytics": True}))[0] == "analytics"


def test_cookies_speak_for_a_record_that_brings_nothing_and_flags_do_not() -> None:
    cookie = Statement("tcf", bits("analytics"), bits("advertising"))
    flag = Statement("gpc", 0, bits("advertising", "partner_sharing"))
    assert show(decode((cookie, flag))) == ("analytics", "advertising", "")
    assert fault((flag,)) == "record_invalid"
    own = decode((cookie, flag), purposes={"analytics": False})
    assert show(own) == ("", "analytics", "")
    assert decode((cookie,), tcf=REJECT).granted == frozenset()


def test_what_a_source_may_not_grant_is_not_granted() -> None:
    unheard = Statement("hearsay", bits("analytics"), 0)
    assert show(decode((unheard,))) == ("", "", "analytics")


def test_of_a_signal_a_digest_is_kept_and_never_the_signal() -> None:
    entries = [SCRIBE.write(decode(tcf=text)) for text in (ACCEPT, REJECT, ACCEPT)]
    rows = decode_rows("consents", make_part(entries).blob).to_dicts()
    first, second, third = (row["signal_digest"] for row in rows)
    assert first == third != second and NO_ID not in (first, second)
    assert {row["decoder"] for row in rows} == {"tcf/1"}
    told = json.dumps([str(row) for row in rows]) + str([one.answer for one in entries])
    assert ACCEPT[:12] not in told and REJECT[:12] not in told
    (plain,) = decode_rows("consents", make_part([plain_entry()]).blob).to_dicts()
    assert (plain["signal_digest"], plain["decoder"]) == (NO_ID, "")


def plain_entry() -> Any:
    return SCRIBE.write(decode(purposes={"analytics": True}))


@pytest.mark.parametrize(
    "extra", [{"google": {"x": 2**70}}, {"segment": {"\ud800": 1e308}}, {"npa": [[[]]]}]
)
def test_odd_members_are_no_trouble(extra: dict[str, Any]) -> None:
    body = json.dumps({"device": "d-1", "purposes": {"analytics": True}} | extra).encode()
    SCRIBE.write(decode_record(body, sender(trusted=True), TERMS))


def test_a_record_that_nests_too_deep_is_turned_away() -> None:
    deep = '{"a":' * 100 + "1" + "}" * 100
    body = f'{{"device":"d-1","purposes":{{"analytics":true}},"google":{deep}}}'.encode()
    with pytest.raises(BadRequest) as raised:
        decode_record(body, sender(trusted=True), TERMS)
    assert raised.value.reason == "body_too_deep"
