"""Promise 1 when things break: nothing that was planted is written by what crashes or complains.

Every role is ended in the middle of batches by three signals, two of which make core files where
core files are allowed; the warehouse refuses rows with errors that quote them; the master key is
another one; the peer is no proxy that is trusted. Then every byte of the service's folder, its
temporary files and its log is searched.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Event

import httpx
import pytest

from storage import warehouse
from tests.privacy.bad_planting import bad_requests, everything
from tests.privacy.needles import CANARIES, search_files
from tests.privacy.openly import environ_of, leave_uncompressed, send, settings_of
from tests.privacy.planting import CONSENTS, KEPT, PROXY_HEADERS
from tests.privacy.test_core_files import cores_allowed
from tests.service import ROLES, Service, running, wait_until

pytestmark = pytest.mark.timeout(600)

SIGNALS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)
BACK_SECONDS_MAX = 90.0

PARKED = b"batches are parked and need a person"

BREAK = (
    "ALTER TABLE sanaq.events DROP COLUMN page_path",
    "ALTER TABLE sanaq.events ADD COLUMN page_path UInt64",
)
"""From here on the warehouse cannot read the text of this column as a number, and quotes it."""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that everything has happened to, while identifiers were sent."""
    folder = tmp_path_factory.mktemp("b")
    with cores_allowed(), running(folder, environ_of(folder)) as service:
        leave_uncompressed(service)
        key = service.key("canary")
        send(service, bad_requests(), [key])
        with _sending(service, key):
            for number in SIGNALS:
                _end_all_roles(service, number)
        service.await_loaded()
        _break_table(service, key)
        service.stop()
        _start_with_another_key(service)
        yield service


def test_nothing_planted_is_in_any_byte(broken: Service) -> None:
    assert search_files([broken.folder], CANARIES) == {}


def test_no_core_file_is_left(broken: Service) -> None:
    left = {file.name for file in broken.folder.iterdir()}
    assert left == {"home", "tmp", "log.txt", "master.key", "other.key"}


def test_rows_that_the_warehouse_quoted_are_in_no_log(broken: Service) -> None:
    log = broken.log_file.read_bytes()
    assert PARKED in log and KEPT.encode() not in log
    assert KEPT in str(search_files([broken.home / "spool"], {KEPT: KEPT}))


def _end_all_roles(service: Service, number: int) -> None:
    """End a process of every role by a signal, and wait until the service is whole again."""
    ended = {role: service.pids(role)[0] for role in (*ROLES, "worker")}
    for pid in ended.values():
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    wait_until(
        lambda: all(set(service.pids(role)) - {pid} for role, pid in ended.items()),
        BACK_SECONDS_MAX,
    )
    service.await_ready()


class _sending:
    """Posts identifiers without pause, whatever is answered, as long as it is entered."""

    def __init__(self, service: Service, key: str) -> None:
        self._service, self._key = service, key
        self._ended = Event()
        self._threads = ThreadPoolExecutor(2)

    def __enter__(self) -> None:
        for consent in CONSENTS[:2]:
            self._threads.submit(self._post, {"events": [everything()] * 20, "consent": consent})

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._threads.shutdown()

    def _post(self, body: object) -> None:
        while not self._ended.wait(0.02):
            with suppress(httpx.HTTPError):
                self._service.post(self._key, body, headers=PROXY_HEADERS)


def _break_table(service: Service, key: str) -> None:
    """Let the warehouse refuse a batch, with an error that quotes it, until it is parked."""
    with closing(warehouse.connect(settings_of(service), "sanaq_writer")) as client:
        for statement in BREAK:
            client.command(statement)
    kept = everything() | {"page": {"url": f"https://soq.example{KEPT}"}}
    service.post(key, {"events": [kept]}, headers=PROXY_HEADERS)
    wait_until(lambda: PARKED in service.log_file.read_bytes(), BACK_SECONDS_MAX)


def _start_with_another_key(service: Service) -> None:
    """Start the service with a master key that does not open the keyring; it says so and ends."""
    other = Path(service.folder / "other.key")
    other.write_text(os.urandom(32).hex())
    other.chmod(0o600)
    with service.log_file.open("ab") as log:
        ended = subprocess.run(
            [sys.executable, "-m", "cli", "up"],
            cwd=service.folder,
            env=service.environ | {"SANAQ_MASTER_KEY_FILE": str(other)},
            stdout=log,
            stderr=log,
            timeout=BACK_SECONDS_MAX,
            check=False,
        )
    assert ended.returncode == 2
