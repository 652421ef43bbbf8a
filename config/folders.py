"""Folders that only their owner may enter."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from config.errors import ConfigError
from config.loading import show_file


def make_private_folder(folder: Path) -> Path:
    """Make a folder with mode 0700, or take the one that is there and is ours; give it back.

    An existing folder of ours that others may enter is closed to them.
    Errors: `ConfigError` where it cannot be made, is a link or another's.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.stat()
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError:
        what = "this folder cannot be made or closed; check who owns it and the disk"
        raise ConfigError(show_file(folder), 0, what) from None
    if found.st_uid != os.geteuid():
        raise ConfigError(show_file(folder), 0, "this folder belongs to another user; give it back")
    return folder


def short_folder(home: Path) -> Path:
    """Give a private folder with a short name under the system's temporary folder.

    Its name follows from `home`, so that every process of one installation finds the same one.
    A link or a folder of another user is refused, since anyone may write beside it.
    Errors: `ConfigError`.
    """
    digest = hashlib.blake2b(os.fsencode(home), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"sanaq-{digest}"
    if folder.is_symlink():
        raise ConfigError(show_file(folder), 0, "this is a link; remove it")
    return make_private_folder(folder)
