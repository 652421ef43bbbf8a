"""The catalogue: which events there are, whose they are, until when, and what they may carry.

Read from `events/<name>.toml` by `config.catalogue_files`; called by the validate stage and the
gate. No event type without owner, purpose, end, sensitivity and review.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from config.loading import Strict
from config.policy_rules import Text

EVENT_NAME = r"^[a-z][a-z0-9_]{0,63}$"
"""What the name of an event type or of a property looks like."""

IDENTIFY = "identify"
"""The event whose properties are a person's traits: none is kept that no file declares."""

SENSITIVITIES = ("technical", "interaction", "stored_content", "highly_sensitive")
"""How much a value may tell about a person, from least to most."""

Kind = Literal["text", "free_text", "integer", "number", "boolean", "choice"]
NotPermitted = Literal["refuse", "count", "visit"]
Sensitivity = Literal["technical", "interaction", "stored_content", "highly_sensitive"]
Name = Annotated[str, Field(pattern=EVENT_NAME)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


class Property(Strict):
    """One property that events of a type may carry."""

    kind: Kind
    """What its values are. `text` is a word of the operator's own, `free_text` what people type,
    `choice` one of `choices`."""
    description: Text
    """What it means."""
    unit: Annotated[str, Field(max_length=32)] = ""
    """What a number counts: `tenge`, `seconds`; empty for a bare number."""
    min: Bound | None = None
    """Smallest number taken."""
    max: Bound | None = None
    """Largest number taken."""
    length_max: Annotated[int, Field(ge=1, le=16_384)] | None = None
    """Longest text taken, in characters."""
    choices: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = ()
    """The values of a choice."""


class EventType(Strict):
    """One kind of event."""

    name: Name
    """Its name, which is also that of its file."""
    description: Text
    """What happened when such an event is sent."""
    owner: Text
    """Who answers for it: a team's mail address."""
    purpose: str
    """The purpose that it serves."""
    when_not_permitted: NotPermitted
    """What becomes of it without that permission: `refuse` keeps nothing, `count` keeps the fact
    without any subject, `visit` keeps it under the day's visit where nothing was refused."""
    expires: date
    """First day on which such events are rejected."""
    sensitivity: Sensitivity
    """The most that one of its values may tell about a person."""
    review: Text
    """Where it was decided to collect this."""
    properties: dict[Name, Property] = Field(default_factory=dict)
    """Name -> property; others are undeclared."""
    undeclared_properties: Literal["keep", "drop"] = "keep"
    """What becomes of properties that are not declared here."""

    @property
    def keeps_undeclared(self) -> bool:
        """Tell whether properties that are not declared here are kept."""
        return self.undeclared_properties == "keep" and self.name != IDENTIFY

    def is_expired(self, today: date) -> bool:
        """Tell whether such events are rejected by now."""
        return today >= self.expires


class Catalogue(Strict):
    """Every declared kind of event."""

    events: dict[str, EventType]
    """Name -> event type, in the order of names."""

    def get(self, name: str) -> EventType | None:
        """Give an event type, or none where no file declares it."""
        return self.events.get(name)
