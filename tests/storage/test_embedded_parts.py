"""The embedded warehouse's parts that need no engine."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.settings import HostPort, load_settings
from storage.embedded.asked import choose_query_id, read_address
from storage.embedded.codings import choose_coding, inflate, make_compressor
from storage.embedded.engine import Chunk, escape_parameter, quote
from storage.embedded.engine_files import write_engine_files
from storage.embedded.failures import ServerError
from storage.embedded.formats import ARROW_END, join
from storage.embedded.functions import Functions
from storage.embedded.roles import ROLES, find_role, make_passwords
from storage.embedded.running import QUERIES_HELD_MAX, READS_HELD_MAX, Running
from storage.embedded.server import own_hosts, run_embedded
from storage.embedded.setting_rules import Bounds, check_setting
from tests.helpers import ROOT

CODINGS = ["gzip", "deflate", "br", "zstd", "lz4"]


@given(st.lists(st.binary(max_size=5_000), max_size=5), st.sampled_from(CODINGS))
def test_what_is_compressed_is_inflated_again(pieces: list[bytes], coding: str) -> None:
    compressor = make_compressor(coding)
    data = b"".join(compressor.compress(piece) for piece in pieces) + compressor.flush()
    assert inflate(data, coding, 100_000) == b"".join(pieces)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_not_unpacked(coding: str) -> None:
    compressor = make_compressor(coding)
    bomb = b"".join(compressor.compress(bytes(1_000_000)) for _ in range(100)) + compressor.flush()
    assert len(bomb) < 1_000_000
    with pytest.raises(ServerError) as refused:
        inflate(bomb, coding, 5_000_000)
    assert refused.value.code == 307


@given(st.binary(min_size=1, max_size=300), st.sampled_from(CODINGS))
def test_any_bytes_inflate_or_are_refused(data: bytes, coding: str) -> None:
    try:
        inflate(data, coding, 1_000_000)
    except ServerError as error:
        assert error.code in (36, 307)


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("lz4,zstd", "lz4"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip; q=0, br", "br"),
    ],
)
def test_the_cheapest_accepted_coding_is_taken(accepts: str, coding: str) -> None:
    assert choose_coding(accepts) == coding


def test_arrow_blocks_become_one_stream() -> None:
    schema = b"\xff\xff\xff\xff\x04\x00\x00\x00HEAD"
    blocks = [Chunk(schema + rows + ARROW_END, 1) for rows in (b"one", b"", b"two")]
    joined = b"".join(block.data for block in join("ArrowStream", iter(blocks)))
    assert joined == schema + b"onetwo" + ARROW_END
    assert list(join("ArrowStream", iter([]))) == []


def test_passwords_are_made_once_and_closed_to_others(home: Path) -> None:
    passwords = make_passwords(home)
    assert passwords == make_passwords(home)
    assert len(set(passwords.values())) == len(ROLES)
    for name, password in passwords.items():
        assert len(password) >= 43
        assert stat.S_IMODE((home / "secrets" / name).stat().st_mode) == 0o600
        assert find_role(passwords, name, password) == ROLES[name]
        assert find_role(passwords, name, password + "x") is None
    assert stat.S_IMODE((home / "secrets").stat().st_mode) == 0o700
    assert find_role(passwords, "", "") is None
    assert find_role(passwords, "default", "") is None


def test_engine_files_hold_no_password(home: Path) -> None:
    passwords = make_passwords(home)
    write_engine_files(home, 1_000_000_000)
    written = "".join((home / name).read_text() for name in ("engine.xml", "users.xml"))
    assert not [name for name, password in passwords.items() if password in written]


def test_combinators_open_no_closed_function() -> None:
    functions = Functions(
        listed=frozenset({"sum", "file", "sleep", "summap", "getif"}),
        open=frozenset({"sum", "summap"}),
        aggregates=frozenset({"sum", "summap"}),
        combinators=("if", "map", "ornull", "state"),
    )
    for name in ("sum", "SUMIF", "sumMapIf", "sumStateOrNull", "sumIfOrNull"):
        assert functions.is_open(name)
    for name in ("file", "fileIf", "FILE", "sleepOrNull", "getIf", "if", "", "sumx", "ifsum"):
        assert not functions.is_open(name)


@given(st.text())
def test_quoted_texts_stay_inside_their_quotes(text: str) -> None:
    quoted = quote(text)
    inside = quoted[1:-1].replace("\\\\", "").replace("\\'", "")
    assert quoted[0] == quoted[-1] == "'"
    assert "'" not in inside
    assert "\\" not in inside
    assert not {"\t", "\n", "\r", "\0"} & set(escape_parameter(text))


@given(st.text(max_size=60))
def test_only_known_settings_pass(name: str) -> None:
    with pytest.raises(ServerError):
        check_setting(f"{name} ")


@given(st.dictionaries(st.just("max_rows"), st.text(alphabet="0123456789٣-x. ", max_size=20)))
def test_bounds_are_never_raised(asked: dict[str, str]) -> None:
    try:
        applied = Bounds({"max_rows": 100}).apply(asked)
    except ServerError as error:
        assert error.code == 53
        return
    assert 0 < int(applied["max_rows"]) <= 100


def test_held_queries_are_bounded_and_loading_has_room() -> None:
    running = Running()
    held = [running.hold(f"read-{number}", writes=False) for number in range(READS_HELD_MAX)]
    for query in held:
        query.__enter__()
    with pytest.raises(ServerError) as busy, running.hold("one more", writes=False):
        pass
    assert busy.value.status() == 503
    loads = [
        running.hold(f"load-{number}", writes=True)
        for number in range(QUERIES_HELD_MAX - READS_HELD_MAX)
    ]
    for query in loads:
        query.__enter__()
    assert len(running.others("load-0")) == QUERIES_HELD_MAX - 1
    with pytest.raises(ServerError), running.hold("load-x", writes=True):
        pass
    for query in held + loads:
        query.__exit__(None, None, None)
    assert running.others("") == []


def test_one_name_is_held_once_by_all_threads() -> None:
    running, gate, won = Running(), threading.Barrier(8), []

    def run() -> None:
        gate.wait()
        try:
            with running.hold("same", writes=True):
                won.append(1)
                gate.wait(5)
        except ServerError:
            gate.wait(5)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [1]


@pytest.mark.parametrize(
    "query", [b"a=1&a=2", b"&".join(b"a%d=1" % n for n in range(1_001)), b"a=%ff", b"a=\xff"]
)
def test_addresses_that_cannot_be_read_are_refused(query: bytes) -> None:
    with pytest.raises(ServerError):
        read_address(query)


@given(st.text(max_size=200))
def test_query_names_are_plain_or_refused(text: str) -> None:
    try:
        name = choose_query_id({"query_id": text})
    except ServerError:
        return
    assert name.isascii()
    assert not set(name) & set("'\"\\ \n")


@pytest.mark.parametrize("text", ["", "x", "Code: x", "Code: 1. DB::Exception: odd"])
def test_errors_of_the_engine_are_read_or_unknown(text: str) -> None:
    assert ServerError.of_engine(text).code == 1002


def test_an_error_that_the_engine_wraps_twice_is_told_once() -> None:
    inner = "Code: 164. DB::Exception: Cannot modify. (READONLY) (version 26.9.2.1)"
    error = ServerError.of_engine(f"Code: 164. DB::Exception: {inner}. (READONLY)")
    assert (error.code, error.name, error.what) == (164, "READONLY", "Cannot modify.")


def test_own_names_carry_the_port() -> None:
    assert "127.0.0.1:8123" in own_hosts(HostPort(host="127.0.0.1", port=8123))
    assert "[::1]:8123" in own_hosts(HostPort(host="::1", port=8123))
    assert "127.0.0.1" not in own_hosts(HostPort(host="127.0.0.1", port=8123))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
def test_it_listens_on_loopback_alone(home: Path, host: str) -> None:
    environ = {"SANAQ_HOME": str(home), "SANAQ_CONFIG": str(ROOT / "config")}
    settings = load_settings({**environ, "SANAQ_EMBEDDED": f"{host}:1"})
    with pytest.raises(ConfigError, match="loopback"):
        run_embedded(settings)
