"""The budget ledger: exact, first come first served, spent for ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.registry import BudgetExhausted, Registry, RegistryRefused, audit, budget
from storage.registry.budget import Ask, Cap, Spend
from tests.helpers import ROOT
from tests.storage.keyring_worlds import NOW
from tests.storage.registry_worlds import ACTOR, IN_ONE_HOME, Place, open_registry_at

START = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)
CAP = Cap(Fraction(1, 10), Fraction(1, 10**6))


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    """An empty registry."""
    opened = open_registry_at(place)
    yield opened
    opened.close()


def ask(name: str, rho: Fraction = Fraction(1, 40), day: int = 0, delta: int = 0) -> Ask:
    """An ask for the week that begins so many days after START."""
    start = START + day * DAY
    return Ask(name, "events", f"day {day}", start, start + 7 * DAY, rho, Fraction(delta, 10**6))


def test_a_reservation_counts_until_the_cap_is_full_to_the_last_fraction(
    registry: Registry,
) -> None:
    for number in range(3):
        assert budget.reserve(registry, ask(f"r{number}"), CAP, ACTOR).is_new
    budget.reserve(registry, ask("r3", Fraction(1, 40) - Fraction(1, 10**30)), CAP, ACTOR)
    with pytest.raises(BudgetExhausted) as caught:
        budget.reserve(registry, ask("r4", Fraction(2, 10**30)), CAP, ACTOR)
    assert caught.value.spent == Fraction(1, 10) - Fraction(1, 10**30)
    assert caught.value.total == Fraction(1, 10)
    budget.reserve(registry, ask("r5", Fraction(1, 10**30)), CAP, ACTOR)
    assert sum(s.rho for s in budget.list_spends(registry, "events")) == Fraction(1, 10)
    assert budget.find_spend(registry, "r4") is None
    assert budget.count_spends(registry) == 5


def test_a_cost_of_any_length_is_kept_exactly(registry: Registry) -> None:
    made = budget.reserve(registry, ask("r0", Fraction(7, 3**600)), CAP, ACTOR).spend
    assert budget.find_spend(registry, "r0") == made
    assert made.rho == Fraction(7, 3**600)


def test_delta_is_a_budget_too(registry: Registry) -> None:
    budget.reserve(registry, ask("r0", delta=1), CAP, ACTOR)
    with pytest.raises(BudgetExhausted) as caught:
        budget.reserve(registry, ask("r1", delta=1), CAP, ACTOR)
    assert caught.value.total == CAP.delta


def test_the_same_id_gets_the_first_answer(registry: Registry) -> None:
    first = budget.reserve(registry, ask("r0"), CAP, ACTOR)
    again = budget.reserve(registry, ask("r0", Fraction(9)), CAP, ACTOR)
    assert (again.spend, again.is_new) == (first.spend, False)
    assert first.spend.state == "reserved"
    assert first.spend.created_at == NOW


def test_void_stays_spent(registry: Registry) -> None:
    """After a crash noise may have been seen: nothing gives the budget back."""
    for number in range(4):
        budget.reserve(registry, ask(f"r{number}"), CAP, ACTOR)
        assert budget.void(registry, f"r{number}", ACTOR).state == "void_spent"
    with pytest.raises(BudgetExhausted):
        budget.reserve(registry, ask("r4"), CAP, ACTOR)
    with pytest.raises(RegistryRefused, match="settled otherwise"):
        budget.publish(registry, "r0", ACTOR)


def test_publishing_twice_changes_nothing(registry: Registry) -> None:
    budget.reserve(registry, ask("r0"), CAP, ACTOR)
    first = budget.publish(registry, "r0", ACTOR)
    assert budget.publish(registry, "r0", ACTOR) == first == budget.find_spend(registry, "r0")
    with pytest.raises(RegistryRefused, match="settled otherwise"):
        budget.void(registry, "r0", ACTOR)
    with pytest.raises(RegistryRefused, match="no budget"):
        budget.publish(registry, "r1", ACTOR)


def test_the_year_rolls(registry: Registry) -> None:
    """Four weeks fill a year; a week counts until 365 days lie between it and the next."""
    for number in range(4):
        budget.reserve(registry, ask(f"r{number}", day=7 * number), CAP, ACTOR)
    with pytest.raises(BudgetExhausted):
        budget.reserve(registry, ask("late", day=7 + 364), CAP, ACTOR)
    budget.reserve(registry, ask("next", day=7 + 365), CAP, ACTOR)


def test_a_week_between_two_full_years_finds_both(registry: Registry) -> None:
    """Filling a gap must not overfill a span that reaches into either side."""
    for number in range(2):
        budget.reserve(registry, ask(f"before{number}", day=7 * number), CAP, ACTOR)
        budget.reserve(registry, ask(f"after{number}", day=350 + 7 * number), CAP, ACTOR)
    with pytest.raises(BudgetExhausted):
        budget.reserve(registry, ask("between", day=170), CAP, ACTOR)


def test_datasets_have_budgets_of_their_own(registry: Registry) -> None:
    budget.reserve(registry, ask("r0", Fraction(1, 10)), CAP, ACTOR)
    other = Ask(**{**vars(ask("r1", Fraction(1, 10))), "dataset": "diagnostics"})
    assert budget.reserve(registry, other, CAP, ACTOR).is_new


def test_a_raised_cap_is_on_the_audit_log(registry: Registry) -> None:
    budget.reserve(registry, ask("r0", Fraction(1, 10)), CAP, ACTOR)
    budget.reserve(registry, ask("r1"), Cap(Fraction(1, 5), CAP.delta), ACTOR)
    budget.reserve(registry, ask("r2"), Cap(Fraction(1, 5), CAP.delta), ACTOR)
    caps = [e for e in audit.read_entries(registry) if e.action == "budget.cap"]
    assert [e.details_json for e in caps] == [
        '{"delta_cap":"1/1000000","rho_cap":"1/10","span_days":"365"}',
        '{"delta_cap":"1/1000000","rho_cap":"1/5","span_days":"365"}',
    ]


@IN_ONE_HOME
@pytest.mark.parametrize("rho", [Fraction(-1, 10), Fraction(-1, 10**40)])
def test_a_negative_cost_is_refused(registry: Registry, rho: Fraction) -> None:
    with pytest.raises(RegistryRefused):
        budget.reserve(registry, ask("r0", rho), CAP, ACTOR)


WEEKS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 15), st.integers(0, 9)), min_size=1, max_size=12
)
"""Windows as (start day, length in days, cost)."""


@given(WEEKS, st.integers(5, 30))
def test_the_worst_span_is_found(windows: list[tuple[int, int, int]], span_days: int) -> None:
    """Against every span that begins at any quarter of a day."""
    rows = [_spend(start, days, cost) for start, days, cost in windows]
    new, others = rows[0], rows[1:]
    begins = [START + timedelta(hours=6 * quarter) for quarter in range(-4 * 40, 4 * 80)]
    worst = Fraction(0)
    for begin in begins:
        end = begin + span_days * DAY
        inside = [r for r in others if r.window_end > begin and r.window_start < end]
        if new.window_end > begin and new.window_start < end:
            worst = max(worst, sum((r.rho for r in inside), Fraction(0)))
    assert budget._cost_around(others, new, span_days)[0] == worst


def _spend(start: int, days: int, cost: int) -> Spend:
    begin = START + start * DAY
    window = (begin, begin + days * DAY)
    return Spend("r", "d", "w", *window, Fraction(cost), Fraction(0), "reserved", NOW, NOW)


def test_eight_processes_reserve_exactly_what_fits(place: Place, registry: Registry) -> None:
    """Twelve asks of 1/40 against a cap of 1/10, each by every process: four fit, one row each."""
    code = """
import sys
from datetime import datetime, timedelta, UTC
from fractions import Fraction
from storage.registry import BudgetExhausted, budget, open_dsn
registry = open_dsn(sys.argv[1])
start = datetime(2026, 11, 16, tzinfo=UTC)
cap = budget.Cap(Fraction(1, 10), Fraction(1, 10**6))
print("ready", flush=True)
sys.stdin.readline()
for number in range(12):
    name = f"r{(number + int(sys.argv[2])) % 12}"
    ask = budget.Ask(name, "events", "w", start, start + timedelta(days=7), Fraction(1, 40), 0)
    try:
        print(name, budget.reserve(registry, ask, cap, "cli:0").is_new)
    except BudgetExhausted:
        print(name, "refused")
"""
    command = [sys.executable, "-c", code, place.dsn]
    askers = [
        subprocess.Popen(
            [*command, str(number)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    try:
        for asker in askers:
            assert asker.stdout is not None and asker.stdout.readline() == "ready\n"
        for asker in askers:
            assert asker.stdin is not None
            asker.stdin.write("go\n")
            asker.stdin.flush()
        answers = [asker.communicate(timeout=90)[0].splitlines() for asker in askers]
    finally:
        for asker in askers:
            asker.kill()
            asker.wait()
    lines = [line for answer in answers for line in answer]
    assert len(lines) == 96
    assert sum(line.endswith("True") for line in lines) == 4
    stands = {line.split()[0] for line in lines if not line.endswith("refused")}
    assert {s.release_id for s in budget.list_spends(registry, "events")} == stands
    assert len(stands) == 4
    assert audit.verify(registry).broken_at is None
