"""Kills a program at its n-th rename, or holds it at a new folder, by `inject.c`, compiled here."""

from __future__ import annotations

import mmap
import struct
import subprocess
from pathlib import Path

from tests.helpers import ROOT

SOURCE = ROOT / "tests" / "crash" / "inject.c"

CONTROL_BYTES = 64
"""Size of `struct control`."""

HOLD = -1

KILLED = 137
"""Exit code of the injector where its program was killed."""


class Injector:
    """One program at a time, run under watch; see `inject.c`."""

    def __init__(self, folder: Path) -> None:
        """Compile the injector into a folder and make what it is controlled by."""
        self._program, self._log = folder / "inject", folder / "renames.txt"
        self._control = folder / "control"
        command = ["cc", "-O1", "-o", str(self._program), str(SOURCE)]
        subprocess.run(command, check=True, timeout=60)
        self._control.write_bytes(bytes(CONTROL_BYTES))
        with self._control.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), CONTROL_BYTES)

    @property
    def prefix(self) -> list[str]:
        """What stands before a program's own arguments."""
        return [str(self._program), str(self._control), str(self._log)]

    def arm(self, target: int) -> None:
        """Count renames from here on, and kill before the one of this number, from 1."""
        self._count(target)

    def hold(self, folder: str) -> None:
        """Keep the first thread waiting that makes a folder whose name holds this text."""
        self._shared[16:CONTROL_BYTES] = folder.encode().ljust(CONTROL_BYTES - 16, b"\0")
        self._count(HOLD)

    def _count(self, target: int) -> None:
        self.disarm()
        self._log.write_bytes(b"")  # The injector appends to the same file.
        self._shared[8:16] = bytes(8)
        self._shared[0:8] = struct.pack("=q", target)

    def disarm(self) -> None:
        """Let everything through, what is held included."""
        self._shared[0:8] = bytes(8)

    @property
    def seen(self) -> int:
        """Renames or folders since then, the one that was not carried out included."""
        number: int = struct.unpack("=q", self._shared[8:16])[0]
        return number

    @property
    def names(self) -> list[str]:
        """The names that were given or about to be, in their order."""
        return self._log.read_text().splitlines()
