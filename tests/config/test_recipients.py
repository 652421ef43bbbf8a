"""Recipients as files: none are shipped, a good one loads, and every mistake names its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.recipient_files import hours_held, load_recipients, read_secret
from config.recipients import ALWAYS, FIELDS, IDS
from config.vocabulary import check_vocabulary, load_vocabulary
from storage.schemas import EVENTS
from tests.config.copies import SHIPPED, change, copy_config

FILE = "recipients/acme.toml"

ACME = """\
title = "Acme, who measures adverts"
kind = "webhook"
url = "https://hooks.acme.example/events"
sites = ["soq"]
purpose = "recipient_acme"
country = "KZ"
events = ["deal", "page_view"]
fields = ["country", "person_id"]
properties = ["category"]
ids = "own"
secret_env = "ACME_SECRET"
"""

PURPOSE = """
[purposes.recipient_acme]
description = "Tell Acme which adverts led to a deal."
legal_basis = "consent"
since = "2026-11"
retention_days = 30

[purposes.recipient_acme.columns]
events = []
diagnostics = []
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration with one recipient and its purpose."""
    folder = copy_config(tmp_path / "config")
    (folder / "recipients").mkdir()
    (folder / FILE).write_text(ACME)
    policy = folder / "policy.toml"
    policy.write_text(policy.read_text() + PURPOSE)
    return folder


def test_nothing_is_forwarded_as_shipped() -> None:
    assert load_vocabulary(SHIPPED).recipients == {}
    assert hours_held(SHIPPED) == 0


def test_a_recipient_loads(folder: Path) -> None:
    acme = load_vocabulary(folder).recipients["acme"]
    assert (acme.name, acme.host, acme.ids) == ("acme", "hooks.acme.example", "own")
    assert acme.limits.forward_age_hours_max == hours_held(folder) == 24
    assert acme.terms()["fields"] == ["country", "event_name", "occurred_at", "person_id", "site"]


def test_only_columns_of_events_may_leave_and_never_our_own_marks() -> None:
    assert {*ALWAYS, *FIELDS, *IDS} <= EVENTS.keys()
    held = {"event_id", "batch_id", "visit_id", "subject_id", "purposes", "remarks", "properties"}
    assert not held & {*ALWAYS, *FIELDS, *IDS}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"webhook"', '"fax"', "kind"),
        ("https://", "http://", "must be https"),
        ("https://", "https://u:p@", "no user"),
        ("example/events", "example/e?api_secret=x", "holds a secret"),
        ('"https://hooks.acme.example/events"', '"hooks"', "must look like"),
        ('"webhook"', '"ga4_mp"', "measurement_id"),
        ('"recipient_acme"', '"recipient_other"', "no such purpose"),
        ('"recipient_acme"', '"necessary"', "needs consent"),
        ('"recipient_acme"', '"diagnostics"', "needs consent"),
        ('country = "KZ"', 'country = "DE"', "cross_border_basis"),
        ('"page_view"', '"page_views"', "no file in events"),
        ('"category"', '"colour"', "declares a property"),
        ('"country"', '"visit_id"', "no column that may leave"),
        ('"country"', '"event_id"', "no column that may leave"),
        ('ids = "own"', 'ids = "none"', 'needs ids = "own"'),
        ('"person_id"', '"region"', "no pseudonym"),
        ('secret_env = "ACME_SECRET"', "", "one of them"),
        ("secret_env", "secret_file", "absolute"),
        ('ids = "own"', 'ids = "own"\nsecret = "s3cret"', "not a known key"),
        ("secret_env", "limits.forward_age_hours_max = 100\nsecret_env", "forward_age_hours_max"),
    ],
)
def test_a_mistake_in_a_recipient(folder: Path, old: str, new: str, what: str) -> None:
    line = change(folder, FILE, old, new)
    errors = check_vocabulary(folder)
    assert [Path(e.file).name for e in errors] == ["acme.toml"]
    assert what in errors[0].what and "s3cret" not in errors[0].what
    assert errors[0].line == 1 or abs(errors[0].line - line) <= 2


def test_a_site_that_needs_no_consent_for_the_purpose_is_refused(folder: Path) -> None:
    change(folder, FILE, '"recipient_acme"', '"advertising"')
    policy = folder / "policy.toml"
    policy.write_text(policy.read_text() + '[sites.soq]\nlegal_basis.advertising = "opt_out"\n')
    (error,) = check_vocabulary(folder)
    assert "needs consent, and advertising does not on soq" in error.what


def test_a_recipients_own_purpose_needs_consent(folder: Path) -> None:
    text = (folder / "policy.toml").read_text()
    head, _, own = text.rpartition("[purposes.recipient_acme]\n")
    own = own.replace('"consent"', '"opt_out"')
    (folder / "policy.toml").write_text(f"{head}[purposes.recipient_acme]\n{own}")
    assert any("recipient_acme needs consent" in error.what for error in check_vocabulary(folder))


def test_secrets_come_from_outside(folder: Path, tmp_path: Path) -> None:
    acme = load_recipients(folder)["acme"]
    assert read_secret(acme, {"ACME_SECRET": " s3cret\n"}) == b"s3cret"
    with pytest.raises(ConfigError, match="secret is missing"):
        read_secret(acme, {})
    (tmp_path / "secret").write_text("other\n")
    change(folder, FILE, 'secret_env = "ACME_SECRET"', f'secret_file = "{tmp_path}/secret"')
    assert read_secret(load_recipients(folder)["acme"], {}) == b"other"


def test_doubt_holds_batches_longest(folder: Path) -> None:
    change(folder, FILE, '"webhook"', '"fax"')
    assert hours_held(folder) == 72
