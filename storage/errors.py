"""What a neighbour's failure looks like to everyone who talks to storage."""

from __future__ import annotations


class Unavailable(Exception):
    """A neighbour (spooler, warehouse, registry, disk) cannot answer now; nothing was lost.

    Who handles it: the collector answers 503 with `Retry-After`; the loader backs off.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is unavailable")
        self.what = what
        """Constant name of the neighbour; never data."""
