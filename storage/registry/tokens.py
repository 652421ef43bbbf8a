"""Tokens that open something once shown: random, given once, kept as digests."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Give 256 random bits as text that a URL or a cookie takes as it stands."""
    return secrets.token_urlsafe(32)


def digest_token(token: str) -> str:
    """Give the form in which a token is kept and looked up: SHA-256 as lower-case hex.

    Why no salt and no slow hash: nobody can try 2^256 tokens.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
