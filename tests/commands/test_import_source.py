"""Whatever is in a file, its lines come one at a time, bounded, and each is told apart."""

from __future__ import annotations

import gzip
import io
import os
import tracemalloc
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands._import_source import (
    ImportFailed,
    Occurrences,
    Source,
    in_requests,
    request_bytes_max,
)
from tests.collector.worlds import LIMITS as SHIPPED

BOUND = 50
LIMITS = SHIPPED.model_copy(
    update={
        "events_per_request_max": 3,
        "body_bytes_max": 125,
        "body_inflated_bytes_max": 1_000,
    }
)
"""A hundred bytes of lines a request."""


def lines_of(file: Path, content: bytes) -> list[bytes]:
    file.write_bytes(content)
    with closing(Source(file)) as source:
        return list(source.lines(BOUND))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\nb\r\n\r\n\n c \n", [b"a", b"b", b" c "]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", [b"a", b"\xef\xbb\xbfb"]),
        (b"\x00\xff\rx\n", [b"\x00\xff\rx"]),
        (b"\x1f", [b"\x1f"]),
        (b"x" * BOUND + b"\nb\n", [b"x" * BOUND, b"b"]),
        (b"x" * (BOUND + 1) + b"\nb\n", [b"x" * (BOUND + 1), b"b"]),
        (b"x" * 1_000 + b"\nb\n", [b"x" * (BOUND + 1), b"b"]),
        (b"b\n" + b"x" * 1_000, [b"b", b"x" * (BOUND + 1)]),
    ],
)
def test_lines(tmp_path: Path, content: bytes, lines: list[bytes]) -> None:
    assert lines_of(tmp_path / "plain.gz", content) == lines
    assert lines_of(tmp_path / "packed", gzip.compress(content)) == lines
    halves = gzip.compress(content[:3]) + gzip.compress(content[3:])
    assert lines_of(tmp_path / "members", halves) == lines


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=10))
def test_every_line_comes_once(tmp_path_factory: pytest.TempPathFactory, it: list[bytes]) -> None:
    file = tmp_path_factory.mktemp("l") / "f"
    told = [one for line in it if (one := line.rstrip(b"\r"))]
    # Packed, so that no line can make the file look packed.
    assert lines_of(file, gzip.compress(b"\n".join([b"head", *it]))) == [b"head", *told]


@pytest.mark.parametrize("damage", ["cut", "noise", "trailer"])
def test_a_damaged_archive_gives_what_came_before(tmp_path: Path, damage: str) -> None:
    content = b"".join(b"%d %s\n" % (n, os.urandom(20).hex().encode()) for n in range(5_000))
    packed = gzip.compress(content)
    half = len(packed) // 2
    broken = {
        "cut": packed[:half],
        "noise": packed[:half] + bytes(100) + packed[half + 100 :],
        "trailer": packed[:-8] + bytes(8),
    }
    file = tmp_path / "f.gz"
    file.write_bytes(broken[damage])
    got: list[bytes] = []
    with pytest.raises(ImportFailed, match="to its end"), closing(Source(file)) as source:
        for request in in_requests(source.lines(1_000), SHIPPED, len):
            got += request
    # Noise inside is unpacked to other noise before it is noticed.
    assert got[:2_000] == content.splitlines()[:2_000]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="cannot be read"):
        Source(tmp_path)


def test_an_endless_line_costs_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "f.gz"
    with gzip.open(file, "wb", 1) as packed:
        for _ in range(64):
            packed.write(b"x" * 1_000_000)
    tracemalloc.start()
    with closing(Source(file)) as source:
        (line,) = source.lines(100_000)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    assert len(line) == 100_001


def test_standard_input_may_be_packed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.BytesIO, lambda data: io.BufferedReader(io.BytesIO(data))):
        for content in (b"a\nb", gzip.compress(b"a\nb")):
            monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream(content)))
            source = Source(Path("-"))
            assert list(source.lines(BOUND)) == [b"a", b"b"]
            assert source.share_read() is None
            source.close()


def test_how_far_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"0123456789\n" * 100_000)
    with closing(Source(file)) as source:
        told = [source.share_read() or 0 for n, _ in enumerate(source.lines(BOUND))]
    assert told == sorted(told) and 0 < told[0] < 0.1
    assert told[-1] == 1.0


def test_equal_lines_are_told_apart_by_how_often_they_came() -> None:
    seen, other = Occurrences(), Occurrences()
    counted = [seen.count(line) for line in (b"a", b"b", b"a", b"a", b"")]
    assert [before for before, _ in counted] == [0, 0, 1, 2, 0]
    assert len({digest for _, digest in counted}) == 3
    assert other.count(b"a") == counted[0]


@pytest.mark.parametrize(
    ("lines", "requests"),
    [
        ([], []),
        ([b"a"] * 3, [3]),
        ([b"a"] * 7, [3, 3, 1]),
        ([b"a" * 50] * 3, [2, 1]),
        ([b"a" * 101, b"b"], [1, 1]),
        ([b"b", b"a" * 101, b"b", b"c"], [1, 1, 2]),
    ],
)
def test_requests_keep_the_bounds(lines: list[bytes], requests: list[int]) -> None:
    assert request_bytes_max(LIMITS) == 100
    cut = list(in_requests(iter(lines), LIMITS, len))
    assert [len(one) for one in cut] == requests
    assert [line for one in cut for line in one] == lines


def test_even_noise_fits_into_a_body() -> None:
    limits = SHIPPED
    noise = os.urandom(request_bytes_max(limits))
    assert len(gzip.compress(noise, 1)) < limits.body_bytes_max * 0.9
    assert 6 * len(noise) < limits.body_inflated_bytes_max
