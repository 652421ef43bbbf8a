"""The folder of a release: written whole or not at all, never written again.

Called by `release`, `verify` and the command. What a partner gets is these bytes; nothing is ever
computed a second time.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from storage.errors import Unavailable

LOCK_SECONDS_MAX = 900.0
"""How long a second run of the same release waits for the first."""

PARTIAL = ".partial-"
"""Prefix of a folder that is being written; the next run removes what a crash left."""


def write_table(table: pl.DataFrame) -> dict[str, bytes]:
    """Give the table as Parquet and CSV; the same rows give the same bytes."""
    parquet = io.BytesIO()
    # Without statistics: readers gain nothing on so few rows, and fewer bytes depend on versions.
    table.write_parquet(parquet, compression="zstd", statistics=False)
    return {"data.parquet": parquet.getvalue(), "data.csv": table.write_csv().encode()}


def sha256_of(data: bytes) -> str:
    """Give the digest as lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def store_artefact(releases: Path, release_id: str, files: Mapping[str, bytes]) -> Path:
    """Write the files into a new folder that appears whole, on the disk, or not at all.

    Errors: FileExistsError where the release has a folder already; Unavailable when the disk
        refuses.
    """
    final = releases / release_id
    if final.exists():
        raise FileExistsError("a release is never written twice")
    draft = releases / (PARTIAL + release_id)
    try:
        draft.mkdir(mode=0o700)
        for name, data in files.items():
            _write_file(draft / name, data)
        _sync_folder(draft)
        draft.rename(final)
        _sync_folder(releases)
    except OSError:
        raise Unavailable("releases folder") from None
    return final


def read_artefact(folder: Path) -> dict[str, bytes]:
    """Give every file of the folder by name; whatever is no file counts as an empty one.

    Errors: OSError where the folder or a file cannot be read.
    """
    entries = sorted(folder.iterdir())
    return {entry.name: entry.read_bytes() if entry.is_file() else b"" for entry in entries}


def list_artefacts(releases: Path) -> list[str]:
    """Give the ids of all releases that have a folder, sorted."""
    return sorted(entry.name for entry in releases.iterdir() if entry.name[0] != ".")


def remove_partials(releases: Path, name: str) -> None:
    """Remove what crashed runs of this name left half written; nobody else may be running."""
    for draft in releases.glob(f"{PARTIAL}{name}-*"):
        shutil.rmtree(draft)


@contextmanager
def only_run(releases: Path, name: str) -> Iterator[None]:
    """Let one process at a time draw releases of this name; the kernel ends it with the process.

    Errors: Unavailable where another run takes longer than `LOCK_SECONDS_MAX`.
    """
    handle = os.open(releases / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, time.monotonic() + LOCK_SECONDS_MAX)
        yield
    finally:
        os.close(handle)


def _take(handle: int, until: float) -> None:
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Unavailable("release lock") from None
            time.sleep(0.05)


def _write_file(file: Path, data: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
