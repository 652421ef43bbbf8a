"""The receipt that a person can keep: what was decided, signed, and without any identifier.

Fields are those of ISO/IEC TS 27560:2023. Numbers that tie a person's receipts together are keyed
digests that are kept nowhere, so that a receipt finds no row and a row no receipt.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collector.protocols.consent_record import ConsentRecord
from config.policy import Policy

SCHEMA_VERSION = "ISO/IEC TS 27560:2023"

ALGORITHM = "Ed25519"

UNTIL_WITHDRAWN = "until withdrawn"
"""How long a decision holds."""


def write_receipt(record: ConsentRecord, principal: str, number: str, policy: Policy) -> Any:
    """Give an unsigned receipt of a record.

    `principal` stands for the person and `number` for the record; neither is an identifier.
    """
    controller = policy.controller
    return {
        "schema_version": SCHEMA_VERSION,
        "receipt_id": number,
        "record_id": number,
        "pii_principal_id": principal,
        "pii_controllers": [{"name": controller.name, "contact": controller.contact}],
        "jurisdiction": policy.country,
        "storage_locations": sorted({store.country for store in policy.stores.values()}),
        "recipient_third_parties": [],
        "privacy_notice": controller.privacy_notice,
        "policy_version": record.policy_version,
        "text_version": record.text_version,
        "language": record.language or "und",
        "withdrawal_method": controller.withdrawal,
        "processing": [
            _write_processing(purpose, record, policy)
            for purpose in policy.purposes
            if purpose in record.granted | record.refused | record.ungranted
        ],
        "event": {
            "event_time": _write_time(record.decided_at_ms),
            "event_type": record.method,
            "entity_id": record.sender.site,
            "validity_duration": UNTIL_WITHDRAWN,
        },
    }


def sign_receipt(receipt: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Give a receipt with its signature, over everything else in it."""
    signature = {
        "algorithm": ALGORITHM,
        "key_id": key_id_of(key.public_key()),
        "value": base64.b64encode(key.sign(_canonical(receipt))).decode(),
    }
    return {**receipt, "signature": signature}


def is_genuine(receipt: Mapping[str, Any], key: Ed25519PublicKey) -> bool:
    """Tell whether a receipt is, word for word, one that was signed with this key."""
    unsigned = {name: value for name, value in receipt.items() if name != "signature"}
    try:
        value = base64.b64decode(receipt["signature"]["value"], validate=True)
        key.verify(value, _canonical(unsigned))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def key_id_of(key: Ed25519PublicKey) -> str:
    """Give the short name of a signing key: the first 16 hex digits of its digest."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def _write_processing(purpose: str, record: ConsentRecord, policy: Policy) -> dict[str, Any]:
    """Give what the receipt says of one purpose."""
    rule = policy.purposes[purpose]
    columns = sorted({column for names in rule.columns.values() for column in names})
    return {
        "purpose": purpose,
        "purpose_description": rule.description,
        "lawful_basis": policy.legal_basis(purpose, record.sender.site),
        "pii_information": [{"pii_type": column} for column in columns],
        "retention_period": f"P{rule.retention_days}D",
        "event_state": _state_of(purpose, record),
    }


def _state_of(purpose: str, record: ConsentRecord) -> str:
    """Give what became of a purpose; of a yes that could not grant it says so."""
    if purpose in record.refused:
        return "consent_refused"
    return "consent_given" if purpose in record.granted else "consent_not_accepted"


def _write_time(ms: int) -> str:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _canonical(value: Any) -> bytes:
    """Write JSON in the one form that is signed: sorted keys, no blanks."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")
