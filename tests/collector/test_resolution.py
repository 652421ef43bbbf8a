"""Who wins: records before refusals before accepted grants before other bases; else denied."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.recorded import NOTHING_RECORDED, Recorded
from collector.consent.resolution import resolve
from collector.consent.signal import Statement
from collector.consent.statements import read_statements, unreadable_sources, write_statements
from config.policy import Policy
from config.policy_rules import Method, SignalRule, SiteRule
from tests.collector.worlds import ALL, POLICY, bits

PAIR = SignalRule(accepted_for=("analytics", "advertising"))
TWO_SOURCES = POLICY.model_copy(
    update={
        "signals": {"native": PAIR, "tcf": SignalRule(accepted_for=("advertising",))},
        "sites": {
            "strict": SiteRule(signals={"native": SignalRule(accepted_for=())}),
            "open": SiteRule(legal_basis={"analytics": "opt_out"}),
            "bound": SiteRule(legal_basis={"analytics": "contract"}),
        },
    }
)


def said(source: str, granted: str = "", refused: str = "") -> Statement:
    return Statement(source, bits(*granted.split()), bits(*refused.split()))


def who(purpose: str, *statements: Statement, site: str = "soq", **recorded: Any) -> str:
    """Give who decided a purpose, as `decided_by` tells it; '' where nobody did."""
    decision = resolve(statements, Recorded(**recorded), TWO_SOURCES, site)
    told = dict(one.split("=") for one in decision.decided_by)
    permitted = bool(decision.permitted & bits(purpose))
    by = told.get(purpose, "")
    assert permitted == (by != "" and not by.startswith("!"))
    return by


@pytest.mark.parametrize(
    ("statements", "site", "by"),
    [
        ([], "soq", ""),
        ([said("native", "analytics")], "soq", "native"),
        ([said("tcf", "analytics")], "soq", ""),
        ([said("nobody_knows", "analytics")], "soq", ""),
        ([said("tcf", "analytics"), said("native", "analytics")], "soq", "native"),
        ([said("native", "analytics"), said("tcf", "", "analytics")], "soq", "!tcf"),
        ([said("nobody_knows", "", "analytics"), said("native", "analytics")], "soq",
         "!nobody_knows"),
        ([Statement("native", ALL, ALL)], "soq", "!native"),
        ([said("native", "analytics")], "strict", ""),
        ([said("native", "", "analytics")], "strict", "!native"),
        ([], "open", "opt_out"),
        ([said("native", "analytics")], "open", "native"),
        ([said("native", "", "analytics")], "open", "!native"),
        ([], "bound", "contract"),
        ([said("native", "", "analytics")], "bound", "contract"),
        ([Statement("native", 0, 0, readable=False)], "soq", ""),
        ([Statement("native", 0, 0, readable=False)], "open", "opt_out"),
    ],
)  # fmt: skip
def test_signals_and_bases(statements: list[Statement], site: str, by: str) -> None:
    assert who("analytics", *statements, site=site) == by


@pytest.mark.parametrize(
    ("recorded", "site", "by"),
    [
        ({"withdrawn": bits("analytics")}, "soq", "!withdrawal"),
        ({"withdrawn": bits("analytics")}, "open", "!withdrawal"),
        ({"withdrawn": bits("analytics")}, "bound", "contract"),
        ({"withdrawn": bits("advertising")}, "soq", "native"),
        ({"restricted": True}, "soq", "!restriction"),
        ({"restricted": True}, "bound", "!restriction"),
        ({"objected": True}, "soq", "native"),
    ],
)
def test_records_beat_what_a_sender_still_claims(
    recorded: dict[str, Any], site: str, by: str
) -> None:
    assert who("analytics", said("native", "analytics"), site=site, **recorded) == by


def test_an_objection_ends_partner_sharing_alone() -> None:
    decision = resolve([said("native", "analytics partner_sharing")],
                       Recorded(objected=True), POLICY, "soq")  # fmt: skip
    assert decision.decided_by[-1] == "partner_sharing=!objection"
    assert decision.permitted == bits("necessary", "diagnostics", "analytics")


def test_a_restriction_leaves_what_needs_no_basis_alone() -> None:
    decision = resolve([Statement("native", ALL, 0)], Recorded(restricted=True), POLICY, "soq")
    assert decision.permitted == bits("necessary")
    assert decision.recorded == decision.refused == ALL & ~bits("necessary")


def test_a_recorded_grant_counts_where_the_policy_takes_it() -> None:
    granted = Recorded(granted=bits("analytics"))
    assert "analytics=record" in resolve([], granted, POLICY, "soq").decided_by
    assert who("analytics", granted=bits("analytics")) == ""
    refusal = said("native", "", "analytics")
    assert "analytics=!native" in resolve([refusal], granted, POLICY, "soq").decided_by


def test_a_site_may_accept_less_of_a_source_and_keeps_the_rest_of_its_rule() -> None:
    rules = {"tcf": SignalRule(accepted_for=("advertising",), vendor_id=12)}
    site = SiteRule(signals={"tcf": SignalRule(accepted_for=())})
    policy = POLICY.model_copy(update={"signals": rules, "sites": {"strict": site}})
    assert policy.accepts("tcf", "advertising", "other")
    assert not policy.accepts("tcf", "advertising", "strict")
    assert policy.signal_rule("tcf", "strict").vendor_id == 12
    assert policy.signal_rule("unheard_of", "strict") == SignalRule()


def test_a_method_grants_no_more_than_the_policy_lets_it() -> None:
    narrow = Method(explicit=True, may_grant=("analytics",), description="A narrow act.")
    policy = POLICY.model_copy(update={"methods": {"narrow": narrow}})
    assert policy.may_grant("narrow", "analytics")
    assert not policy.may_grant("narrow", "advertising")


sets = st.integers(0, ALL)
statements = st.lists(
    st.builds(
        lambda source, yes, no, ok: Statement(source, yes if ok else 0, no if ok else 0, ok),
        st.sampled_from(["native", "tcf", "gpc", "record", "nobody_knows"]),
        sets, sets, st.booleans(),
    ),
    max_size=5,
)  # fmt: skip
records = st.builds(Recorded, sets, sets, st.booleans(), st.booleans(), st.booleans())


@given(statements, records, st.sampled_from(["soq", "strict", "open", "bound"]))
def test_order_of_precedence(said: list[Statement], recorded: Recorded, site: str) -> None:
    policy: Policy = TWO_SOURCES
    decision = resolve(said, recorded, policy, site)
    refused = recorded.withdrawn
    for one in said:
        refused |= one.refused
    for name in policy.purposes:
        permitted = bool(decision.permitted & bits(name))
        basis = policy.legal_basis(name, site)
        if refused & bits(name) and policy.is_refusable(name, site):
            assert not permitted
        accepted = [
            s for s in said if s.granted & bits(name) and policy.accepts(s.source, name, site)
        ]
        by_record = recorded.granted & bits(name) and policy.accepts("record", name, site)
        if permitted:
            assert accepted or by_record or basis != "consent"
        elif basis == "none_needed":
            raise AssertionError("what needs no basis cannot be denied")
    # Grants never hurt, refusals never help.
    more = resolve([*said, Statement("nobody_knows", 0, ALL)], recorded, policy, site)
    assert not more.permitted & ~decision.permitted
    fewer = resolve([one._replace(granted=0) for one in said], recorded, policy, site)
    assert not fewer.permitted & ~decision.permitted


@given(statements)
def test_statements_survive_as_text(said: list[Statement]) -> None:
    text = write_statements(said)
    telling = [one for one in said if one.granted or one.refused or not one.readable]
    assert list(read_statements(text)) == telling
    assert unreadable_sources(text) == [one.source for one in said if not one.readable]
    assert resolve(read_statements(text), NOTHING_RECORDED, POLICY, "soq") == resolve(
        said, NOTHING_RECORDED, POLICY, "soq"
    )
