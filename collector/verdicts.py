"""What became of one request, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from collector.outcomes import REFUSALS

Became = Literal["", "kept", "refused"]
"""What became of a device id: kept, refused by somebody's word, or neither."""


@dataclass
class Verdict:
    """The outcome of every event of one request. Each event has exactly one."""

    received: int
    reasons: dict[int, str] = field(default_factory=dict)
    """Index in the request -> reason, for rejected and refused events."""
    duplicate: int = 0
    without_event_id: int = 0
    """Events whose id was made by us: sending them again would count them again."""
    cookie: Became = ""
    """What became of the device id of the request's first-party cookie."""

    @property
    def refused(self) -> int:
        """Events kept out altogether by consent."""
        return sum(reason in REFUSALS for reason in self.reasons.values())

    def answer(self, trusted: bool) -> bytes:
        """Give the answer's body: everything to a server key, to a browser key less.

        A browser key is public: it is not told which events were refused or duplicate, since
        that would tell of another person's choices and acts.
        """
        rejected = [
            {"index": index, "reason": reason}
            for index, reason in sorted(self.reasons.items())
            if reason not in REFUSALS
        ]
        told: dict[str, object] = {"accepted": self.received - len(rejected)}
        if trusted:
            told["accepted"] = self.received - len(self.reasons) - self.duplicate
            told |= {"duplicate": self.duplicate, "refused": self.refused}
            if self.without_event_id:
                told["without_event_id"] = self.without_event_id
        return msgspec.json.encode(told | {"rejected": rejected})
