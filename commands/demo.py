"""`sanaq demo`: the whole service with sample visitors and one partner release."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Thread

import click
import httpx
import msgspec

from commands._import_source import in_requests
from commands._importer import Importer, own_key
from commands._visitors import AGENTS, sample_events
from commands.up import run_up
from config.release_files import load_releases
from config.settings import Settings, load_settings
from storage.registry import RegistryRefused, audit, keys, open_registry, sites, users
from storage.registry.engine import Registry
from storage.spool import read_ledger
from storage.spool_file import spool_file

SITE = "soq"
TIMEZONE = "Asia/Almaty"
RELEASE = "weekly_reach"
ACCOUNTS = {"analyst": "analyst@soq.example", "operator": "operator@soq.example"}

DAYS_MIN = 14
"""The sample reaches back at least so far, and always over the last closed week."""

LOADED_SECONDS_MAX = 90.0
LIVE_VISITS = 40

Tell = Callable[[str], None]


@click.command()
def demo() -> None:
    """Start every role, play sample visitors, make one partner release, and keep serving.

    \b
    Example: sanaq demo
    """
    settings = load_settings()

    def tell(line: str) -> None:
        click.echo(line, err=True)

    def play(fail: Callable[[], None]) -> None:
        Thread(target=_play_or_fail, args=(settings, tell, fail), daemon=True).start()

    tell("starting every role on loopback …")
    if not run_up(settings, tell, when_ready=play):
        raise click.ClickException("the demonstration did not come to its end; see above")


def _play_or_fail(settings: Settings, tell: Tell, fail: Callable[[], None]) -> None:
    """Play the demonstration; whatever goes wrong ends the service with a failure."""
    try:
        _play(settings, tell)
    except BaseException:
        fail()
        raise


def _play(settings: Settings, tell: Tell) -> None:
    """Fill the service with two weeks of visitors, release, and tell where to look."""
    started = time.monotonic()
    registry = open_registry(settings)
    with suppress(RegistryRefused):
        sites.add_site(registry, SITE, audit.cli_actor(), TIMEZONE)
    with own_key(registry, SITE, audit.cli_actor()) as key:
        _import_sample(settings, registry, key, tell)
    _play_live(settings, registry, tell)
    _await_loaded(settings, tell)
    folder = _make_release(settings, tell)
    tell(f"done in {time.monotonic() - started:.0f} seconds\n")
    _tell_where(settings, registry, folder, tell)
    registry.close()


def _import_sample(settings: Settings, registry: Registry, key: str, tell: Tell) -> None:
    """Send the sample visitors' past through the HTTP endpoint, as a historical import."""
    from aggregator.windows import last_closed_week

    now = registry.now()
    grace = load_releases(settings.config_dir).releases[RELEASE].grace
    first = min(last_closed_week(now, grace).start, now - timedelta(days=DAYS_MIN)).date()
    importer = Importer(settings, key)
    lines = (msgspec.json.encode(event) for event in sample_events(first, now))
    head = b'{"import":{"source":"demo","basis":"consent"},"events":['
    told_at = time.monotonic()
    for request in in_requests(lines, settings.limits, len):
        importer.post("/v1/events", head + b",".join(request) + b"]}", len(request))
        if time.monotonic() - told_at > 2:
            tell(f"  {importer.tally.received:,} events sent")
            told_at = time.monotonic()
    importer.close()
    tally = importer.tally
    tell(f"two weeks of visitors: {tally.received:,} events, {tally.duplicate:,} sent before")


def _play_live(settings: Settings, registry: Registry, tell: Tell) -> None:
    """Send page views of this moment with a browser key, as a page would."""
    key = keys.create_key(
        registry, SITE, "browser", audit.cli_actor(), registry.now() + timedelta(hours=1)
    )
    scheme = "https" if settings.tls_cert else "http"
    url = f"{scheme}://{settings.collector}/v1/events"
    agents = list(AGENTS)
    with httpx.Client(verify=False, timeout=10) as client:
        for number in range(LIVE_VISITS):
            event = {"name": "page_view", "page": {"url": f"https://soq.example/cars/{number}"}}
            headers = {"authorization": f"Bearer {key}", "user-agent": agents[number % 6]}
            client.post(url, json={"events": [event]}, headers=headers).raise_for_status()
    tell(f"visitors of this moment: {LIVE_VISITS} page views")


def _await_loaded(settings: Settings, tell: Tell) -> None:
    """Wait until everything is in the warehouse, and show the ledger's sum."""
    deadline = time.monotonic() + LOADED_SECONDS_MAX
    while (ledger := read_ledger(spool_file(settings))).spooled:
        if time.monotonic() > deadline:
            raise click.ClickException("the warehouse did not take everything in time")
        time.sleep(0.3)
    tell(
        f"received {ledger.received:,} = stored {ledger.stored:,}"
        f" + duplicate {ledger.duplicate:,} + rejected {ledger.rejected:,}"
        f" + refused {ledger.refused:,} + spooled {ledger.spooled:,}"
    )


def _make_release(settings: Settings, tell: Tell) -> str:
    """Draw the release of the last closed week and give its folder."""
    tell("making the partner release of the last closed week …")
    command = [sys.executable, "-m", "cli", "release", "run", RELEASE, "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        click.echo(done.stderr, err=True)
        raise click.ClickException("the release was refused")
    released = msgspec.json.decode(done.stdout)["releases"][-1]
    return str(released["folder"])


def _tell_where(settings: Settings, registry: Registry, folder: str, tell: Tell) -> None:
    """Print the release, the addresses and the sign-ins."""
    with open(f"{folder}/data.csv", encoding="utf-8") as data:
        rows = data.read().splitlines()
    tell(f"partner release  {folder}")
    for row in rows[:9]:
        tell(f"    {row}")
    if len(rows) > 9:
        tell(f"    … {len(rows) - 9} more rows")
    scheme = "https" if settings.tls_cert else "http"
    tell(f"\ncollector        {scheme}://{settings.collector}")
    tell(f"dashboards       {scheme}://{settings.dashboards}")
    for role, email in ACCOUNTS.items():
        tell(f"  sign in as {role} ({email}), once:\n    {_link(settings, registry, role, email)}")
    tell("\nCtrl-C stops everything.")


def _link(settings: Settings, registry: Registry, role: str, email: str) -> str:
    """Give a one-time sign-in link for a sample account, made if it is new."""
    from commands.user import link_of

    try:
        token = users.add_user(registry, email, role, audit.cli_actor())  # type: ignore[arg-type]
    except RegistryRefused:
        token = users.renew_link(registry, email, audit.cli_actor())
    return link_of(settings, token)
