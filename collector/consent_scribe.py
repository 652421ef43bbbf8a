"""From a decoded record to what is kept of it: rows of the ledger, states, and a signed receipt.

After this nothing identifies: identifiers are digests under the consent key, texts are scrubbed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.consent_ids import consent_value, digest_ids, pseudonyms_of
from collector.consent_receipt import sign_receipt, write_receipt
from collector.context import DigestMany
from collector.identifiers import uuid_of_digest
from collector.mending import Mender
from collector.own_ids import SEPARATOR, OwnIds
from collector.pii import Scrubber
from collector.protocols.consent_record import TEXT_VERSION_CHARS_MAX, ConsentRecord
from config.limits import Limits
from config.policy import Policy
from storage.errors import Unavailable
from storage.registry.consents import Decided
from storage.schemas import CONSENTS, NO_ID
from storage.spool_protocol import Part
from storage.spool_rows import encode_rows

DECODERS_VERSION = 1
"""Grows when a decoder of signals reads otherwise than before."""

SigningKey = Callable[[str], Ed25519PrivateKey]
"""Site -> the key that signs its receipts."""


class Entry(NamedTuple):
    """What is kept of one record, and what its sender is told."""

    decided: list[Decided]
    """The states that it concerns, one for each identifier."""
    rows: list[dict[str, Any]]
    """Its rows of the ledger, likewise, without the batch that they go in."""
    identities: list[bytes]
    """Digest of what each row says, by which a repeat is found."""
    answer: bytes
    """The receipt, as JSON."""


class Scribe:
    """Writes entries; for one thread."""

    def __init__(
        self,
        policy: Policy,
        limits: Limits,
        scrubber: Scrubber,
        digest_many: DigestMany,
        signing_key: SigningKey,
        is_forwarding: bool = False,
    ) -> None:
        """Take what an entry is written from; `is_forwarding` where events go to recipients."""
        self._policy = policy
        self._limits = limits
        self._scrubber = scrubber
        self._digest_many = digest_many
        self._signing_key = signing_key
        self._is_forwarding = is_forwarding

    def write(self, record: ConsentRecord) -> Entry:
        """Give what is kept of a record, and its receipt.

        Errors: Unavailable where the keys are away, or the site's consent key is no more.
        """
        record, remarks = self._scrub(record)
        site, decided_at = record.sender.site, _moment(record.decided_at_ms)
        digests = [self._digest(site, consent_value(*one) or b"") for one in record.ids]
        kinds = [kind for kind, _ in record.ids]
        identities = [
            self._digest(site, b"row\x1f" + _spell(record, kind, digest))
            for kind, digest in zip(kinds, digests, strict=True)
        ]
        signal = self._digest(site, b"signal\x1f" + record.signals) if record.signals else NO_ID
        found = {"remarks": remarks, "signal_digest": signal}
        rows = [
            _write_row(record, *one) | found for one in zip(kinds, digests, identities, strict=True)
        ]
        decisions = (decided_at, record.granted, record.refused)
        pseudonyms = self._pseudonyms(record)
        decided = [
            Decided(site, d, *decisions, p) for d, p in zip(digests, pseudonyms, strict=True)
        ]
        return Entry(decided, rows, identities, self._answer(record, b"".join(digests)))

    def _scrub(self, record: ConsentRecord) -> tuple[ConsentRecord, list[str]]:
        """Give the record with its free texts scrubbed and cut, and which rules found something."""
        sent = SEPARATOR.join(text for _, text in record.ids)
        own_ids = OwnIds.of(sent, record.sender.address, record.sender.user_agent)
        mender = Mender(own_ids, self._scrubber)
        evidence = mender.mend(record.evidence)[: self._limits.text_chars_max]
        text_version = mender.mend(record.text_version)[:TEXT_VERSION_CHARS_MAX]
        scrubbed = replace(record, evidence=evidence, text_version=text_version)
        return scrubbed, sorted(mender.remarks)

    def _pseudonyms(self, record: ConsentRecord) -> list[tuple[bytes, ...]]:
        """Give by what each identifier is known in events that may not have been forwarded yet."""
        if not (self._is_forwarding and record.refused):
            return [()] * len(record.ids)
        site, now_ms = record.sender.site, record.sender.received_at_ms
        days = self._limits.event_age_days_max
        return [pseudonyms_of(self._digest_many, site, *one, now_ms, days) for one in record.ids]

    def _answer(self, record: ConsentRecord, digests: bytes) -> bytes:
        """Give the signed receipt, as JSON.

        Its numbers are digests made for it alone: were they those of the rows, whoever reads the
        ledger could try out identifiers against this endpoint.
        """
        site = record.sender.site
        principal = self._digest(site, b"principal\x1f" + digests)
        number = self._digest(site, b"receipt\x1f" + _spell(record, "", principal))
        names = str(uuid_of_digest(principal)), str(uuid_of_digest(number))
        receipt = write_receipt(record, *names, self._policy)
        return msgspec.json.encode({"receipt": sign_receipt(receipt, self._signing_key(site))})

    def _digest(self, site: str, value: bytes) -> bytes:
        """Digest a value under a site's consent key."""
        (digest,) = digest_ids(self._digest_many, [site], [value])
        if digest is None:
            raise Unavailable("keys")
        return digest


def make_part(entries: Sequence[Entry]) -> Part:
    """Give the rows of several entries as one batch for the spool."""
    pairs = [pair for one in entries for pair in zip(one.rows, one.identities, strict=True)]
    pairs.sort(key=lambda pair: str(pair[0]["site"]))
    batch_id = uuid4()
    rows = [row | {"batch_id": str(batch_id)} for row, _ in pairs]
    frame = pl.DataFrame(
        [pl.Series(name, [row[name] for row in rows], kind) for name, kind in CONSENTS.items()]
    )
    return Part(
        batch_id=batch_id.bytes,
        table="consents",
        rows=len(rows),
        blob=encode_rows("consents", frame),
        digests=b"".join(identity for _, identity in pairs),
        site_runs=[(site, len(list(run))) for site, run in groupby(rows, itemgetter("site"))],
    )


def _write_row(record: ConsentRecord, kind: str, digest: bytes, identity: bytes) -> dict[str, Any]:
    """Give one row of the ledger.

    `subject_id` stays empty: a digest of events beside that of the consent key would tie the
    epochs of a device to each other.
    """
    return {
        "consent_id": str(uuid_of_digest(identity)),
        "site": record.sender.site,
        "decided_at": _moment(record.decided_at_ms),
        "received_at": _moment(record.sender.received_at_ms),
        "consent_key_id": digest,
        "subject_id": NO_ID,
        "subject_kind": kind,
        "granted": sorted(record.granted),
        "refused": sorted(record.refused),
        "ungranted": sorted(record.ungranted),
        "policy_version": record.policy_version,
        "text_version": record.text_version,
        "method": record.method,
        "evidence": record.evidence,
        "source": "server" if record.sender.trusted else "browser",
        "decoder": "+".join(f"{name}/{DECODERS_VERSION}" for name in record.sources),
    }


def _spell(record: ConsentRecord, kind: str, digest: bytes) -> bytes:
    """Spell out what a record says of an identifier; the same record always gives the same."""
    purposes = (record.granted, record.refused, record.ungranted)
    names = (record.policy_version, record.method, record.text_version, record.evidence)
    said = [kind, digest.hex(), record.decided_at_ms, [sorted(one) for one in purposes], names]
    rest = [record.language, record.sender.trusted, record.sources, record.signals]
    return msgspec.json.encode([*said, *rest])


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
