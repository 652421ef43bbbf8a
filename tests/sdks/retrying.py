"""Runs every vendor's SDK side by side through lost answers, a restart and a full collector.

One program per SDK, told over its standard input (a page: by a call) when to send an event. All
go through each case together, so that one restart of the collector serves them all.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

from collector.key_book import POLL_SECONDS
from scripts.node import find_node
from tests.browser import open_page
from tests.helpers import ROOT
from tests.sdk.pages import Site, serving
from tests.sdks import retries_node, retries_page, retries_python
from tests.sdks.conftest import Target
from tests.sdks.full import running_full
from tests.sdks.programs import AGENT, PYTHON, bundle
from tests.sdks.relay import Fault
from tests.sdks.retries import CASES, SDKS, SOURCES, Sdk, Seen, kind_of
from tests.service import wait_until

READY_SECONDS_MAX = 120.0
PAUSE_SECONDS = 0.1
CASE_SECONDS_MAX = 60.0
"""How long the slowest SDK may take to send again."""

QUIET_SECONDS = 3.0
"""So long nothing more may come once everything is there: what is sent again too often shows."""

AWAY_SECONDS = 2.0
"""How long nobody listens, so that each SDK tries in vain."""


@dataclass
class Player:
    """One SDK's running program."""

    sdk: Sdk
    target: Target
    path: str
    """How the paths begin that its events go to."""
    send: Callable[[str], None]
    """Makes it send an event of a name."""
    is_ready: Callable[[], bool]
    sent: dict[str, list[int]] = field(default_factory=dict)
    """Case -> statuses of the requests that carried its event."""
    begun: int = 0

    def begin(self) -> None:
        """Count from here."""
        self.begun = len(self.target.relay.passed)

    def statuses(self) -> list[int]:
        """Give the statuses of the requests since the case began."""
        passed = self.target.relay.passed[self.begun :]
        return [one.status for one in passed if one.path.startswith(self.path)]


def play(make: Callable[[], Target], folder: Path) -> dict[tuple[str, str], Seen]:
    """Run every SDK through every case; give what was seen of each by SDK and case."""
    targets = [make() for _ in SDKS]
    with ExitStack() as stack:
        full = stack.enter_context(running_full(targets[0].service))
        page = stack.enter_context(open_page())
        browser = page.context.browser
        assert browser is not None
        players = [
            stack.enter_context(_start(sdk, target, folder, browser))
            for sdk, target in zip(SDKS, targets, strict=True)
        ]
        for player in players:
            wait_until(player.is_ready, READY_SECONDS_MAX)
        # Until every worker has looked at the registry again.
        time.sleep(3 * POLL_SECONDS)
        for case in CASES:
            _play_case(case, players, full)
    return {
        (player.sdk.name, case): Seen(len(player.sent[case]), _count_rows(player, case))
        for player in players
        for case in CASES
    }


def _play_case(case: str, players: list[Player], full: str) -> None:
    for player in players:
        player.begin()
        if case in ("lost", "full"):
            fault = Fault(player.path, full if case == "full" else "")
            player.target.relay.faults.append(fault)
    if case == "away":
        _restart(players)
    else:
        _send(players, case)
    _settle(case, players)
    for player in players:
        player.sent[case] = player.statuses()
        player.target.relay.faults.clear()


def _send(players: list[Player], case: str) -> None:
    for player in players:
        player.send(f"step_{case}")


def _restart(players: list[Player]) -> None:
    """Restart the collector under every SDK; each sends before anybody listens again."""
    for player in players:
        player.target.relay.leave()
    players[0].target.restart_collector()
    _send(players, "away")
    time.sleep(AWAY_SECONDS)
    for player in players:
        player.target.relay.listen()


def _settle(case: str, players: list[Player]) -> None:
    """Wait until every SDK has made its requests, and then for any too many."""
    deadline = time.monotonic() + CASE_SECONDS_MAX
    nudged = {one.sdk.name for one in players if case == "well" or not one.sdk.nudge}
    while time.monotonic() < deadline:
        for player in players:
            if player.sdk.name not in nudged and (case == "away" or player.statuses()):
                player.send(f"step_nudge_{case}")
                nudged.add(player.sdk.name)
        wanted = [(one, one.sdk.expect(case)) for one in players]
        if all(seen is None or len(one.statuses()) >= seen.requests for one, seen in wanted):
            break
        time.sleep(PAUSE_SECONDS)
    time.sleep(QUIET_SECONDS)


def _count_rows(player: Player, case: str) -> int:
    rows = player.target.events(player.sdk.table)
    return sum(f"step_{case}" in json.dumps(row) for row in rows)


@contextmanager
def _start(sdk: Sdk, target: Target, folder: Path, browser: Browser) -> Iterator[Player]:
    kind = kind_of(sdk)
    key = target.key("browser" if kind == "page" else "server")
    told = {"BASE": target.base, "KEY": key}
    path = sdk.path.replace("KEY", key)
    if kind == "page":
        with _open(SOURCES[sdk.name], told, target, folder, browser) as page:
            call = "name => { window.send(name); }"
            yield Player(
                sdk, target, path,
                lambda name: page.evaluate(call, name), lambda: page.title() == "ready",
            )  # fmt: skip
        return
    with _run(kind, SOURCES[sdk.name], told, folder / f"{key}.txt") as (process, printed):
        yield Player(
            sdk, target, path, lambda name: _tell(process, name), lambda: "ready" in printed()
        )


@contextmanager
def _run(
    kind: str, source: str, told: Mapping[str, str], output: Path
) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """Run a program that waits for names; give it and what it printed so far."""
    command = {
        "python": [str(PYTHON), "-c", retries_python.PROGRAM.format(source=source)],
        "node": [str(find_node()), "-e", retries_node.PROGRAM.format(source=source)],
    }[kind]
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with output.open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=plain | dict(told), text=True,
            stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield process, output.read_text
        finally:
            process.kill()
            process.communicate()


def _tell(process: subprocess.Popen[str], name: str) -> None:
    assert process.stdin is not None
    process.stdin.write(name + "\n")
    process.stdin.flush()


@contextmanager
def _open(
    source: str, told: Mapping[str, str], target: Target, folder: Path, browser: Browser
) -> Iterator[Page]:
    """Open a page of an origin of its own, which the site lists."""
    script = bundle(retries_page.PROGRAM.format(source=source), folder)
    site = Site({"/app.js": ("text/javascript", script)})
    head = f"<script>window.TOLD={json.dumps(told)}</script>"
    site.add_page("/x", head=head, body="<script src=/app.js></script>")
    with serving(site):
        target.service.ask("site", "set", target.site, "--origins", site.address)
        page = browser.new_context(user_agent=AGENT).new_page()
        page.add_init_script("Object.defineProperty(navigator, 'webdriver', {get: () => false})")
        page.goto(site.address + "/x")
        yield page
