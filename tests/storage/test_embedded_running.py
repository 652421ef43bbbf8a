"""Queries that run, wait, are left or break off: bounded, and knowable from outside."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from storage.warehouse import connect, insert_frame, rows_of_batches, running_loads
from tests.storage.warehouses import Server, frame_of, make_server, run_server

SLOW = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
WAIT_SECONDS_MAX = 30.0


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something holds; fail when it takes too long."""
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not what():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.05)


def is_running(server: Server, query_id: str) -> bool:
    """Say whether the engine runs a query of this name."""
    sql = "SELECT count() FROM system.processes WHERE Settings['log_comment'] = {id:String}"
    return server.ask(sql, "sanaq_writer", param_id=query_id).text == "1\n"


@contextmanager
def begun(
    server: Server, sql: str, role: str, query_id: str
) -> Iterator[http.client.HTTPConnection]:
    """Send a query and do not wait for its answer; the connection is closed at the end."""
    connection = http.client.HTTPConnection(str(server.settings.embedded), timeout=30)
    headers = {"X-ClickHouse-User": role, "X-ClickHouse-Key": server.password(role)}
    try:
        connection.request("POST", f"/?{urlencode({'query_id': query_id})}", sql, headers)
        yield connection
    finally:
        connection.close()


def test_an_answer_leaves_while_its_query_runs(warehouse: Server) -> None:
    sql = "SELECT number, throwIf(number = 100000000) FROM numbers(100000001) FORMAT TSV"
    with begun(warehouse, sql, "sanaq_reader", "stream-1") as connection:
        answer = connection.getresponse()
        assert answer.read(4) == b"0\t0\n"
        assert is_running(warehouse, "stream-1")
    wait_for(lambda: not is_running(warehouse, "stream-1"))


def test_a_fault_on_the_way_is_told_at_the_end(warehouse: Server) -> None:
    sql = "SELECT throwIf(number = 900000) FROM numbers(1000000)"
    with begun(warehouse, sql, "sanaq_reader", "late-1") as connection:
        answer = connection.getresponse()
        tag = answer.getheader("X-ClickHouse-Exception-Tag") or ""
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
    end = broken.value.partial[-600:].decode()
    assert f"__exception__\r\n{tag}\r\nCode: 395. DB::Exception: " in end
    assert end.endswith(f"{tag}\r\n__exception__\r\n")


def test_a_reader_that_leaves_has_its_query_cancelled(warehouse: Server) -> None:
    with begun(warehouse, SLOW, "sanaq_reader", "left-1"):
        wait_for(lambda: is_running(warehouse, "left-1"))
    wait_for(lambda: not is_running(warehouse, "left-1"))
    assert warehouse.ask("SELECT 1", query_id="left-1").text == "1\n"


def test_a_name_in_use_is_refused(warehouse: Server) -> None:
    with begun(warehouse, SLOW, "sanaq_reader", "same-1"):
        wait_for(lambda: is_running(warehouse, "same-1"))
        assert warehouse.ask("SELECT 1", query_id="same-1").code == 216


def test_loads_are_known_from_their_first_line_to_their_end(warehouse: Server) -> None:
    client = connect(warehouse.settings)
    where = (warehouse.settings.embedded.host, warehouse.settings.embedded.port)
    assert running_loads(client, "load-") == 0
    sql = "INSERT INTO sanaq.outcomes (host, n) FORMAT TSV"
    head = (
        f"POST /?{urlencode({'query_id': 'load-7-1', 'query': sql})} HTTP/1.1\r\n"
        f"Host: {warehouse.settings.embedded}\r\nX-ClickHouse-User: sanaq_writer\r\n"
        f"X-ClickHouse-Key: {warehouse.password('sanaq_writer')}\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection(where) as slow:
        slow.sendall(head.encode() + b"a\t1\n")
        wait_for(lambda: running_loads(client, "load-7-") == 1)
        assert running_loads(client, "load-8-") == 0
    # Its sender left before the end of the body: nothing of it may happen.
    wait_for(lambda: running_loads(client, "load-7-") == 0)
    assert warehouse.ask("SELECT count() FROM sanaq.outcomes WHERE host = 'a'").text == "0\n"
    client.close()


def test_an_insert_whose_sender_left_runs_to_its_end(warehouse: Server) -> None:
    table = f"sanaq.t_{uuid.uuid4().hex}"
    sql = f"CREATE TABLE {table} (a UInt64) ENGINE = MergeTree ORDER BY a"
    assert warehouse.ask(sql, "sanaq_writer").status == 200
    sql = f"INSERT INTO {table} SELECT number FROM numbers(5000000) WHERE sipHash64(number) != 1"
    client = connect(warehouse.settings)
    with begun(warehouse, sql, "sanaq_writer", f"load-{table}"):
        wait_for(lambda: running_loads(client, f"load-{table}") == 1)
    wait_for(lambda: running_loads(client, f"load-{table}") == 0)
    assert warehouse.ask(f"SELECT count() FROM {table}").text == "5000000\n"
    client.close()


def test_readers_do_not_learn_which_loads_run(warehouse: Server) -> None:
    sql = "SELECT length({requests_held:Array(String)})"
    with begun(warehouse, SLOW, "sanaq_reader", "held-1"):
        wait_for(lambda: is_running(warehouse, "held-1"))
        assert warehouse.ask(sql, param_requests_held="[]").text == "0\n"
        assert warehouse.ask(sql, "sanaq_writer", param_requests_held="[]").text != "0\n"


def test_slow_readers_do_not_keep_the_loader_out(warehouse: Server) -> None:
    busy, codes, ended = 60, [], threading.Event()

    def read(number: int) -> None:
        with begun(warehouse, SLOW, "sanaq_reader", f"busy-{number}") as connection:
            if number >= 48:
                codes.append(connection.getresponse().status)
            ended.wait(WAIT_SECONDS_MAX)

    readers = [threading.Thread(target=read, args=(number,)) for number in range(busy)]
    for reader in readers:
        reader.start()
        time.sleep(0.01)
    try:
        wait_for(lambda: len(codes) == busy - 48)
        assert set(codes) == {503}
        assert warehouse.ask("SELECT 1").code == 202
        assert warehouse.ask("SELECT 1", "sanaq_writer").text == "1\n"
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    wait_for(lambda: warehouse.ask("SELECT 1").status == 200)


def test_one_query_cannot_take_all_memory(warehouse: Server) -> None:
    sql = "SELECT groupArray(number) FROM numbers(1000000000)"
    assert warehouse.ask(sql, "sanaq_analyst").code == 241
    assert warehouse.ask(sql, "sanaq_writer", max_memory_usage="100000000").code == 241
    assert warehouse.ask("SELECT 1").text == "1\n"


def test_peoples_queries_are_bounded(warehouse: Server) -> None:
    told = warehouse.ask(SLOW, "sanaq_operator", max_execution_time="1")
    assert told.code == 159
    told = warehouse.ask("SELECT number FROM numbers(1000001) FORMAT JSON", "sanaq_analyst")
    assert told.code == 396
    assert warehouse.ask("SELECT count() FROM numbers(2000000)", "sanaq_analyst").status == 200


def test_a_second_server_on_the_same_folder_says_so(warehouse: Server) -> None:
    second = make_server(warehouse.settings.home)
    with pytest.raises(AssertionError, match="ended before it answered"):
        second.start()
    assert b"another process serves this warehouse" in second.kill(signal.SIGTERM)


def test_sigterm_ends_even_what_would_not_end(home: Path) -> None:
    with run_server(home) as server:
        with begun(server, SLOW, "sanaq_reader", "last-1"):
            wait_for(lambda: is_running(server, "last-1"))
            errors = server.kill(signal.SIGTERM)
        assert b'"message":"stopped"' in errors
        assert b"Traceback" not in errors


def test_what_was_answered_survives_kill(home: Path) -> None:
    batches: list[str] = []
    with run_server(home) as server:
        for _ in range(3):
            client = connect(server.settings)
            for _ in range(3):
                batch = str(uuid.uuid4())
                rows = [{"site": "soq", "batch_id": batch}] * 100
                insert_frame(client, "events", frame_of("events", rows), f"load-{batch}")
                batches.append(batch)
            server.kill()
            client.close()
            server.start()
        client = connect(server.settings)
        assert rows_of_batches(client, "events", batches) == dict.fromkeys(batches, 100)
        client.close()


def test_nothing_that_was_asked_is_logged(home: Path) -> None:
    canary = uuid.uuid4().hex
    with run_server(home) as server:
        server.ask(f"SELECT '{canary}'", query_id=canary)
        server.ask(f"SELEC {canary}")
        server.ask(f"INSERT INTO sanaq.outcomes (n) VALUES ('{canary}')", "sanaq_writer")
        server.ask("SELECT 1", headers={"X-ClickHouse-User": canary})
        server.ask("SELECT 1", path=f"/{canary}")
        errors = server.kill(signal.SIGTERM)
    assert canary.encode() not in errors
    files = [file for file in home.rglob("*") if file.is_file()]
    assert not [file for file in files if canary.encode() in file.read_bytes()]
