"""The pipeline, as a list. A reader starts here.

Why this order: permission comes first, so that nothing is worked on that may not be kept. What is
never collected leaves before any other stage sees it. Geography and client come before
pseudonymisation, because they need what it destroys. Text is scrubbed while the event's own
identifiers are still known, so that they are found where they recur. After `pseudonymise` no column
identifies; `conform` lets nothing through but the declared columns, each only with its purpose's
permission. Nothing is written before `conform`, on no path.
"""

from __future__ import annotations

from collector.frames import DECODED, PROTECTED
from collector.pipeline import Pipeline
from collector.stages.admit import admit
from collector.stages.conform import conform
from collector.stages.gate import gate
from collector.stages.identify_client import identify_client
from collector.stages.locate import locate
from collector.stages.pseudonymise import pseudonymise
from collector.stages.scrub import scrub
from collector.stages.strike import strike
from collector.stages.validate import validate

STAGES = [gate, validate, strike, locate, identify_client, scrub, admit, pseudonymise, conform]
"""What happens to a batch, in order."""

PROTECT = Pipeline.of(DECODED, STAGES, PROTECTED)
"""The pipeline from decoded events to rows that identify nobody; checked at import."""
