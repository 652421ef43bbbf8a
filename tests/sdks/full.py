"""A collector whose spool is full: it answers every event with 503, as it does in earnest."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.helpers import free_port
from tests.service import START_SECONDS_MAX, STOP_SECONDS_MAX, Service, answers, wait_until

SPOOL_BYTES_MAX = 1_000_000
"""The smallest spool that may be configured."""

FULL_OF = (90, 30, 10, 3, 1, 0)
"""Texts per event with which it is filled, until not even the smallest event has room."""

SITE = "full"


@contextmanager
def running_full(service: Service) -> Iterator[str]:
    """Run a collector and a spooler beside a service, with its keys; give its address, once full.

    Nothing is ever loaded from its spool.
    """
    folder = service.folder / "full"
    config = folder / "config"
    shutil.copytree(service.environ["SANAQ_CONFIG"], config)
    _shrink(config / "settings.toml")
    port = free_port()
    environ = service.environ | {
        "SANAQ_HOME": str(folder / "home"),
        "SANAQ_CONFIG": str(config),
        "SANAQ_COLLECTOR": f"127.0.0.1:{port}",
        "SANAQ_REGISTRY": f"sqlite:///{service.home}/registry/registry.sqlite",
    }
    address = f"http://127.0.0.1:{port}"
    with (folder / "log.txt").open("ab") as log:
        roles = [
            subprocess.Popen(
                [sys.executable, "-m", "cli", role],
                cwd=folder, env=environ, stdout=log, stderr=log,
            )
            for role in ("spooler", "collector")
        ]  # fmt: skip
        try:
            wait_until(lambda: answers(f"{address}/readyz"), START_SECONDS_MAX)
            _fill(address, service.key(SITE))
            yield address
        finally:
            for role in reversed(roles):
                role.terminate()
            for role in roles:
                role.wait(STOP_SECONDS_MAX)


def _shrink(settings: Path) -> None:
    lines = settings.read_text("utf-8").splitlines()
    limits = {"spool_bytes_max": SPOOL_BYTES_MAX, "collector_workers": 1}
    for number, line in enumerate(lines):
        name = line.partition(" ")[0]
        if name in limits:
            lines[number] = f"{name} = {limits[name]}"
    settings.write_text("\n".join(lines) + "\n", "utf-8")


def _fill(address: str, key: str) -> None:
    """Post ever smaller events of words that do not compress, until each is turned away."""
    chance = random.Random(7)
    for size in FULL_OF:
        texts = {f"text_{n}": _speak(chance) for n in range(size)}
        event: dict[str, object] = {"name": "filler", "properties": texts}
        while _post(address, key, event) == httpx.codes.OK:
            pass
    assert _post(address, key, {"name": "filler"}) == httpx.codes.SERVICE_UNAVAILABLE


def _speak(chance: random.Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ("".join(chance.choices(letters, k=7)) for _ in range(250))
    return " ".join(words)


def _post(address: str, key: str, event: dict[str, object]) -> int:
    headers = {"authorization": f"Bearer {key}"}
    body = json.dumps({"events": [event]})
    return httpx.post(f"{address}/v1/events", content=body, headers=headers, timeout=30).status_code
