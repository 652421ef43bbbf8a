"""The master key: the one secret that opens the keyring, and where it lies.

Called by `open_keyring` and by `sanaq doctor`. It comes from the environment, from a file that the
operator names, or, where neither is set, from a file in the user's own configuration folder, made
on the first start: outside the installation's folder, so that a copy of that folder opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from config.errors import ConfigError
from storage.key_sealing import KEY_BYTES

if TYPE_CHECKING:
    from config.settings import Settings

FILE_NAME = "keyring.sqlite"
"""Name of the keyring in the installation's `keys` folder."""

FORM = "a master key is 32 random bytes as 64 hex digits or as base64"
"""What every complaint about a master key says."""


@dataclass(frozen=True)
class MasterKeySource:
    """Where the master key comes from, without the key."""

    kind: Literal["environment", "file", "made"]
    """Named by a variable, in a file that the operator names, or in the file that we make."""
    path: Path | None
    """The file, None for the environment."""


def find_source(settings: Settings, environ: Mapping[str, str] | None = None) -> MasterKeySource:
    """Say where the master key comes from; reads and makes nothing."""
    if settings.master_key is not None:
        return MasterKeySource("environment", None)
    if settings.master_key_file is not None:
        return MasterKeySource("file", settings.master_key_file)
    return MasterKeySource("made", own_path(settings.home, environ))


def own_path(home: Path, environ: Mapping[str, str] | None = None) -> Path:
    """Give the file that we make for an installation, in the user's configuration folder.

    Its name is a digest of the installation's absolute path, so each installation has its own.
    """
    env = os.environ if environ is None else environ
    folder = env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or Path.home()) / ".config"
    name = hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:16]
    return Path(folder) / "sanaq" / f"{name}.key"


def load_master_key(settings: Settings, environ: Mapping[str, str] | None = None) -> bytes:
    """Give the 32 bytes of the master key, made on the first start where nobody named one.

    Errors: ConfigError when it is missing, malformed, or would be made inside the installation.
    """
    source = find_source(settings, environ)
    if source.path is None:
        return _parse(settings.master_key or "", "SANAQ_MASTER_KEY")
    if source.kind == "made" and not source.path.exists():
        _make(settings.home, source.path)
    try:
        text = source.path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(source.path, 0, f"this file cannot be read; {FORM}") from error
    return _parse(text, source.path)


def is_inside(path: Path, home: Path) -> bool:
    """Say whether a file lies in the installation's folder, links followed."""
    return path.resolve().is_relative_to(home.resolve())


def _parse(text: str, where: Path | str) -> bytes:
    stripped = text.strip()
    try:
        is_hex = len(stripped) == 2 * KEY_BYTES
        key = bytes.fromhex(stripped) if is_hex else base64.b64decode(stripped, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ConfigError(where, 0, FORM) from error
    if len(key) != KEY_BYTES:
        raise ConfigError(where, 0, FORM)
    return key


def _make(home: Path, path: Path) -> None:
    if is_inside(path, home):
        what = "the master key would lie inside SANAQ_HOME; set SANAQ_MASTER_KEY_FILE elsewhere"
        raise ConfigError(path, 0, what)
    if (home / "keys" / FILE_NAME).exists() and not path.exists():
        # A new key would open nothing and hide that the old one is lost. Asked in this order,
        # since a process that starts beside us makes first the key, then the keyring.
        raise ConfigError(path, 0, "the master key of this keyring is missing; put it back here")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _write_once(path, secrets.token_hex(KEY_BYTES) + "\n"):
        line = f"sanaq: MADE A MASTER KEY at {path} - back it up apart from {home}; "
        sys.stderr.write(line + "without it no person's request can be answered\n")


def _write_once(path: Path, text: str) -> bool:
    """Write a file that appears whole or not at all; False when another process was first."""
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
