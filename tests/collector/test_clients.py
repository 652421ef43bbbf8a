"""Browser, system, device and bots; the same answers as the library gives, only faster."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from user_agents import parse

from collector.clients import USER_AGENT_CHARS_MAX, _parse, join_hints, read_client
from collector.context import ClientInfo
from tests.collector.worlds import CHROME
from tests.helpers import ROOT

GOLDEN = ROOT / "tests" / "golden" / "user_agents"
PEOPLE = (GOLDEN / "people.txt").read_text().splitlines()
MACHINES = (GOLDEN / "machines.txt").read_text().splitlines()
AGENTS = ["", "x", *PEOPLE, *MACHINES]

FLAGS = [
    "is_mobile", "is_tablet", "is_pc", "is_touch_capable", "is_bot", "is_email_client",
]  # fmt: skip


def said_by(parsed: Any) -> dict[str, Any]:
    """Give all that the library tells of a user agent."""
    flags = {name: getattr(parsed, name) for name in FLAGS}
    return flags | {"browser": parsed.browser, "os": parsed.os, "device": parsed.device}


@pytest.mark.parametrize("agent", AGENTS)
def test_the_resolver_gives_what_the_library_gives(agent: str) -> None:
    assert said_by(_parse(agent)) == said_by(parse(agent))


@given(st.lists(st.sampled_from(" ".join(AGENTS).split(" ")), max_size=8).map(" ".join))
def test_so_it_does_for_agents_stirred_together(agent: str) -> None:
    assert said_by(_parse(agent)) == said_by(parse(agent))


def agent_with(word: str) -> str:
    return next(agent for agent in AGENTS if word in agent)


def info(*texts: str, is_bot: bool = False) -> ClientInfo:
    browser, version, system, system_version, kind, model = texts
    return ClientInfo(browser, version, system, system_version, kind, model, is_bot)


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("", info("", "", "", "", "", "")),
        ("x", info("", "", "", "", "other", "")),
        (CHROME, info("Chrome", "126.0.0", "Windows", "10", "desktop", "")),
        (agent_with("iPhone"), info("Mobile Safari", "17.4.1", "iOS", "17.4.1", "phone", "iPhone")),
        (agent_with("iPad"), info("Mobile Safari", "16.6", "iOS", "16.6", "tablet", "iPad")),
        (
            agent_with("SM-A536B"),
            info("Chrome Mobile", "126.0.6478", "Android", "14", "phone", "SM-A536B"),
        ),
        (
            agent_with("HeadlessChrome"),
            info("HeadlessChrome", "126.0.0", "Linux", "", "bot", "", is_bot=True),
        ),
        ("x" * USER_AGENT_CHARS_MAX, info("", "", "", "", "other", "")),
        (CHROME + "x" * USER_AGENT_CHARS_MAX, info("", "", "", "", "", "")),
    ],
)
def test_what_is_told(agent: str, told: ClientInfo) -> None:
    assert read_client(agent, "") == told


@pytest.mark.parametrize("agent", MACHINES)
def test_machines_that_say_so_are_bots(agent: str) -> None:
    told = read_client(agent, "")
    assert (told.is_bot, told.device_type) == (True, "bot")


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_are_none(agent: str) -> None:
    told = read_client(agent, "")
    assert not told.is_bot and told.device_type != "bot"


BRANDS = '"Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126"'


@pytest.mark.parametrize(
    ("hints", "changes"),
    [
        ({}, {}),
        ({"sec-ch-ua": BRANDS}, {"browser": "Chrome", "browser_version": "126"}),
        (
            {"sec-ch-ua": '"Chromium";v="126.0.1", "Microsoft Edge";v="126.0.2", "Not A;B";v="9"'},
            {"browser": "Microsoft Edge", "browser_version": "126"},
        ),
        ({"sec-ch-ua": '"Chromium";v="126"'}, {}),
        ({"sec-ch-ua": "nonsense"}, {}),
        ({"sec-ch-ua": '"aigul@mail.kz";v="1"'}, {}),
        ({"sec-ch-ua": '"Soq";v="87012345678"'}, {}),
        (
            {"sec-ch-ua": '"HeadlessChrome";v="126"'},
            {"is_bot": True, "device_type": "bot"},
        ),
        ({"sec-ch-ua-mobile": "?1"}, {"device_type": "phone"}),
        ({"sec-ch-ua-mobile": "?0"}, {}),
        ({"sec-ch-ua-platform": '"Android"'}, {"os": "Android"}),
        ({"sec-ch-ua-platform": '"macOS"'}, {"os": "Mac OS X"}),
        ({"sec-ch-ua-platform": '"aigul@mail.kz"'}, {}),
        ({"sec-ch-ua-platform-version": '"15.0.0"'}, {"os_version": "11"}),
        ({"sec-ch-ua-platform-version": '"10.0.0"'}, {"os_version": "10"}),
        ({"sec-ch-ua-platform-version": '"0.3.0"'}, {}),
        (
            {"sec-ch-ua-platform": '"Android"', "sec-ch-ua-platform-version": '"14.0.0"'},
            {"os": "Android", "os_version": "14.0.0"},
        ),
        ({"sec-ch-ua-platform-version": "87012345678"}, {}),
        ({"sec-ch-ua-model": '"SM-A536B"'}, {"device_model": "SM-A536B"}),
        ({"sec-ch-ua-model": '""'}, {}),
        ({"sec-ch-ua-model": '"a@b.kz"'}, {}),
        ({"sec-ch-unknown": "x"}, {}),
    ],
)
def test_client_hints_stand_before_the_user_agent(
    hints: dict[str, str], changes: dict[str, Any]
) -> None:
    plain = read_client(CHROME, "")
    assert read_client(CHROME, join_hints(hints)) == plain._replace(**changes)


def test_hints_do_not_make_a_bot_a_person() -> None:
    hints = join_hints({"sec-ch-ua": BRANDS, "sec-ch-ua-mobile": "?1"})
    assert read_client("curl/8.5.0", hints) == read_client("curl/8.5.0", "")


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_may_be_read(agent: str, hints: str) -> None:
    told = read_client(agent, join_hints({"sec-ch-ua": hints, "sec-ch-ua-model": hints}))
    assert all(isinstance(text, str) for text in told[:6])
