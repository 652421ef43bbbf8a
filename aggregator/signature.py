"""Signs manifests and finds any byte of a release that was changed.

Called by `release` and the command. The signature covers the manifest, the manifest covers every
other file; nothing else may lie in the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from aggregator.artefact import sha256_of

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"


def canonical(value: Any) -> bytes:
    """Write JSON in the one form that is signed: sorted keys, no blanks, no fractions.

    Why no floats: two writers print them differently; costs are texts or exact fractions.
    Errors: TypeError where a float is in it.
    """
    _refuse_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def key_id_of(public: Ed25519PublicKey) -> str:
    """Give the short name of a signing key: the first 16 hex digits of its digest."""
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def write_public(public: Ed25519PublicKey) -> bytes:
    """Give the key as PEM text, to be handed to partners."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public(pem: bytes) -> Ed25519PublicKey:
    """Read a key from PEM text.

    Errors: ValueError where it is no Ed25519 public key.
    """
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no public key in PEM form") from None
    if not isinstance(public, Ed25519PublicKey):
        raise ValueError("this is no Ed25519 public key")
    return public


def sign_manifest(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """Give the 64 bytes of the Ed25519 signature."""
    return key.sign(manifest)


def find_faults(files: Mapping[str, bytes], public: Ed25519PublicKey) -> list[str]:
    """Give what is wrong with a release's files; nothing where every byte is as it was signed."""
    if MANIFEST not in files or SIGNATURE not in files:
        return ["manifest or signature is missing"]
    try:
        public.verify(files[SIGNATURE], files[MANIFEST])
    except InvalidSignature:
        return ["the signature does not fit the manifest: one of them was changed"]
    digests: dict[str, str] = json.loads(files[MANIFEST])["artefact_sha256"]
    faults = [f"{name} is missing" for name in digests if name not in files]
    faults += [
        f"{name} was changed"
        for name, digest in digests.items()
        if name in files and sha256_of(files[name]) != digest
    ]
    known = {*digests, MANIFEST, SIGNATURE}
    return faults + ["a file lies here that is not signed" for name in files if name not in known]


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("no floats in what is signed")
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list | tuple):
        for child in children:
            _refuse_floats(child)
