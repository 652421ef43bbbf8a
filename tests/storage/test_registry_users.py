"""Users: one-time links, passwords, sign-ins, and what guessing gets."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest

from storage.registry import Registry, RegistryRefused, SignInRefused, audit, sessions, users
from storage.registry.sessions import FAILURES_FREE, SESSION_LIFE, WAIT_FIRST, WAIT_MAX
from storage.registry.users import LINK_LIFE
from tests.storage.keyring_worlds import NOW, HandClock
from tests.storage.registry_worlds import ACTOR, IN_ONE_HOME, Place, open_registry_at

EMAIL = "aigul@soq.example"
PASSWORD = "жеті ат, бір ер"


@pytest.fixture
def clock() -> HandClock:
    """A clock set by hand."""
    return HandClock()


@pytest.fixture
def registry(place: Place, clock: HandClock) -> Iterator[Registry]:
    """A registry with one analyst who has chosen a password."""
    opened = open_registry_at(place, clock)
    users.set_password(opened, users.add_user(opened, EMAIL, "analyst", ACTOR), PASSWORD)
    yield opened
    opened.close()


def fail(registry: Registry, times: int) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            sessions.sign_in(registry, EMAIL, "wrong password")


def test_link_then_password_then_session(registry: Registry) -> None:
    token = sessions.sign_in(registry, f" {EMAIL.upper()} ", PASSWORD)
    session = sessions.find_session(registry, token)
    assert session is not None
    assert (session.user.email, session.user.role) == (EMAIL, "analyst")
    assert session.expires_at == NOW + SESSION_LIFE
    sessions.sign_out(registry, token)
    assert sessions.find_session(registry, token) is None
    assert sessions.find_session(registry, "unknown") is None


def test_no_secret_is_kept_in_the_clear(registry: Registry, place: Place) -> None:
    link = users.renew_link(registry, EMAIL, ACTOR)
    token = sessions.sign_in(registry, EMAIL, PASSWORD)
    written = place.read_bytes()
    assert b"$argon2id$" in written
    for secret in (link, token, PASSWORD):
        assert secret.encode() not in written


def test_the_audit_log_names_no_email(registry: Registry) -> None:
    sessions.sign_in(registry, EMAIL, PASSWORD)
    users.renew_link(registry, EMAIL, ACTOR)
    users.disable_user(registry, EMAIL, ACTOR)
    entries = audit.read_entries(registry)
    actions = ["user.add", "user.password", "user.sign_in", "user.link", "user.disable"]
    assert [entry.action for entry in entries] == actions
    assert not any("@" in f"{entry}" for entry in entries)
    [user] = users.list_users(registry)
    assert {entry.subject for entry in entries} == {user.id}


def test_a_link_works_once(registry: Registry) -> None:
    link = users.renew_link(registry, EMAIL, ACTOR)
    found = users.find_link(registry, link)
    assert found is not None and found.email == EMAIL
    users.set_password(registry, link, "another password")
    assert users.find_link(registry, link) is None
    with pytest.raises(SignInRefused):
        users.set_password(registry, link, "a third password")
    with pytest.raises(SignInRefused):
        sessions.sign_in(registry, EMAIL, PASSWORD)
    sessions.sign_in(registry, EMAIL, "another password")


def test_a_link_ends_after_a_day_or_with_the_next(registry: Registry, clock: HandClock) -> None:
    first = users.renew_link(registry, EMAIL, ACTOR)
    second = users.renew_link(registry, EMAIL, ACTOR)
    assert users.find_link(registry, first) is None
    clock.now = NOW + LINK_LIFE - timedelta(milliseconds=1)
    assert users.find_link(registry, second) is not None
    clock.now = NOW + LINK_LIFE
    assert users.find_link(registry, second) is None
    with pytest.raises(SignInRefused):
        users.set_password(registry, second, PASSWORD)


@IN_ONE_HOME
@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 257])
def test_a_weak_password_is_refused_and_the_link_stays(registry: Registry, password: str) -> None:
    link = users.renew_link(registry, EMAIL, ACTOR)
    with pytest.raises(RegistryRefused, match="12 to 256"):
        users.set_password(registry, link, password)
    assert users.find_link(registry, link) is not None


def test_a_session_ends_by_itself(registry: Registry, clock: HandClock) -> None:
    token = sessions.sign_in(registry, EMAIL, PASSWORD)
    clock.now = NOW + SESSION_LIFE - timedelta(milliseconds=1)
    assert sessions.find_session(registry, token) is not None
    clock.now = NOW + SESSION_LIFE
    assert sessions.find_session(registry, token) is None


def test_a_new_password_and_a_closed_account_sign_out_everywhere(registry: Registry) -> None:
    token = sessions.sign_in(registry, EMAIL, PASSWORD)
    users.set_password(registry, users.renew_link(registry, EMAIL, ACTOR), PASSWORD)
    assert sessions.find_session(registry, token) is None
    token = sessions.sign_in(registry, EMAIL, PASSWORD)
    link = users.renew_link(registry, EMAIL, ACTOR)
    users.disable_user(registry, EMAIL, ACTOR)
    assert sessions.find_session(registry, token) is None
    assert users.find_link(registry, link) is None
    with pytest.raises(SignInRefused):
        sessions.sign_in(registry, EMAIL, PASSWORD)
    with pytest.raises(RegistryRefused):
        users.renew_link(registry, EMAIL, ACTOR)


@IN_ONE_HOME
def test_five_failures_make_the_account_wait(registry: Registry, clock: HandClock) -> None:
    """The right password does not help meanwhile, and helps after; a success starts anew."""
    fail(registry, FAILURES_FREE)
    with pytest.raises(SignInRefused):
        sessions.sign_in(registry, EMAIL, PASSWORD)
    clock.now = NOW + WAIT_FIRST
    sessions.sign_in(registry, EMAIL, PASSWORD)
    fail(registry, FAILURES_FREE - 1)
    sessions.sign_in(registry, EMAIL, PASSWORD)


@IN_ONE_HOME
def test_waits_double_up_to_a_quarter_of_an_hour(registry: Registry, clock: HandClock) -> None:
    fail(registry, FAILURES_FREE)
    waits = []
    for _ in range(8):
        begin = clock.now
        clock.now += WAIT_FIRST
        while not _attempt_counts(registry):
            clock.now += WAIT_FIRST
        waits.append((clock.now - begin) / WAIT_FIRST)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert WAIT_MAX / WAIT_FIRST == 60
    noted = [e for e in audit.read_entries(registry) if e.action == "user.wait"]
    assert len(noted) == 1


def _attempt_counts(registry: Registry) -> bool:
    """Begin an attempt as `sign_in` does, and say whether a password would be looked at."""
    return sessions._begin_attempt(registry, EMAIL) is not None


def test_guesses_side_by_side_count_each(registry: Registry) -> None:
    """Of twenty at once only as many passwords are looked at as one after the other."""
    with ThreadPoolExecutor(20) as pool:
        counted = list(pool.map(lambda _: _attempt_counts(registry), range(20)))
    assert sum(counted) == FAILURES_FREE


@IN_ONE_HOME
def test_an_unknown_account_takes_as_long_as_a_known_one(registry: Registry) -> None:
    def seconds(email: str) -> float:
        begin = perf_counter()
        with pytest.raises(SignInRefused):
            sessions.sign_in(registry, email, "wrong password")
        return perf_counter() - begin

    unknown = median(seconds("nobody@soq.example") for _ in range(4))
    known = median(seconds(EMAIL) for _ in range(4))
    # A missing hash would be a hundred times quicker; a busy machine moves either by two or so.
    assert 0.1 < unknown / known < 10


def test_no_account_has_an_email_that_is_none(registry: Registry) -> None:
    """Whatever a form sends, and whatever a database can compare."""
    with pytest.raises(SignInRefused):
        sessions.sign_in(registry, "a\x00@soq.example", PASSWORD)


def test_adding_twice_or_badly_is_refused(registry: Registry) -> None:
    for email in (EMAIL, EMAIL.upper()):
        with pytest.raises(RegistryRefused, match="already"):
            users.add_user(registry, email, "partner", ACTOR)
    for email in ("", "aigul", "a b@c", "a@b\n.kz", "x" * 250 + "@a.kz"):
        with pytest.raises(RegistryRefused, match="not an e-mail"):
            users.add_user(registry, email, "partner", ACTOR)
    with pytest.raises(RegistryRefused, match="a role is"):
        users.add_user(registry, "new@soq.example", "root", ACTOR)  # type: ignore[arg-type]
    assert len(users.list_users(registry)) == 1
