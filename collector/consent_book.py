"""What people have decided, as a worker knows it: in memory, half a second old at most.

The registry is polled for one number; what changed since is read and kept. Withdrawals,
restrictions and objections are all held, grants up to a bound, past which they are looked up. A
book that could not be brought up to date for ten seconds says so, and the gate keeps no ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice

from collector.consent.bits import to_bits
from collector.consent.recorded import NOTHING_RECORDED, IdColumn, Recorded
from collector.consent_ids import IdKind, consent_value, digest_ids
from collector.consent_states import StateTable
from collector.context import DigestMany
from collector.own_ids import SEPARATOR
from collector.protocols.maker import OTHER_IDS_MAX
from config.policy import Policy
from storage.errors import Unavailable
from storage.registry import consents
from storage.registry.consents import State
from storage.registry.engine import Registry

POLL_SECONDS = 0.5
"""How often the registry is asked whether anything was decided."""

STALE_SECONDS = 10.0
"""From this age on what a worker knows cannot be relied on."""

GRANTS_HELD_MAX = 4_000_000
"""States that only grant are held up to so many in all; further ones are looked up when asked."""

FOUND_MAX = 20_000
"""Answers of such look-ups that are remembered until anything changes."""

RESTRICTED, OBJECTED = 1 << 14, 1 << 15
"""Marks beside the purposes withdrawn, in the lower half of a state's number."""

PURPOSES_MASK = RESTRICTED - 1

FORBIDDING_MASK = (1 << 16) - 1
"""All of a state's number that forbids."""

KINDS: tuple[IdKind, ...] = ("person", "device", "advertising_id")
"""Identifiers that records name, in the order in which they are asked about."""

STALE = Recorded(stale=True)


class ConsentBook:
    """The states of all sites, for one worker."""

    def __init__(
        self,
        registry: Registry,
        policy: Policy,
        digest_many: DigestMany,
        seconds: Callable[[], float],
    ) -> None:
        """Read all states. Errors: Unavailable."""
        self._registry = registry
        self._policy = policy
        self._digest_many = digest_many
        self._seconds = seconds
        self._states = StateTable()
        self._found: dict[bytes, int] = {}
        self._is_whole = True
        self._seq = -1
        self._fresh_at = seconds()
        self.refresh()

    def refresh(self) -> None:
        """Take over what changed in the registry.

        A registry that was put back to an earlier copy is read anew from its start.
        Errors: Unavailable; what was known stays.
        """
        asked_at = self._seconds()
        seq = consents.read_seq(self._registry)
        if seq < self._seq:
            self._states, self._seq, self._is_whole = StateTable(), -1, True
        if seq != self._seq:
            for state in consents.read_states(self._registry, self._seq):
                self._take(state)
                seq = max(seq, state.seq)
            # Not before all were read: a change may be of several states.
            self._seq, self._found = seq, {}
        self._fresh_at = asked_at

    async def keep_fresh(self) -> None:
        """Follow the registry until cancelled; while it is away, what was known grows stale."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await asyncio.to_thread(self.refresh)
            except Unavailable:
                continue

    @property
    def is_stale(self) -> bool:
        """Tell whether what is known is too old to be relied on."""
        return self._seconds() - self._fresh_at > STALE_SECONDS

    def records_of(
        self,
        sites: Sequence[str],
        persons: IdColumn,
        devices: IdColumn,
        advertising_ids: IdColumn,
        others: IdColumn,
    ) -> list[Recorded]:
        """Give what is recorded of each event, joined over its ids: no beats yes.

        Of other ids nobody knows whose they are: each is asked about as every kind, and what
        forbids counts. An id whose digest cannot be made, and every id while the book is stale,
        cannot be looked up, so it may not be kept either.
        """
        if self.is_stale:
            return [STALE] * len(sites)
        numbers, doubtful = [0] * len(sites), [False] * len(sites)
        for kind, column in zip(KINDS, (persons, devices, advertising_ids), strict=True):
            self._join(kind, sites, column, numbers, doubtful)
        self._join_others(sites, others, numbers, doubtful)
        return [
            STALE if doubt else _to_recorded(number) if number else NOTHING_RECORDED
            for number, doubt in zip(numbers, doubtful, strict=True)
        ]

    def _join(
        self,
        kind: IdKind,
        sites: Sequence[str],
        column: IdColumn,
        numbers: list[int],
        doubtful: list[bool],
    ) -> None:
        """Add what is recorded of one kind of id to each event that has one."""
        if column.count(None) == len(column):
            return
        values = [consent_value(kind, text) for text in column]
        places = [place for place, value in enumerate(values) if value is not None]
        digests = digest_ids(
            self._digest_many, [sites[place] for place in places], [values[p] for p in places]
        )
        known = [digest for digest in digests if digest is not None]
        found = iter(self._look_up(known))
        for place, digest in zip(places, digests, strict=True):
            number = None if digest is None else next(found)
            doubtful[place] |= number is None
            numbers[place] |= number or 0

    def _join_others(
        self,
        sites: Sequence[str],
        column: IdColumn,
        numbers: list[int],
        doubtful: list[bool],
    ) -> None:
        """Add what forbids of other ids; few differ within a batch, and each is asked about once.

        While nothing is recorded of anybody there is nothing to ask.
        """
        if column.count(None) == len(column) or (self._is_whole and not len(self._states)):
            return
        of_events = [
            [(site, text) for text in islice(joined.split(SEPARATOR), OTHER_IDS_MAX)]
            if joined
            else []
            for site, joined in zip(sites, column, strict=True)
        ]
        told = list(dict.fromkeys(one for of_event in of_events for one in of_event))
        found, doubts = [0] * len(told), [False] * len(told)
        for kind in KINDS:
            texts = [text for _, text in told]
            self._join(kind, [site for site, _ in told], texts, found, doubts)
        places = {one: place for place, one in enumerate(told)}
        for number, of_event in enumerate(of_events):
            for one in of_event:
                numbers[number] |= found[places[one]] & FORBIDDING_MASK
                doubtful[number] |= doubts[places[one]]

    def _look_up(self, digests: Sequence[bytes]) -> Sequence[int | None]:
        """Give the state of each digest as a number: 0 where nothing is recorded, None unknown."""
        numbers = self._states.get_many(digests)
        if self._is_whole:
            return numbers
        if len(self._found) > FOUND_MAX:
            self._found = {}
        found = self._found
        missing = {d for d, n in zip(digests, numbers, strict=True) if not n and d not in found}
        if missing:
            with suppress(Unavailable):
                states = consents.find_states(self._registry, sorted(missing))
                # Into the dict that was there before the question: a change since has put a new
                # one in its place.
                found.update(dict.fromkeys(missing, 0))
                found.update((state.digest, self._to_number(state)) for state in states)
        return [n or found.get(d) for d, n in zip(digests, numbers, strict=True)]

    def _take(self, state: State) -> None:
        """Hold one state, unless it only grants and there are too many of that kind."""
        is_restrictive = state.withdrawn or state.restricted or state.objected
        if is_restrictive or len(self._states) < GRANTS_HELD_MAX:
            self._states.put(state.digest, self._to_number(state))
            return
        self._is_whole = False
        if self._states.get_many([state.digest]) != [0]:
            self._states.put(state.digest, self._to_number(state))

    def _to_number(self, state: State) -> int:
        """Give a state as a number: withdrawn and marks in the lower half, granted above."""
        withdrawn = to_bits(self._policy, state.withdrawn.split())
        granted = to_bits(self._policy, state.granted.split())
        marks = state.restricted * RESTRICTED | state.objected * OBJECTED
        return granted << 16 | withdrawn | marks


def _to_recorded(number: int) -> Recorded:
    """Give a state's number as what the gate is told; a purpose withdrawn is not granted."""
    withdrawn = number & PURPOSES_MASK
    return Recorded(
        withdrawn=withdrawn,
        granted=number >> 16 & ~withdrawn,
        restricted=bool(number & RESTRICTED),
        objected=bool(number & OBJECTED),
    )
