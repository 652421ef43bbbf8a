"""Keep what memory holds out of core files: a crash leaves none, whoever started the process."""

from __future__ import annotations

import ctypes
import resource

PR_SET_DUMPABLE = 4
"""prctl(2): whether a core may be made of a process, and whether others of its user may read it."""


def forbid_core_files() -> None:
    """Let neither this process nor its children leave a core file.

    The limit alone is not enough: the kernel passes it over where a program collects cores, and
    such a program gets nothing of a process that is not dumpable. Nor can then a debugger of the
    same user read its memory.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
