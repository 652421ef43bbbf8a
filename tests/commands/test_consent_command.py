"""`sanaq consent`: receipts verified, with the installation's keys or with a file alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.consent_parts import receipt_key
from collector.consent_scribe import Scribe
from config.settings import load_settings
from storage.keyring import open_keyring
from tests.collector.test_consent_book import digest_many
from tests.collector.test_consent_record import decode
from tests.collector.worlds import LIMITS, POLICY, scrubber
from tests.commands.registry_commands import Installation

NO_RECEIPT = "no receipt"


@pytest.fixture
def installation(home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation with two sites, whose receipts have keys of their own."""
    made = Installation(home, monkeypatch)
    made.output("site", "add", "soq")
    made.output("site", "add", "ads")
    return made


def receipt_of(site: str) -> dict[str, Any]:
    """Give a receipt as the collector answers it, signed with a site's key."""
    keyring = open_keyring(load_settings())
    key = receipt_key(keyring, site, lambda: datetime.now(UTC))
    keyring.close()
    scribe = Scribe(POLICY, LIMITS, scrubber(), digest_many, lambda site: key)
    answer: dict[str, Any] = json.loads(scribe.write(decode(language="kk-KZ")).answer)
    return answer


def test_a_receipt_is_verified_as_answered_or_alone(
    installation: Installation, tmp_path: Path
) -> None:
    answer = receipt_of("soq")
    for told in (answer, answer["receipt"]):
        (tmp_path / "r.json").write_text(json.dumps(told, indent=2, ensure_ascii=False))
        said = installation.output("consent", "verify-receipt", str(tmp_path / "r.json"))
        assert said == "signed for soq, word for word\n"


def test_a_changed_word_is_found(installation: Installation, tmp_path: Path) -> None:
    receipt = receipt_of("soq")["receipt"]
    receipt["processing"][0]["event_state"] = "consent_refused"
    (tmp_path / "r.json").write_text(json.dumps(receipt))
    result = installation.run("consent", "verify-receipt", str(tmp_path / "r.json"))
    assert result.exit_code == 1 and NO_RECEIPT in result.output


def test_the_public_key_is_all_that_another_machine_needs(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(receipt_of("soq")))
    receipt_of("ads")
    for site in ("soq", "ads"):
        (tmp_path / f"{site}.pem").write_text(installation.output("consent", "key", "--site", site))
    for name in ("SANAQ_HOME", "SANAQ_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    file = str(tmp_path / "r.json")
    verify = ("consent", "verify-receipt", file, "--public-key")
    assert "word for word" in installation.output(*verify, str(tmp_path / "soq.pem"))
    assert installation.run(*verify, str(tmp_path / "ads.pem")).exit_code == 1
    assert installation.run(*verify, file).exit_code == 2
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nonsense", "{}", '{"receipt": 7}', '{"receipt": {"event": 1}}', "[" * 99_999],
)
def test_what_is_no_receipt_is_refused(
    installation: Installation, tmp_path: Path, text: str
) -> None:
    (tmp_path / "r.json").write_text(text)
    result = installation.run("consent", "verify-receipt", str(tmp_path / "r.json"))
    assert result.exit_code == 1 and NO_RECEIPT in result.output


def test_a_site_without_receipts_has_no_key(installation: Installation) -> None:
    assert installation.run("consent", "key", "--site", "soq").exit_code == 1
