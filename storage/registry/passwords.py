"""Passwords: argon2id, with a bound on how much memory guessing may take."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.registry.errors import RegistryRefused

CHARS_MIN = 12
"""Shortest password."""

CHARS_MAX = 256
"""Longest password; a longer one costs time and adds nothing."""

HASHES_AT_ONCE_MAX = 2
"""How many hashes one process computes side by side; each takes 64 MiB."""

_HASHER = PasswordHasher()
_TURNS = threading.BoundedSemaphore(HASHES_AT_ONCE_MAX)
_NOBODY = _HASHER.hash("no account has this password")


def hash_password(password: str) -> str:
    """Give the form in which a password is kept (RFC 9106's second choice: 64 MiB, 3 passes).

    Errors: RegistryRefused when it is too short or too long.
    """
    if not CHARS_MIN <= len(password) <= CHARS_MAX:
        raise RegistryRefused("a password has 12 to 256 characters")
    with _TURNS:
        return _HASHER.hash(password.encode("utf-8", "surrogatepass"))


def check_password(password_hash: str | None, password: str) -> bool:
    """Say whether a password is the one; takes as long where there is none to compare with."""
    if len(password) > CHARS_MAX:
        return False
    try:
        with _TURNS:
            _HASHER.verify(password_hash or _NOBODY, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
