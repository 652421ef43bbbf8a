"""`sanaq consent`: receipts of consent, and the keys that they are verified with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from commands._registry import opened_with_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

RECEIPT_BYTES_MAX = 1_000_000
"""Longest file that is read as a receipt."""


@click.group()
def consent() -> None:
    """Receipts of consent: verify one, or hand out the key to verify them with.

    \b
    Example: sanaq consent verify-receipt receipt.json
             sanaq consent key --site soq > soq.pem
    """


@consent.command("verify-receipt")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--public-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PEM file of the site's key; default: this installation's keys.",
)
def verify_receipt(file: BinaryIO, public_key: Path | None) -> None:
    """Tell whether a receipt is, word for word, one that was signed here; exit 1 where it is not.

    With --public-key nothing else is needed, neither an installation nor a network.

    \b
    Example: sanaq consent verify-receipt receipt.json
             sanaq consent verify-receipt - --public-key soq.pem < receipt.json
    """
    from collector.consent_receipt import is_genuine

    receipt = _read_receipt(file)
    public = _find_own(receipt) if public_key is None else _read_public(public_key)
    if public is None or not is_genuine(receipt, public):
        raise click.ClickException("this is no receipt that was signed with this key")
    click.echo(f"signed for {receipt['event']['entity_id']}, word for word")


@consent.command()
@click.option("--site", required=True, help="The site whose receipts it verifies.")
def key(site: str) -> None:
    """Print the public key that a site's receipts are verified with, as PEM.

    \b
    Example: sanaq consent key --site soq > soq.pem
    """
    from aggregator.signature import write_public

    keys = _own_keys(site)
    if not keys:
        raise click.ClickException("no receipt was signed for this site yet")
    click.echo(write_public(keys[-1]).decode(), nl=False)


def _read_receipt(file: BinaryIO) -> dict[str, Any]:
    """Read a receipt, alone or as the collector answers it."""
    try:
        read = json.loads(file.read(RECEIPT_BYTES_MAX))
    except (ValueError, RecursionError):
        read = None
    receipt = read.get("receipt", read) if isinstance(read, dict) else None
    if not isinstance(receipt, dict):
        raise click.ClickException("this is no receipt in JSON")
    return receipt


def _read_public(file: Path) -> Ed25519PublicKey:
    from aggregator.signature import read_public

    try:
        return read_public(file.read_bytes())
    except ValueError as fault:
        raise click.BadParameter(str(fault)) from None


def _find_own(receipt: dict[str, Any]) -> Ed25519PublicKey | None:
    """Give the key of this installation that the receipt names."""
    from collector.consent_receipt import key_id_of

    event, signature = receipt.get("event"), receipt.get("signature")
    if not isinstance(event, dict) or not isinstance(signature, dict):
        return None
    keys = _own_keys(str(event.get("entity_id")))
    return next((one for one in keys if key_id_of(one) == signature.get("key_id")), None)


def _own_keys(site: str) -> list[Ed25519PublicKey]:
    """Give the public keys of a site's receipts, oldest first; none is made."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    with opened_with_keys() as (_, _, keyring):
        keys = keyring.live_keys(site, "signing") if site else {}
        return [Ed25519PrivateKey.from_private_bytes(one).public_key() for one in keys.values()]
