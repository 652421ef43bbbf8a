"""What the aggregator refuses."""

from __future__ import annotations


class ReleaseRefused(Exception):
    """This release may not be drawn now; nothing was read.

    Who handles it: the command prints the sentence and exits with 1.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        """Constant sentence that says what to do; never data."""
