"""What senders over their rate are told, where an SDK drops for good what gets a 4xx."""

from __future__ import annotations

import pytest

from collector.outcomes import FAULTS, BadRequest
from collector.protocols import glean, posthog
from collector.protocols.protocol import Protocol, Request
from collector.replies import retry_headers

OVER = [reason for reason, (status, _) in FAULTS.items() if status == 429]
PATIENT = (posthog.PROTOCOL, glean.PROTOCOL)
"""Protocols whose SDKs send again after a 5xx and drop after a 4xx."""


@pytest.mark.parametrize("protocol", PATIENT, ids=["PostHog", "Glean"])
@pytest.mark.parametrize("reason", FAULTS)
def test_a_sender_over_its_rate_is_asked_to_come_back(protocol: Protocol, reason: str) -> None:
    fault, form = BadRequest(reason), protocol.fault
    answer = form(Request("/e"), fault) if form else None
    assert (answer is None) == (reason not in OVER), "every other fault keeps its own status"
    if answer is not None:
        assert answer.status == 503
        assert reason.encode() in answer.body
        assert "retry-after" in retry_headers(fault)


def test_there_is_a_fault_of_rate() -> None:
    assert OVER
