"""The privacy budget: what releases have cost the people in a dataset, exactly, for ever.

Called by `aggregator` before it reads. A reservation counts from its first moment and never stops
counting: after a crash it is void but spent, since noise may have been seen. Numbers are exact
rationals; a float would round a full budget open or shut.
Source: anonymisation.md 4.6; zCDP adds up over releases (Bun & Steinke 2016, lemma 2.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.errors import BudgetExhausted, RegistryRefused
from storage.registry.tables import budgets, spends

State = Literal["reserved", "published", "void_spent"]
"""All three count; `void_spent` has nothing to show for it."""


COUNTER = "spends"
"""Name under which the keyring witnesses `count_spends`, so that an older copy is told."""


@dataclass(frozen=True)
class Cap:
    """What all releases over one dataset may cost together."""

    rho: Fraction
    """zCDP."""
    delta: Fraction
    """Chance that a guarantee fails, summed."""
    span_days: int = 365
    """Within any so many days, counted over the windows that the releases tell about."""


@dataclass(frozen=True)
class Ask:
    """One release that wants to be drawn."""

    release_id: str
    """One per release, window and correction; the second ask gets the first one's answer."""
    dataset: str
    window: str
    """The window's label, for people."""
    window_start: datetime
    window_end: datetime
    """First moment after the window."""
    rho: Fraction
    delta: Fraction


@dataclass(frozen=True)
class Spend(Ask):
    """One row of the ledger."""

    state: State
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Reservation:
    """The answer to an ask."""

    spend: Spend
    is_new: bool
    """False where this release id had reserved before: draw nothing, look at its state."""


def reserve(registry: Registry, ask: Ask, cap: Cap, actor: str) -> Reservation:
    """Spend an ask's cost before anything is read, or give the row that it got earlier.

    Errors: BudgetExhausted when some span of days with this window in it would cost more than the
    cap; then nothing is written. A cap that differs from the last one is noted on the audit log.
    """
    if ask.rho < 0 or ask.delta < 0 or ask.window_end <= ask.window_start:
        raise RegistryRefused("a release costs nothing negative and its window is not empty")
    with registry.write() as connection:
        earlier = _find(connection, ask.release_id)
        if earlier:
            return Reservation(earlier, is_new=False)
        rho, delta = _cost_around(_select(connection, ask.dataset), ask, cap.span_days)
        for spent, more, total in ((rho, ask.rho, cap.rho), (delta, ask.delta, cap.delta)):
            if spent + more > total:
                raise BudgetExhausted(ask.dataset, spent, total)
        _note_cap(registry, connection, ask.dataset, cap, actor)
        now = registry.now()
        spend = Spend(**vars(ask), state="reserved", created_at=now, updated_at=now)
        connection.execute(spends.insert().values(vars(spend)))
        costs = {"dataset": ask.dataset, "rho": str(ask.rho), "delta": str(ask.delta)}
        audit.append_within(registry, connection, actor, "budget.reserve", ask.release_id, costs)
        return Reservation(spend, is_new=True)


def publish(registry: Registry, release_id: str, actor: str) -> Spend:
    """Mark a reservation as published; once more changes nothing.

    Errors: RegistryRefused when there is none, or it is void.
    """
    with registry.write() as connection:
        return settle_within(registry, connection, release_id, "published", actor)


def void(registry: Registry, release_id: str, actor: str) -> Spend:
    """Mark a reservation whose release will never appear; its cost stays spent.

    Errors: RegistryRefused when there is none, or it is published.
    """
    with registry.write() as connection:
        return settle_within(registry, connection, release_id, "void_spent", actor)


def settle_within(
    registry: Registry, connection: Connection, release_id: str, state: State, actor: str
) -> Spend:
    """Move a reservation to its last state in somebody else's write transaction."""
    spend = _find(connection, release_id)
    if spend is None:
        raise RegistryRefused("this release has reserved no budget")
    if spend.state == state:
        return spend
    if spend.state != "reserved":
        raise RegistryRefused("this release's budget is settled otherwise already")
    row = spends.c.release_id == release_id
    change = spends.update().where(row).values(state=state, updated_at=registry.now())
    connection.execute(change)
    audit.append_within(registry, connection, actor, f"budget.{state}", release_id)
    return Spend(**{**vars(spend), "state": state, "updated_at": registry.now()})


def find_spend(registry: Registry, release_id: str) -> Spend | None:
    """Give the row of a release id, None where it never reserved."""
    with registry.read() as connection:
        return _find(connection, release_id)


def list_spends(registry: Registry, dataset: str) -> list[Spend]:
    """Give every row of a dataset, by window and age."""
    with registry.read() as connection:
        return _select(connection, dataset)


def cost_around(
    registry: Registry, dataset: str, window: tuple[datetime, datetime], span_days: int
) -> tuple[Fraction, Fraction]:
    """Give the largest (rho, delta) spent in any span of days that this window is part of."""
    start, end = window
    ask = Ask("", dataset, "", start, end, Fraction(0), Fraction(0))
    with registry.read() as connection:
        return _cost_around(_select(connection, dataset), ask, span_days)


def count_spends(registry: Registry) -> int:
    """Give how many rows the ledger ever had; a lower number than before means an older copy."""
    with registry.read() as connection:
        query = sa.select(sa.func.count()).select_from(spends)
        return int(connection.execute(query).scalar_one())


def _cost_around(rows: Iterable[Spend], ask: Ask, span_days: int) -> tuple[Fraction, Fraction]:
    """Give the worst (rho, delta) of the spans that touch the ask's window.

    Why the spans that begin where a window is about to end are enough: a span can be moved on
        until just before the first of its windows would leave it, and none has left by then.
    """
    span, all_rows = timedelta(days=span_days), list(rows)
    begins = {row.window_end for row in all_rows} | {ask.window_end}
    touching = [b for b in begins if ask.window_end >= b and ask.window_start < b + span]
    worst = [Fraction(0), Fraction(0)]
    for begin in touching:
        inside = [r for r in all_rows if r.window_end >= begin and r.window_start < begin + span]
        worst[0] = max(worst[0], sum((row.rho for row in inside), Fraction(0)))
        worst[1] = max(worst[1], sum((row.delta for row in inside), Fraction(0)))
    return worst[0], worst[1]


def _note_cap(
    registry: Registry, connection: Connection, dataset: str, cap: Cap, actor: str
) -> None:
    row = budgets.c.dataset == dataset
    known = connection.execute(sa.select(budgets).where(row)).mappings().first()
    fields = {"rho_cap": cap.rho, "delta_cap": cap.delta, "span_days": cap.span_days}
    if known and all(known[name] == value for name, value in fields.items()):
        return
    values = fields | {"changed_at": registry.now()}
    if known:
        connection.execute(budgets.update().where(row).values(values))
    else:
        connection.execute(budgets.insert().values(dataset=dataset, **values))
    details = {name: str(value) for name, value in fields.items()}
    audit.append_within(registry, connection, actor, "budget.cap", dataset, details)


def _find(connection: Connection, release_id: str) -> Spend | None:
    query = sa.select(spends).where(spends.c.release_id == release_id)
    row = connection.execute(query).mappings().first()
    return _read(row) if row else None


def _select(connection: Connection, dataset: str) -> list[Spend]:
    query = sa.select(spends).where(spends.c.dataset == dataset)
    ordered = query.order_by(spends.c.window_start, spends.c.created_at)
    return [_read(row) for row in connection.execute(ordered).mappings()]


def _read(row: RowMapping) -> Spend:
    fields: dict[str, Any] = {name: row[name] for name in Spend.__dataclass_fields__}
    return Spend(**fields)
