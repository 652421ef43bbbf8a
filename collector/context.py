"""What a stage may know besides its batch: rules and look-ups, handed in, never fetched.

Stages are pure; whatever touches a disk (keys, geography files) hides behind a callable here,
with its own bounded cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collector.consent.recorded import Records, none_recorded
from collector.pii import Scrubber
from config.catalogue import Catalogue
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


@dataclass(frozen=True)
class Context:
    """Rules and look-ups for one run of the pipeline."""

    policy: Policy
    catalogue: Catalogue
    limits: Limits
    place_of: Callable[[str], Place]
    """Truncated address -> place."""
    client_of: Callable[[str, str], ClientInfo]
    """(user agent, client hints) -> what they say."""
    scrubber: Scrubber
    """The PII rules, compiled."""
    digest_many: DigestMany
    """Keyed digests; the keys themselves are out of a stage's sight."""
    admit_name: Callable[[str, str], bool]
    """(site, undeclared event name) -> False once the site has sent too many names."""
    records_of: Records = none_recorded
    """What the consent ledger holds about the people of each event."""
