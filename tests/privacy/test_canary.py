"""Promise 1: planted identifiers are in no byte that any process of ours writes.

Identifiers of every class are planted in every place that a sender controls, plainly and under
every disguise, in good and bad requests. Then every file, every row of every table, every row of
the spool, every log line and every answer is searched, in all the forms that `needles` knows. The
spool and the tables of this run are not compressed, and what is slipped past the pipeline on
purpose must be found by the same search.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from collector.consent_desk import PATH as CONSENT_PATH
from collector.protocols import PROTOCOLS
from storage.spool_rows import decode_rows
from tests.privacy.bad_planting import bad_requests
from tests.privacy.needles import CANARIES, find_in, forms_of, search_files
from tests.privacy.openly import (
    environ_of,
    leave_uncompressed,
    send,
    slip_into_spool,
    slip_into_table,
)
from tests.privacy.planting import KEPT, requests
from tests.privacy.planting_vendors import (
    OUR_OWN,
    path_of,
    vendor_protocols,
    vendor_requests,
)
from tests.service import Service, running

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, bytes]]:
    """A service to which every planted request was sent, and all that it answered."""
    folder = tmp_path_factory.mktemp("c")
    with running(folder, environ_of(folder) | {"SANAQ_TRUSTED_PROXIES": "127.0.0.1"}) as service:
        keys = [service.key("canary"), service.key("canary", kind="browser")]
        service.sql("SELECT 1")
        leave_uncompressed(service)
        answers = send(service, [*requests(), *bad_requests()], keys)
        vendors = [planted for _, planted in vendor_requests()]
        for number, key in enumerate(keys):
            answers += send(service, vendors[number::2], [key])
        service.await_loaded()
        yield service, answers


def test_every_path_of_the_collector_is_planted() -> None:
    ours = [protocol for protocol in PROTOCOLS if protocol.name in OUR_OWN]
    paths = {endpoint.path for protocol in ours for endpoint in protocol.endpoints}
    assert {one.path.partition("?")[0] for one in requests()} >= paths | {CONSENT_PATH}
    theirs = {
        path_of(protocol, endpoint)
        for protocol in vendor_protocols()
        for endpoint in protocol.endpoints
    }
    assert {path for path, _ in vendor_requests()} == theirs


def test_no_answer_repeats_an_identifier(planted: tuple[Service, bytes]) -> None:
    assert find_in(planted[1], CANARIES) == set()


def test_events_were_stored_from_the_planted_requests(planted: tuple[Service, bytes]) -> None:
    ledger = planted[0].ledger()
    assert ledger["stored"] > 5_000 and ledger["rejected"] > 500 and ledger["undecodable"] > 20
    assert "internal_error" not in ledger["reasons"]


def test_no_row_of_any_table_holds_an_identifier(planted: tuple[Service, bytes]) -> None:
    tables = planted[0].sql(
        "SELECT database, name FROM system.tables WHERE startsWith(database, 'sanaq')"
    )
    assert {"events", "diagnostics", "outcomes", "consents"} <= {one["name"] for one in tables}
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
    assert rows > 5_000


def test_no_byte_of_any_file_holds_an_identifier(planted: tuple[Service, bytes]) -> None:
    assert search_files([planted[0].folder], CANARIES) == {}


def test_what_may_be_kept_is_found_raw_in_spool_and_tables(planted: tuple[Service, bytes]) -> None:
    kept = {"kept": KEPT}
    spool, parts = (search_files([planted[0].home / n], kept) for n in ("spool", "warehouse"))
    assert any(name.startswith("spool.sqlite") for name in spool)
    assert any(name.endswith(".bin") for name in parts)
    log = search_files([planted[0].folder], kept).keys() - spool.keys() - parts.keys()
    assert log == set(), "only the stores hold rows"


def test_what_is_slipped_past_the_pipeline_is_found(planted: tuple[Service, bytes]) -> None:
    service = planted[0]
    slipped = {"spool": "slipped-spool-e5cape", "table": "slipped-table-e5cape"}
    slip_into_spool(service, f"/a/{slipped['spool']}/b")
    slip_into_table(service, f"/a/{slipped['table']}/b")
    service.await_loaded()
    in_spool = search_files([service.home / "spool"], slipped)
    assert set.union(*in_spool.values()) == {"spool"}
    in_tables = search_files([service.home / "warehouse"], slipped)
    assert set.union(*in_tables.values()) == {"spool", "table"}


def test_the_search_finds_every_form(tmp_path: Path) -> None:
    control = {"control": "control-canary-e5cape"}
    for number, form in enumerate(forms_of(control["control"])):
        (tmp_path / str(number)).write_bytes(b"before" + form.upper() + b"after")
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
