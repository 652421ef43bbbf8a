"""Promise 1: planted identifiers are in no byte that any process of ours writes.

Identifiers of every class are planted in every place that a sender controls, in good and bad
requests. Then every file, every row of every table, every row of the spool, every log line and
every answer is searched, in raw, hex, percent and base64 forms and as digests without a key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import polars as pl
import pytest

from storage.spool_rows import decode_rows
from tests.privacy.needles import CANARIES, find_in, forms_of, search_files
from tests.privacy.planting import HEADERS, Planted, requests
from tests.service import Service, running

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, bytes]]:
    """A service to which every planted request was sent, and all that it answered."""
    with running(tmp_path_factory.mktemp("c"), {"SANAQ_TRUSTED_PROXIES": "127.0.0.1"}) as service:
        keys = [service.key("canary"), service.key("canary", kind="browser")]
        answers = b"".join(_send(service, one, key) for key in keys for one in requests())
        service.await_loaded()
        yield service, answers


def _send(service: Service, one: Planted, key: str) -> bytes:
    """Send one request and give its whole answer."""
    headers = HEADERS | {"authorization": f"Bearer {key if one.key is None else one.key}"}
    if one.key == "":
        del headers["authorization"]
    answer = httpx.request(
        one.method,
        service.collector + one.path,
        content=one.body,
        headers=headers | one.headers,
        timeout=30,
    )
    assert answer.status_code < 500 or answer.status_code == 503, "no request may raise"
    told = {k: v for k, v in answer.headers.items() if k != "access-control-allow-origin"}
    return json.dumps(told).encode() + answer.content


def test_no_answer_repeats_an_identifier(planted: tuple[Service, bytes]) -> None:
    assert find_in(planted[1], CANARIES) == set()


def test_events_were_stored_from_the_planted_requests(planted: tuple[Service, bytes]) -> None:
    ledger = planted[0].ledger()
    assert ledger["stored"] > 50 and ledger["rejected"] > 5 and ledger["undecodable"] > 5
    assert "internal_error" not in ledger["reasons"]


def test_no_row_of_any_table_holds_an_identifier(planted: tuple[Service, bytes]) -> None:
    tables = planted[0].sql(
        "SELECT database, name FROM system.tables WHERE startsWith(database, 'sanaq')"
    )
    assert {"events", "diagnostics", "outcomes"} <= {table["name"] for table in tables}
    for table in tables:
        rows = planted[0].sql(f"SELECT * FROM {table['database']}.{table['name']}")
        assert find_in(json.dumps(rows, ensure_ascii=False).encode(), CANARIES) == set()


def test_no_row_of_the_spool_holds_an_identifier(planted: tuple[Service, bytes]) -> None:
    (file,) = (planted[0].home / "spool").glob("*.sqlite")
    rows = 0
    with closing(sqlite3.connect(file)) as spool:
        for table, blob in spool.execute(
            "SELECT table_name, blob FROM batches JOIN blobs USING (seq)"
        ):
            frame = decode_rows(table, blob)
            rows += frame.height
            assert find_in(_to_bytes(frame), CANARIES) == set()
    assert rows > 50


def test_no_byte_of_any_file_holds_an_identifier(planted: tuple[Service, bytes]) -> None:
    assert search_files([planted[0].folder], CANARIES) == {}


def test_the_search_finds_what_is_planted_past_the_pipeline(tmp_path: Path) -> None:
    control = {"control": "control-canary-e5cape"}
    for number, form in enumerate(forms_of(control["control"])):
        (tmp_path / str(number)).write_bytes(b"before" + form + b"after")
    (tmp_path / "clean").write_bytes(b"nothing of the kind" * 1_000)
    found = search_files([tmp_path], control)
    assert set(found) == {str(number) for number in range(len(forms_of(control["control"])))}
    assert find_in(_to_bytes(pl.DataFrame({"a": list(control.values())})), control) == {"control"}


def _to_bytes(frame: pl.DataFrame) -> bytes:
    """Give every value of a frame as bytes, binary ones as they are and in hex."""
    raw = b"".join(
        value for column in frame if column.dtype == pl.Binary for value in column.to_list()
    )
    return raw + raw.hex().encode() + json.dumps(frame.to_dicts(), default=str).encode()
