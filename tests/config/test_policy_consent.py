"""Mistakes about sources, methods and places are told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.policy_file import read_policy
from tests.config.copies import SHIPPED, change, copy_config

POLICY = "policy.toml"
METHOD, SIGNAL = "[methods.sms]\n", "[signals.gpc]\naccepted_for = []\n"
IMPLIED = "[methods.implied]\n"


@pytest.mark.parametrize(
    ("old", "new", "below", "what"),
    [
        (METHOD, METHOD + 'may_grant = ["fun"]\n', 1, "there is no purpose fun"),
        (IMPLIED, IMPLIED + 'may_grant = ["analytics"]\n', 1, "no explicit act"),
        (SIGNAL, '[signals.gpc]\naccepted_for = ["fun"]\n', 1, "there is no purpose fun"),
        (SIGNAL, SIGNAL + 'categories = { all = ["fun"] }\n', 2, "there is no purpose fun"),
        (SIGNAL, SIGNAL + "vendor_id = 0\n", 2, "greater than"),
        (SIGNAL, "[sites.soq.signals.gcp]\n" + SIGNAL, 0, "there is no source gcp"),
        (SIGNAL, '[sites.soq.signals.gpc]\naccepted_for = ["fun"]\n' + SIGNAL, 1,
         "there is no purpose fun"),
        ("[purposes.analytics]\n", "[purposes.analytics]\nprecision_decimals = 1\n", 1,
         "permits no coordinates"),
        ("precision_decimals = 2", "precision_decimals = 9", 0, "less than"),
        ('geo_unpermitted = "region"', 'geo_unpermitted = "street"', 0, "'none', 'country'"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_line(tmp_path: Path, old: str, new: str, below: int, what: str) -> None:
    folder = copy_config(tmp_path / "config")
    line = change(folder, POLICY, old, new) + below
    policy, errors = read_policy(folder)
    assert policy is None
    ((found, told),) = [(error.line, error.what) for error in errors]
    assert (found, what in told) == (line, True), told


def test_every_source_and_every_method_of_the_shipped_policy_is_bounded() -> None:
    policy, _ = read_policy(SHIPPED)
    assert policy is not None
    assert not any(policy.accepts(flag, one) for flag in ("gpc", "dnt") for one in policy.purposes)
    assert not any(
        policy.may_grant("implied", name)
        for name, rule in policy.purposes.items()
        if rule.legal_basis == "consent"
    )
