"""Sealing: how a key looks on a disk, which is like noise to whoever lacks the master key."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
"""Length of every key, the master key too."""

NONCE_BYTES = 12
"""Length of the random nonce in front; AES-GCM's own, safe for billions of seals a master key."""

VERSION = "sanaq key v1"
"""First part of what a seal is bound to; another form of seal takes another word."""


class Unsealable(Exception):
    """The master key does not open this seal, or the seal stands under another key's name."""


def seal(master_key: bytes, key: bytes, *name: str) -> bytes:
    """Seal a key under the master key, bound to its name: AES-256-GCM, a fresh random nonce.

    Shape: 32 bytes -> 60 bytes, nonce, ciphertext, tag.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(master_key).encrypt(nonce, key, _bind(name))


def unseal(master_key: bytes, sealed: bytes, *name: str) -> bytes:
    """Open a seal made for this very name.

    Errors: Unsealable for another master key, another name, or changed bytes.
    """
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(master_key).decrypt(nonce, ciphertext, _bind(name))
    except InvalidTag as error:
        raise Unsealable("the master key does not open this seal") from error


def _bind(name: tuple[str, ...]) -> bytes:
    # The separator occurs in no site name, class or epoch, so no two names give the same bytes.
    return "\x1f".join((VERSION, *name)).encode()
