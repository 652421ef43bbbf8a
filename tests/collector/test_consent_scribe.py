"""What is kept of a record, and what its sender is told: digests, scrubbed texts, a receipt."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.consent_receipt import is_genuine, key_id_of
from collector.consent_scribe import Entry, Scribe, make_part
from collector.protocols.consent_record import TEXT_VERSION_CHARS_MAX
from storage.errors import Unavailable
from storage.schemas import NO_ID
from storage.spool_protocol import Commit, is_well_formed
from storage.spool_rows import decode_rows
from tests.collector.test_consent_book import GONE, digest_many, id_digest
from tests.collector.test_consent_record import decode
from tests.collector.worlds import LIMITS, POLICY, kept_texts, scrubber, sender

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SCRIBE = Scribe(POLICY, LIMITS, scrubber(), digest_many, lambda site: KEY)
IDS = {"person": "user-1842-x", "device": "dev-77881234"}


def write(**fields: Any) -> Entry:
    return SCRIBE.write(decode(**fields))


def receipt(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(entry.answer)["receipt"]
    return told


def rows(*entries: Entry) -> pl.DataFrame:
    part = make_part(entries)
    assert is_well_formed(Commit([part], []))
    return decode_rows("consents", part.blob)


def test_each_identifier_has_its_state_and_its_row() -> None:
    entry = write(**IDS, purposes={"analytics": True, "advertising": False})
    assert [one.digest for one in entry.decided] == [
        id_digest("person", IDS["person"]),
        id_digest("device", IDS["device"]),
    ]
    assert {(one.granted, one.withdrawn) for one in entry.decided} == {
        (frozenset({"analytics"}), frozenset({"advertising"}))
    }
    kept = rows(entry)
    assert kept["subject_kind"].to_list() == ["person", "device"]
    assert kept["consent_key_id"].to_list() == [one.digest for one in entry.decided]
    assert kept["granted"].to_list() == [["analytics"]] * 2
    assert set(kept["subject_id"].to_list()) == {NO_ID}


def test_no_identifier_is_in_row_or_receipt() -> None:
    evidence = f"call of {IDS['person']} from +7 701 234 56 78, mail a.b@soq.example, DEV-77881234"
    entry = write(**IDS, evidence=evidence, text_version=f"v2 for {IDS['device']}")
    (one, _) = rows(entry).to_dicts()
    texts = " ".join([*kept_texts(one), entry.answer.decode()]).lower()
    for needle in ("1842", "77881234", "701 234", "soq.example"):
        assert needle not in texts
    assert "[own_id]" in one["evidence"] and "own_id" in one["remarks"]
    for digest in (one["consent_key_id"], one["consent_id"].replace("-", "").encode()):
        assert digest.hex() not in texts.replace(one["consent_key_id"].hex(), "", 1)


def test_texts_are_cut_after_they_were_scrubbed() -> None:
    long = "x" * (LIMITS.text_chars_max - 6) + " 87012345678"
    entry = write(evidence=long, text_version="v" * 100)
    (one,) = rows(entry).to_dicts()
    assert len(one["evidence"]) <= LIMITS.text_chars_max and "8701" not in one["evidence"]
    assert one["text_version"] == "v" * TEXT_VERSION_CHARS_MAX


def test_the_same_record_is_the_same_row_and_another_is_another() -> None:
    at = "2026-11-20T05:11:12Z"
    first = write(decided_at=at, evidence="form 12")
    assert write(decided_at=at, evidence="form 12") == first
    for change in (
        {"decided_at": "2026-11-20T05:11:13Z"},
        {"evidence": "form 13"},
        {"purposes": {"analytics": False}},
        {"method": "sms"},
        {"text_version": "b"},
        {"device": "d-2"},
        {"trusted": False},
    ):
        other = write(**{"decided_at": at, "evidence": "form 12"} | change)
        assert other.identities != first.identities
        assert receipt(other)["record_id"] != receipt(first)["record_id"]


def test_a_receipt_holds_the_fields_of_the_standard() -> None:
    told = receipt(write(purposes={"analytics": True, "advertising": False}, language="ru"))
    assert told["schema_version"] == "ISO/IEC TS 27560:2023"
    assert told["jurisdiction"] == "KZ" and told["storage_locations"] == ["KZ"]
    assert (told["language"], told["event"]["event_type"]) == ("ru", "checkbox")
    assert told["pii_controllers"][0]["name"] and told["withdrawal_method"]
    assert [(one["purpose"], one["event_state"]) for one in told["processing"]] == [
        ("analytics", "consent_given"),
        ("advertising", "consent_refused"),
    ]
    analytics = told["processing"][0]
    assert analytics["lawful_basis"] == "consent" and analytics["retention_period"] == "P730D"
    assert {"pii_type": "person_id"} in analytics["pii_information"]
    unknown = receipt(write(policy_version="1999-01"))
    assert unknown["processing"][0]["event_state"] == "consent_not_accepted"


def test_a_receipt_is_verified_word_for_word() -> None:
    told = receipt(write(evidence="form 12"))
    public = KEY.public_key()
    assert told["signature"]["key_id"] == key_id_of(public)
    assert is_genuine(json.loads(json.dumps(told, indent=2)), public)
    assert not is_genuine(told, Ed25519PrivateKey.generate().public_key())
    for name in told:
        assert not is_genuine(told | {name: "changed"}, public)
        assert not is_genuine({n: v for n, v in told.items() if n != name}, public)
    assert not is_genuine(told | {"added": 1}, public)
    assert not is_genuine({}, public)
    assert not is_genuine(told | {"signature": {"value": "not base64"}}, public)


def test_the_numbers_of_a_receipt_are_in_no_row() -> None:
    """Else whoever reads the ledger could try out identifiers against the endpoint."""
    entry = write(decided_at="2026-11-20T05:11:12Z")
    told = receipt(entry)
    (one,) = rows(entry).to_dicts()
    numbers = {told["receipt_id"], told["record_id"], told["pii_principal_id"]}
    plain = {number.replace("-", "")[:12] for number in numbers}
    assert not [text for text in kept_texts(one) for part in plain if part in text]
    assert receipt(write())["pii_principal_id"] == told["pii_principal_id"]
    assert receipt(write(device="d-2"))["pii_principal_id"] != told["pii_principal_id"]


def test_rows_of_several_sites_share_a_batch() -> None:
    entries = [
        SCRIBE.write(one)
        for site in ("soq", "ads", "soq")
        for one in [decode_for(site, device=f"d-{site}")]
    ]
    part = make_part(entries)
    assert part.site_runs == [("ads", 1), ("soq", 2)]
    kept = decode_rows("consents", part.blob)
    digests = [part.digests[place : place + 16] for place in range(0, 48, 16)]
    ids = {str(row["site"]): row["consent_id"] for row in kept.to_dicts()}
    assert len(digests) == 3 and set(ids) == {"ads", "soq"}


def test_without_the_sites_key_nothing_is_kept() -> None:
    with pytest.raises(Unavailable):
        SCRIBE.write(decode_for(GONE))


def decode_for(site: str, **fields: Any) -> Any:
    from dataclasses import replace

    return replace(decode(**fields), sender=sender(site=site, trusted=True))
