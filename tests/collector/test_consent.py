"""What a native consent object and a browser's headers say, and what comes of both."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.bits import to_bits
from collector.consent.native import read_native
from collector.consent.request import read_request
from collector.consent.signal import SILENT, Signal
from collector.frames import to_frame
from collector.protocols.native import decode_events
from collector.stages import PROTECT
from config.policy_rules import SiteRule
from tests.collector.worlds import ALL, POLICY, TERMS, bits, context, post, sender

YES = {"purposes": {"analytics": True}}

HELD = ["necessary", "diagnostics"]


@pytest.mark.parametrize(
    ("consent", "granted", "refused"),
    [
        (None, "", ""),
        ({}, "", ""),
        ("yes", "", ""),
        ([YES], "", ""),
        ({"purposes": "all"}, "", ""),
        ({"purposes": ["analytics"]}, "", ""),
        ({"purposes": {}}, "", ""),
        (YES, "analytics", ""),
        ({"purposes": {"analytics": False}}, "", "analytics"),
        ({"purposes": {"analytics": True, "advertising": False}}, "analytics", "advertising"),
        ({"purposes": {"analytics": None}}, "", ""),
        ({"purposes": {"analytics": 1}}, "", ""),
        ({"purposes": {"analytics": 0}}, "", ""),
        ({"purposes": {"analytics": "true"}}, "", ""),
        ({"purposes": {"analytics": "false"}}, "", ""),
        ({"purposes": {"Analytics": True, "everything": True}}, "", ""),
        ({"purposes": dict.fromkeys(POLICY.purposes, True)}, " ".join(POLICY.purposes), ""),
        (YES | {"policy_version": "2026-11"}, "analytics", ""),
        (YES | {"policy_version": ""}, "analytics", ""),
        (YES | {"policy_version": None}, "analytics", ""),
        (YES | {"policy_version": "2025-01"}, "", ""),
        (YES | {"policy_version": 2026}, "", ""),
        (YES | {"method": "checkbox"}, "analytics", ""),
        (YES | {"method": None}, "analytics", ""),
        (YES | {"method": "implied"}, "", ""),
        (YES | {"method": "telepathy"}, "", ""),
        (YES | {"method": True}, "", ""),
        (
            {"purposes": {"analytics": False}, "policy_version": "?", "method": 7},
            "",
            "analytics",
        ),
    ],
)
def test_a_native_consent_object(consent: Any, granted: str, refused: str) -> None:
    signal = read_native(consent, POLICY, "soq")
    assert signal == Signal(bits(*granted.split()), bits(*refused.split()))


def test_a_method_that_is_no_act_may_grant_what_needs_no_consent() -> None:
    policy = POLICY.model_copy(
        update={"sites": {"open": SiteRule(legal_basis={"analytics": "opt_out"})}}
    )
    implied = YES | {"method": "implied"}
    assert read_native(implied, policy, "open").granted == bits("analytics")
    assert read_native(implied, policy, "soq") == SILENT


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, ""),
        ({"sec-gpc": "1"}, "advertising partner_sharing"),
        ({"sec-gpc": " 1 "}, "advertising partner_sharing"),
        ({"dnt": "1"}, "advertising partner_sharing"),
        ({"sec-gpc": "1", "dnt": "0"}, "advertising partner_sharing"),
        ({"sec-gpc": "0"}, ""),
        ({"sec-gpc": "true"}, ""),
        ({"dnt": "0"}, ""),
        ({"dnt": "unspecified"}, ""),
        ({"sec-gpc": ""}, ""),
    ],
)
def test_headers_only_refuse(headers: dict[str, str], refused: str) -> None:
    said = read_request(headers, "", POLICY, "soq")
    assert not any(one.granted for one in said)
    assert {one.refused for one in said} <= {bits(*refused.split())}
    assert bool(said) == bool(refused)


@pytest.mark.parametrize(
    ("consent", "headers", "permitted"),
    [
        ({}, {}, HELD),
        ({"analytics": True}, {}, [*HELD, "analytics"]),
        ({"analytics": True}, {"sec-gpc": "1"}, [*HELD, "analytics"]),
        ({"analytics": True, "advertising": True}, {}, [*HELD, "analytics", "advertising"]),
        ({"analytics": True, "advertising": True}, {"sec-gpc": "1"}, [*HELD, "analytics"]),
        ({"partner_sharing": True}, {"dnt": "1"}, HELD),
        ({"geolocation": True}, {"dnt": "1"}, [*HELD, "geolocation"]),
        ({"necessary": False}, {}, HELD),
        ({"diagnostics": False}, {}, ["necessary"]),
        (dict.fromkeys(POLICY.purposes, True), {}, list(POLICY.purposes)),
        (dict.fromkeys(POLICY.purposes, False), {}, ["necessary"]),
    ],
)
def test_consent_and_headers_together(
    consent: dict[str, bool], headers: dict[str, str], permitted: list[str]
) -> None:
    body = msgspec.json.encode(
        {"consent": {"purposes": consent}, "events": [{"name": "page_view"}]}
    )
    who = sender(statements=read_request(headers, "", POLICY, "soq"))
    frame = PROTECT.run(to_frame(decode_events(post(body), who, TERMS).events), context()).frame
    assert frame["purposes"].to_list() == [permitted]


def test_bits() -> None:
    assert to_bits(POLICY, []) == 0
    assert to_bits(POLICY, ["necessary", "necessary", "nonsense"]) == 1
    assert 2 ** len(POLICY.purposes) - 1 == ALL


odd = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.none())


@given(
    st.dictionaries(st.sampled_from([*POLICY.purposes, "x"]), odd),
    st.dictionaries(st.sampled_from(["policy_version", "method", "tcf"]), odd),
)
def test_only_a_literal_true_grants(purposes: dict[str, Any], others: dict[str, Any]) -> None:
    signal = read_native({"purposes": purposes} | others, POLICY, "soq")
    assert signal.granted & ~to_bits(POLICY, [n for n, v in purposes.items() if v is True]) == 0
    assert signal.refused == to_bits(POLICY, [n for n, v in purposes.items() if v is False])
    assert not signal.granted & signal.refused


@pytest.mark.parametrize(
    ("site", "headers", "refused"),
    [
        ("soq", {"dnt": "1"}, "partner_sharing"),
        ("soq", {"sec-gpc": "1"}, "advertising partner_sharing"),
        ("other", {"dnt": "1"}, "advertising partner_sharing"),
    ],
)
def test_a_site_says_for_itself_which_browser_signal_refuses_what(
    site: str, headers: dict[str, str], refused: str
) -> None:
    rule = SiteRule(refused_by={"advertising": ("gpc",)})
    policy = POLICY.model_copy(update={"sites": {"soq": rule}})
    said = [one.refused for one in read_request(headers, "", policy, site)]
    assert said == [bits(*refused.split())]
