"""What the consent ledger holds about the people an event names, as the gate asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Recorded(NamedTuple):
    """The joined records of all ids of one event; a restriction of any of them counts."""

    withdrawn: int = 0
    """Purposes withdrawn or refused by record, as bits over the policy's purposes."""
    granted: int = 0
    """Purposes granted by record and not withdrawn since, likewise."""
    restricted: bool = False
    """True where the subject's data is blocked while its lawfulness is disputed."""
    objected: bool = False
    """True where the subject objects to publication."""
    stale: bool = False
    """True where the records are too old to be relied on: no id may be kept."""


NOTHING_RECORDED = Recorded()
"""What holds of a person without any record."""

IdColumn = Sequence[str | None]
"""One identifier as sent of each event, None where absent."""

Records = Callable[[Sequence[str], IdColumn, IdColumn, IdColumn, IdColumn], list[Recorded]]
"""(sites, persons, devices, advertising ids, other ids) -> what is recorded of each event, in
order. Other ids are joined in one text an event."""


def none_recorded(
    sites: Sequence[str],
    persons: IdColumn,
    devices: IdColumn,
    advertising_ids: IdColumn,
    others: IdColumn,
) -> list[Recorded]:
    """Say that nothing is recorded of anyone."""
    return [NOTHING_RECORDED] * len(sites)
