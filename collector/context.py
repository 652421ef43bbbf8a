"""What a stage may know besides its batch: rules and look-ups, handed in, never fetched.

Stages are pure; whatever touches a disk (keys, geography files) hides behind a callable here,
with its own bounded cache.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from collector.consent.recorded import Recorded, Records, none_recorded
from collector.consent.resolution import Decision, resolve
from collector.consent.statements import read_statements
from collector.pii import Scrubber
from config.catalogue import Catalogue
from config.categories import Categories
from config.limits import Limits
from config.policy import Policy
from storage.key_epochs import KeyClass


class Place(NamedTuple):
    """Where an address lies, as coarse as it is kept."""

    country: str
    """ISO 3166-1 alpha-2, or '' where unknown."""
    region: str
    """Name of the first subdivision, or '' where unknown."""


class ClientInfo(NamedTuple):
    """What a user agent and its hints say about the device; text is '' where unknown."""

    browser: str
    browser_version: str
    os: str
    os_version: str
    device_type: str
    """desktop, phone, tablet, bot, other or ''."""
    device_model: str
    is_bot: bool


DigestMany = Callable[
    [KeyClass, Sequence[str], Sequence[int], Sequence[bytes | None]], list[bytes | None]
]
"""(key class, sites, moments in UTC ms, canonical values) -> 16-byte keyed digests, in order."""


Decide = Callable[[str, str, Recorded], Decision]
"""(site, statements as text, what is recorded) -> the decision for an event."""

DECISIONS_REMEMBERED_MAX = 8_192
"""Different decisions that are remembered. They hold sets of purposes, nobody's ids or strings."""


@dataclass(frozen=True)
class Context:
    """Rules and look-ups for one run of the pipeline."""

    policy: Policy
    catalogue: Catalogue
    categories: Categories
    """What no property may tell."""
    limits: Limits
    place_of: Callable[[str], Place]
    """Truncated address -> place."""
    client_of: Callable[[str, str], ClientInfo]
    """(user agent, client hints) -> what they say."""
    scrubber: Scrubber
    """The PII rules, compiled."""
    digest_many: DigestMany
    """Keyed digests; the keys themselves are out of a stage's sight."""
    admit_names: Callable[[str, Collection[str]], frozenset[str]]
    """(site, its undeclared event names) -> those that may be kept; others are too many."""
    records_of: Records = none_recorded
    """What the consent ledger holds about the people of each event."""

    @cached_property
    def decide(self) -> Decide:
        """The decision for an event, remembered: few differ, and each costs some ten µs."""

        @lru_cache(DECISIONS_REMEMBERED_MAX)
        def decide(site: str, signals: str, recorded: Recorded) -> Decision:
            return resolve(read_statements(signals), recorded, self.policy, site)

        return decide
