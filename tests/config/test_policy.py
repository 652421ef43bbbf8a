"""The policy: what the shipped one says, and what it answers."""

from __future__ import annotations

import pytest

from config.policy import Policy
from config.policy_file import load_policy
from config.policy_rules import PURPOSES
from storage.schemas import TABLES
from tests.config.copies import SHIPPED


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(SHIPPED)


def with_changes(policy: Policy, **changes: object) -> Policy:
    """A policy that differs in some keys."""
    return Policy.model_validate(policy.model_dump() | changes)


def test_it_is_the_version_that_senders_name(policy: Policy) -> None:
    assert policy.version == "2026-11"
    assert policy.country == "KZ"
    assert tuple(policy.purposes) == PURPOSES


def test_every_column_has_one_purpose(policy: Policy) -> None:
    for table, schema in TABLES.items():
        given = [c for purpose in PURPOSES for c in policy.columns_of(table, purpose)]
        assert sorted(given) == sorted(schema)
        for purpose in PURPOSES:
            for column in policy.columns_of(table, purpose):
                assert policy.purpose_of(table, column) == purpose


@pytest.mark.parametrize(
    ("column", "purpose"),
    [
        ("person_id", "analytics"),
        ("device_id", "analytics"),
        ("session_id", "analytics"),
        ("advertising_id", "advertising"),
        ("latitude", "geolocation"),
        ("longitude", "geolocation"),
        ("visit_id", "necessary"),
        ("properties", "analytics"),
    ],
)
def test_identifying_columns_need_their_purpose(policy: Policy, column: str, purpose: str) -> None:
    assert policy.purpose_of("events", column) == purpose


def test_a_column_nobody_named_has_no_purpose(policy: Policy) -> None:
    with pytest.raises(KeyError):
        policy.purpose_of("events", "_address")


def test_only_what_needs_no_consent_holds_by_default(policy: Policy) -> None:
    assert policy.default_purposes == {"necessary", "diagnostics"}


def test_a_site_may_have_another_basis(policy: Policy) -> None:
    own = with_changes(policy, sites={"soq": {"legal_basis": {"analytics": "opt_out"}}})
    assert own.legal_basis("analytics", "soq") == "opt_out"
    assert own.legal_basis("advertising", "soq") == "consent"
    assert "analytics" in own.default_purposes_of("soq")
    assert "analytics" not in own.default_purposes_of("other")
    assert own.is_refusable("analytics", "soq")


def test_necessary_cannot_be_refused(policy: Policy) -> None:
    assert not policy.is_refusable("necessary")
    assert policy.is_refusable("diagnostics")
    assert policy.is_refusable("analytics")


@pytest.mark.parametrize("signal", ["gpc", "dnt"])
def test_browser_signals_refuse_advertising_and_partners(policy: Policy, signal: str) -> None:
    assert policy.refused_by(signal) == {"advertising", "partner_sharing"}


def test_a_grant_covers_the_purposes_of_its_version(policy: Policy) -> None:
    raw = policy.model_dump()
    raw["purposes"]["advertising"]["since"] = "2027-01"
    newer = Policy.model_validate(raw | {"version": "2027-01", "versions": ("2026-11", "2027-01")})
    assert newer.covers("2026-11", "analytics")
    assert not newer.covers("2026-11", "advertising")
    assert newer.covers("2027-01", "advertising")
    assert newer.covers("", "advertising")


@pytest.mark.parametrize("version", ["2025-01", "2026-11 ", "*", "2026"])
def test_an_unknown_version_covers_nothing(policy: Policy, version: str) -> None:
    assert not any(policy.covers(version, purpose) for purpose in PURPOSES)


def test_an_unknown_purpose_is_never_covered(policy: Policy) -> None:
    assert not policy.covers("2026-11", "profiling")


@pytest.mark.parametrize("method", ["checkbox", "banner", "sms", "written", "message", ""])
def test_an_explicit_act_grants(policy: Policy, method: str) -> None:
    assert policy.may_grant(method, "analytics")


def test_going_on_is_no_consent(policy: Policy) -> None:
    assert not policy.may_grant("implied", "analytics")
    assert policy.may_grant("implied", "diagnostics")


def test_an_unknown_method_grants_nothing(policy: Policy) -> None:
    assert not any(policy.may_grant("telepathy", purpose) for purpose in PURPOSES)


def test_a_site_may_refuse_undeclared_events_and_places(policy: Policy) -> None:
    own = with_changes(policy, sites={"soq": {"undeclared_events": "reject", "geo": "country"}})
    assert not own.keeps_undeclared("soq")
    assert own.keeps_undeclared("other")
    assert own.geo_of("soq") == "country"
    assert own.geo_of("other") == "region"
