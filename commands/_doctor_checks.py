"""What `sanaq doctor` looks at, one function each, in the order in which it tells.

Called by `commands/doctor.py`. A check reads and never makes anything: a doctor that made the
missing master key would cure what it should report.
"""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from collector.web_sdk import NOT_BUILT, read_builds
from config.errors import ConfigError
from config.policy_file import load_policy
from config.settings import HostPort, Settings
from storage.clock import utc_now
from storage.errors import Unavailable
from storage.keyring import open_keyring
from storage.master_key import FILE_NAME, find_source, is_inside, load_master_key
from storage.registry import audit, budget, open_registry

FREE_BYTES_MIN = 1_000_000_000
"""Less free disk than this fails."""

CLOCK_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)
"""No machine that runs this release has an earlier date."""

CLOCK_BACK_MAX = timedelta(minutes=5)
"""How far behind the newest audit entry the clock may be."""

SWEEP_LATE = timedelta(hours=24)
"""How long after its time a key may live before the sweep counts as not running."""

ANSWER_SECONDS_MAX = 2.0
"""How long a role may take to say that it is ready."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    grade: Literal["ok", "warn", "fail"]
    what: str
    """One sentence; where something is wrong it says what to do."""


Findings = Iterator[Finding]
"""What a check gives."""


def check_master_key(settings: Settings) -> Findings:
    """The master key is there, readable by its owner alone, and outside the installation."""
    source = find_source(settings)
    path = source.path
    if path is None:
        yield Finding("ok", "The master key comes from SANAQ_MASTER_KEY.")
    elif is_inside(path, settings.home):
        what = f"The master key {path} lies inside SANAQ_HOME: whoever copies that folder can"
        yield Finding("fail", f"{what} read it. Move it and set SANAQ_MASTER_KEY_FILE.")
        return
    elif not path.exists():
        made = (settings.home / "keys" / FILE_NAME).exists() or source.kind == "file"
        what = "is missing: put it back" if made else "will be made on the first start"
        yield Finding("fail" if made else "ok", f"The master key {path} {what}.")
        return
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("warn", f"Others may read the master key {path}: chmod 600 it.")
    else:
        yield Finding("ok", f"The master key lies at {path}, outside SANAQ_HOME.")
    try:
        load_master_key(settings)
    except ConfigError as error:
        yield Finding("fail", f"The master key cannot be used: {error.what}.")


def check_folders(settings: Settings) -> Findings:
    """Every folder of the installation is its owner's alone."""
    if not settings.home.exists():
        yield Finding("ok", f"{settings.home} will be made on the first start.")
        return
    folders = [settings.home, *(f for f in sorted(settings.home.iterdir()) if f.is_dir())]
    open_ones = [folder for folder in folders if not _is_private(folder.stat())]
    for folder in open_ones:
        yield Finding("fail", f"Others may enter {folder}: chown it to the service, chmod 700 it.")
    if not open_ones:
        yield Finding("ok", f"The folders under {settings.home} are closed to others.")


def check_disk(settings: Settings) -> Findings:
    """The disk has room for what the spool may hold."""
    folder = next(f for f in (settings.home, *settings.home.parents) if f.exists())
    free_bytes = shutil.disk_usage(folder).free
    spool_bytes_max = settings.limits.spool_bytes_max
    what = f"The disk under {folder} has {free_bytes / 1e9:.1f} GB free"
    if free_bytes < FREE_BYTES_MIN:
        yield Finding("fail", f"{what}: make room, or events will be answered 503.")
    elif free_bytes < spool_bytes_max:
        yield Finding("warn", f"{what}, less than the spool may take ({spool_bytes_max / 1e9} GB).")
    else:
        yield Finding("ok", f"{what}.")


def check_registry(settings: Settings) -> Findings:
    """The registry opens, its audit chain is whole, and the clock has not gone back since."""
    if settings.registry_dsn.startswith("sqlite") and not _has(settings, "registry"):
        yield Finding("ok", "The registry will be made on the first start.")
        yield from _check_clock(None)
        return
    try:
        with closing(open_registry(settings)) as registry:
            verdict = audit.verify(registry)
            newest = audit.read_entries(registry, last=1)
    except (Unavailable, ConfigError):
        yield Finding("fail", "The registry does not open: check SANAQ_REGISTRY and the disk.")
        return
    if verdict.broken_at is None:
        yield Finding("ok", f"The audit log of {verdict.entries} entries is whole.")
    else:
        what = f"The audit log is broken at entry {verdict.broken_at}: {verdict.what}"
        yield Finding("fail", f"{what}. Find out who had access.")
    yield from _check_clock(datetime.fromisoformat(newest[0].at) if newest else None)


def check_keyring(settings: Settings) -> Findings:
    """The keyring opens, its overdue keys are destroyed, and no budget was forgotten since."""
    if not _has(settings, "keys"):
        yield Finding("ok", "The keyring will be made on the first start.")
        return
    try:
        with closing(open_keyring(settings)) as keyring, closing(open_registry(settings)) as found:
            policy = load_policy(settings.config_dir)
            late = keyring.due(utc_now() - SWEEP_LATE, policy.retention_days)
            spends_seen = keyring.seen(budget.COUNTER)
            spends = budget.count_spends(found)
    except (Unavailable, ConfigError):
        yield Finding("fail", "The keyring does not open: check the master key and the disk.")
        return
    if late:
        what = f"{len(late)} pseudonym keys have outlived their time: run `sanaq keys sweep`"
        yield Finding("warn", f"{what}, and see why the service does not.")
    else:
        yield Finding("ok", "The keyring opens, and no key has outlived its time.")
    if spends < spends_seen:
        what = "The registry is an older copy: it has forgotten budget that was spent"
        yield Finding("fail", f"{what}. Restore the newest copy before any release.")


def check_roles(settings: Settings) -> Findings:
    """The roles that should listen on this machine say that they are ready."""
    tls = settings.tls_cert is not None
    yield _ask_role("collector", settings.collector, "/readyz", tls)
    yield _ask_role("dashboards", settings.dashboards, "/readyz", tls)
    if settings.clickhouse is None:
        yield _ask_role("embedded warehouse", settings.embedded, "/ping", tls=False)


def check_web_sdk(settings: Settings) -> Findings:
    """The web SDK that the collector serves is there."""
    builds = read_builds()
    for name, build in builds.items():
        what = f"The web SDK is served as /{name} and as /{build.name}, {build.integrity}."
        yield Finding("ok", what)
    if not builds:
        yield Finding("warn", NOT_BUILT.strip())


CHECKS: list[Callable[[Settings], Findings]] = [
    check_master_key,
    check_folders,
    check_disk,
    check_registry,
    check_keyring,
    check_roles,
    check_web_sdk,
]
"""All checks, in order."""


def _check_clock(newest: datetime | None) -> Findings:
    now = utc_now()
    if now < CLOCK_FLOOR or (newest is not None and now < newest - CLOCK_BACK_MAX):
        yield Finding("fail", "The clock is behind what was written already: set the time.")
    else:
        yield Finding("ok", "The clock is not behind what was written.")


def _is_private(found: os.stat_result) -> bool:
    return stat.S_IMODE(found.st_mode) & 0o077 == 0 and found.st_uid == os.geteuid()


def _has(settings: Settings, folder: Literal["registry", "keys"]) -> bool:
    name = FILE_NAME if folder == "keys" else "registry.sqlite"
    return (settings.home / folder / name).exists()


def _ask_role(role: str, where: HostPort, path: str, tls: bool) -> Finding:
    # "Everywhere" is not an address to connect to; this machine is part of it.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(where.host, where.host)
    try:
        with closing(_connect(host, where.port, tls)) as connection:
            connection.request("GET", path)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return Finding("warn", f"The {role} does not answer at {where}: start it with `sanaq up`.")
    if status != http.client.OK:
        return Finding("fail", f"The {role} at {where} is not ready (status {status}).")
    return Finding("ok", f"The {role} at {where} is ready.")


def _connect(host: str, port: int, tls: bool) -> http.client.HTTPConnection:
    if not tls:
        return http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS_MAX)
    # Only whether it answers is asked: its certificate is for its public name, not this address.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS_MAX, context=context)
