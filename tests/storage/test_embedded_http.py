"""ClickHouse's HTTP interface as clients that we did not write use it."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import uuid
import zlib
from urllib.parse import urlencode

import brotli
import lz4.frame
import polars as pl
import pytest
import zstandard

from tests.storage.warehouses import Server

SQUEEZE = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}
STRETCH = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "lz4": lz4.frame.decompress,
}


def make_table(warehouse: Server, columns: str = "a UInt64, b String") -> str:
    """Make a table of one's own and give its name."""
    name = f"sanaq.t_{uuid.uuid4().hex[:8]}"
    sql = f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY tuple()"
    assert warehouse.ask(sql, "sanaq_writer").status == 200
    return name


@pytest.mark.parametrize("path", ["/", "/ping", "/replicas_status"])
def test_it_says_that_it_lives_to_anyone(warehouse: Server, path: str) -> None:
    told = warehouse.ask("", None, method="GET", path=path)
    assert (told.status, told.body) == (200, b"Ok.\n")


def test_other_paths_are_not_there(warehouse: Server) -> None:
    assert warehouse.ask("", None, method="GET", path="/play").status == 404
    assert warehouse.ask("SELECT 1", path="/../").status == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8123", "127.0.0.1", "127.0.0.1:1"])
def test_a_name_that_is_not_ours_is_refused(warehouse: Server, host: str) -> None:
    for path in ("/ping", "/"):
        told = warehouse.ask("SELECT 1", method="POST", path=path, headers={"Host": host})
        assert told.status == 403


def test_localhost_is_ours(warehouse: Server) -> None:
    host = f"localhost:{warehouse.settings.embedded.port}"
    assert warehouse.ask("SELECT 1", headers={"Host": host}).text == "1\n"


def test_basic_authentication_works(warehouse: Server) -> None:
    pair = f"sanaq_reader:{warehouse.password('sanaq_reader')}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    assert warehouse.ask("SELECT 1", None, headers=headers).text == "1\n"


def test_a_password_in_an_address_is_refused_even_if_right(warehouse: Server) -> None:
    password = warehouse.password("sanaq_reader")
    told = warehouse.ask("SELECT 1", None, user="sanaq_reader", password=password)
    assert (told.status, told.code) == (403, 516)
    assert password not in told.text
    assert warehouse.ask("SELECT 1", user="sanaq_reader").code == 516


def test_without_credentials_nothing_is_told(warehouse: Server) -> None:
    for headers in ({}, {"Authorization": "Basic !!"}, {"Authorization": "Bearer x"}):
        assert warehouse.ask("SELECT 1", None, headers=headers).code == 516


def test_a_query_comes_by_address_body_or_both(warehouse: Server) -> None:
    assert warehouse.ask("", method="GET", query="SELECT 1").text == "1\n"
    assert warehouse.ask("", query="SELECT 1").text == "1\n"
    assert warehouse.ask("SELECT 1").text == "1\n"
    assert warehouse.ask("+ 1", query="SELECT 1").text == "2\n"


@pytest.mark.parametrize(
    ("query", "body", "rows"),
    [
        ("", "INSERT INTO {t} (a, b) VALUES (1, 'x'), (2, 'FORMAT TSV')", "[1,2]"),
        ("", "insert into {t} format TSV\n3\ty\n4\tz", "[3,4]"),
        ("INSERT INTO {t} (a, b) FORMAT TSV", "5\tz\n", "[5]"),
        ("INSERT INTO {t} FORMAT JSONEachRow", '{"a": 6, "b": "INSERT INTO"}', "[6]"),
        ("INSERT INTO {t} VALUES", "(7, 'w')", "[7]"),
        ("INSERT INTO {t} SETTINGS max_threads=1 FORMAT CSV", "8,q", "[8]"),
        ("", "INSERT INTO {t} SELECT 9, 's'", "[9]"),
        ("", "INSERT INTO {t} FORMAT TSV\n", "[]"),
    ],
)
def test_rows_follow_their_insert(warehouse: Server, query: str, body: str, rows: str) -> None:
    table = make_table(warehouse)
    sent = body.replace("{t}", table)
    path = f"/?{urlencode({'query': query.replace('{t}', table)})}"
    told = warehouse.ask(sent, "sanaq_writer", path=path)
    assert told.status == 200, told.text
    found = warehouse.ask(f"SELECT groupArray(a) FROM (SELECT a FROM {table} ORDER BY a)")
    assert found.text == f"{rows}\n"


def test_an_insert_tells_how_many_rows_it_wrote(warehouse: Server) -> None:
    table = make_table(warehouse)
    told = warehouse.ask(f"INSERT INTO {table} VALUES (1,'a'),(2,'b')", "sanaq_writer")
    assert json.loads(told.headers["x-clickhouse-summary"])["written_rows"] == "2"
    assert warehouse.ask(f"SELECT count() FROM {table}").text == "2\n"


def test_parameters_are_values_and_never_sql(warehouse: Server) -> None:
    odd = "it's \\' a\tb\nc \" -- ; \x00 ü"
    escaped = odd.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    told = warehouse.ask(
        "SELECT {s:String}, {n:UInt8} + 1, {a:Array(String)} FORMAT JSONCompactEachRow",
        param_s=escaped.replace("\x00", "\\0"),
        param_n="41",
        param_a="['x', 'y\\'z']",
    )
    assert json.loads(told.text) == [odd, 42, ["x", "y'z"]]


def test_formats_are_chosen_by_statement_then_address_then_header(warehouse: Server) -> None:
    asked = {"X-ClickHouse-Format": "CSV"}
    told = warehouse.ask("SELECT 'a'", headers=asked)
    assert (told.text, told.headers["x-clickhouse-format"]) == ('"a"\n', "CSV")
    told = warehouse.ask("SELECT 'a'", headers=asked, default_format="JSONEachRow")
    assert told.headers["x-clickhouse-format"] == "JSONEachRow"
    told = warehouse.ask("SELECT 'a' FORMAT JSON", headers=asked, default_format="CSV")
    assert told.headers["content-type"].startswith("application/json")
    assert json.loads(told.text)["data"] == [{"'a'": "a"}]


@pytest.mark.parametrize("form", ["ArrowStream", "Parquet"])
def test_large_answers_are_one_file_in_columnar_formats(warehouse: Server, form: str) -> None:
    sql = f"SELECT number AS n, toString(number) AS s FROM numbers(300000) FORMAT {form}"
    body = warehouse.ask(sql, "sanaq_writer").body
    frame = pl.read_ipc_stream(body) if form == "ArrowStream" else pl.read_parquet(body)
    assert frame["n"].to_list() == list(range(300_000))
    assert frame["s"][-1] in ("299999", b"299999")


@pytest.mark.parametrize("rows", [0, 1])
def test_small_answers_are_whole_files_too(warehouse: Server, rows: int) -> None:
    sql = f"SELECT number AS n FROM numbers({rows}) FORMAT ArrowStream"
    frame = pl.read_ipc_stream(warehouse.ask(sql).body)
    assert frame.height == rows
    assert frame.columns == ["n"]


@pytest.mark.parametrize("coding", SQUEEZE)
def test_bodies_may_come_compressed(warehouse: Server, coding: str) -> None:
    table = make_table(warehouse)
    body = SQUEEZE[coding](f"INSERT INTO {table} FORMAT TSV\n".encode() + b"1\tx\n" * 50_000)
    told = warehouse.ask(body, "sanaq_writer", headers={"Content-Encoding": coding})
    assert told.status == 200, told.text
    assert warehouse.ask(f"SELECT count() FROM {table}").text == "50000\n"


@pytest.mark.parametrize("coding", SQUEEZE)
def test_a_damaged_body_is_refused_whole(warehouse: Server, coding: str) -> None:
    table = make_table(warehouse)
    body = SQUEEZE[coding](f"INSERT INTO {table} FORMAT TSV\n".encode() + b"1\tx\n" * 50_000)
    for damaged in (body[: len(body) // 2], b"no " + body):
        told = warehouse.ask(damaged, "sanaq_writer", headers={"Content-Encoding": coding})
        assert told.code in (36, 307)
    assert warehouse.ask(f"SELECT count() FROM {table}").text == "0\n"


@pytest.mark.parametrize("coding", STRETCH)
def test_answers_are_compressed_when_asked_for(warehouse: Server, coding: str) -> None:
    sql = "SELECT number FROM numbers(300000)"
    plain = warehouse.ask(sql).body
    headers = {"Accept-Encoding": coding}
    told = warehouse.ask(sql, headers=headers, enable_http_compression="1")
    assert told.headers["content-encoding"] == coding
    assert STRETCH[coding](told.body) == plain
    assert len(told.body) < len(plain)
    assert "content-encoding" not in warehouse.ask(sql, headers=headers).headers


def test_unknown_codings_and_own_compression_are_refused_clearly(warehouse: Server) -> None:
    assert warehouse.ask("SELECT 1", headers={"Content-Encoding": "snappy"}).code == 36
    assert warehouse.ask("SELECT 1", compress="1").code == 48
    assert warehouse.ask("SELECT 1", decompress="1").code == 48


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [
        ("SELEC 1", 62, 400),
        ("SELECT * FROM sanaq.nosuch", 60, 404),
        ("SELECT nosuch FROM sanaq.events", 47, 404),
        ("SELECT {x:UInt8}", 456, 400),
        ("SELECT throwIf(1)", 395, 500),
        ("SELECT 1 FORMAT Nosuch", 73, 404),
        ("SELECT * FROM system.users", 497, 403),
    ],
)
def test_faults_have_clickhouse_codes(warehouse: Server, sql: str, code: int, status: int) -> None:
    told = warehouse.ask(sql)
    assert (told.code, told.status) == (code, status)
    assert told.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "(version " in told.text


def test_a_query_keeps_the_name_that_it_was_given(warehouse: Server) -> None:
    told = warehouse.ask("SELECT 1", query_id="mine-1.2:3_4")
    assert told.headers["x-clickhouse-query-id"] == "mine-1.2:3_4"
    assert uuid.UUID(warehouse.ask("SELECT 1").headers["x-clickhouse-query-id"])
    assert warehouse.ask("SELECT 1", query_id="a b'").code == 36


def test_a_session_is_taken_and_keeps_nothing(warehouse: Server) -> None:
    assert warehouse.ask("SELECT 1", session_id="s", session_timeout="60").text == "1\n"
    told = warehouse.ask("CREATE TEMPORARY TABLE x (a Int8)", "sanaq_writer", session_id="s")
    assert told.code == 497


def test_databases_are_the_roles_own(warehouse: Server) -> None:
    sql = "SELECT currentDatabase()"
    assert warehouse.ask(sql, database="sanaq_analyst").text == "sanaq_analyst\n"
    headers = {"X-ClickHouse-Database": "sanaq_analyst"}
    assert warehouse.ask(sql, headers=headers).text == "sanaq_analyst\n"
    assert warehouse.ask(sql, "sanaq_analyst").text == "sanaq_analyst\n"
    for database in ("system", "default'; DROP", "nosuch"):
        assert warehouse.ask(sql, database=database).code == 81
    assert warehouse.ask(sql, "sanaq_analyst", database="sanaq").code == 81


def test_strange_requests_get_a_clear_answer(warehouse: Server) -> None:
    assert warehouse.ask("SELECT 1", path="/?query=SELECT+1&query=SELECT+2").code == 36
    assert warehouse.ask(b"SELECT '\xff'").code == 62
    assert warehouse.ask("", method="PUT").code == 48
    assert warehouse.ask("SELECT 1", headers={"Content-Type": "multipart/form-data"}).code == 36
    assert warehouse.ask("SELECT " + "(" * 5_000 + "1" + ")" * 5_000).code != 0
    assert warehouse.ask("SELECT " + "1," * 100_000 + "1 FORMAT Null").status in (200, 400)


def test_curl_works_unchanged(warehouse: Server) -> None:
    where = f"http://{warehouse.settings.embedded}/"
    user = f"sanaq_reader:{warehouse.password('sanaq_reader')}"
    run = ["curl", "--silent", "--fail", "--max-time", "30", "--user", user]
    body = subprocess.run([*run, "--data-binary", "SELECT 1 + 1", where], capture_output=True)
    assert body.stdout == b"2\n"
    form = [*run, "--form", "query=SELECT {n:UInt8} + 1", "--form", "param_n=2", where]
    assert subprocess.run(form, capture_output=True).stdout == b"3\n"
    squeezed = [*run, "--compressed", f"{where}?enable_http_compression=1&query=SELECT+4"]
    assert subprocess.run(squeezed, capture_output=True).stdout == b"4\n"
    assert subprocess.run([*run, "--data", "SELEC", where], capture_output=True).returncode == 22
