"""Objects come out of lines and arrays one at a time, whatever stands between and inside them."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import _import_json
from commands._import_json import BROKEN, _Cutter, read_objects
from commands._import_source import ImportFailed, Source

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=8) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def objects_of(file: Path, content: bytes) -> list[tuple[int, bytes]]:
    file.write_bytes(content)
    source = Source(file)
    try:
        return list(read_objects(source))
    finally:
        source.close()


@given(
    st.lists(st.dictionaries(st.text(max_size=6), JSON), max_size=5),
    st.integers(min_value=1, max_value=40),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_an_array_is_cut_however_it_is_written(
    objects: list[Any], size: int, indent: int | None, escaped: bool
) -> None:
    text = json.dumps(objects, indent=indent, ensure_ascii=escaped).encode()
    pieces = (text[n : n + size] for n in range(0, len(text), size))
    cut = list(_Cutter().cut(pieces))
    assert [json.loads(found) for _, found in cut] == objects
    for line, found in cut:
        assert text.splitlines()[line - 1].lstrip(b" ,[").startswith(found.splitlines()[0][:1])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"a":1}\n\n{"a":2}\n', [(1, b'{"a":1}'), (3, b'{"a":2}')]),
        (b'\xef\xbb\xbf{"a":1}', [(1, b'{"a":1}')]),
        (b'\xef\xbb\xbf \n[{"a":1},\n{"a":[{}]}]', [(2, b'{"a":1}'), (3, b'{"a":[{}]}')]),
        (b'[{"a":1}]\n[{"a":2}]', [(1, b'{"a":1}'), (2, b'{"a":2}')]),
        (b'[[{"a":1}],[]]', [(1, b'{"a":1}')]),
        (b'[{"a":"}{\\"["}]', [(1, b'{"a":"}{\\"["}')]),
        (b'[{"a":1},null,\n{"a":NaN}]', [(1, b'{"a":1}'), (1, BROKEN), (2, b'{"a":NaN}')]),
        (b"[]", []),
        (b"", []),
        (b"no json\n", [(1, b"no json")]),
    ],
)
def test_forms(tmp_path: Path, content: bytes, found: list[tuple[int, bytes]]) -> None:
    assert objects_of(tmp_path / "f", content) == found
    assert objects_of(tmp_path / "f.gz", gzip.compress(content)) == found


@pytest.mark.parametrize(
    ("content", "told", "before"),
    [
        (b'[{"a":1},\n{"a":', "line 2: what begins here does not end", 1),
        (b'[{"a":1},\n{"a":"x', "line 2: what begins here does not end", 1),
        (b'[{"a":1}}\n,{"a":2}]', "line 1: no JSON from here on", 1),
        (b'[{"a":1}\n,nul', "line 1: what begins here does not end", 1),
        (b'[{"a":1},\n', "line 1: the array does not end", 1),
        (b'[{"a":1}]\n[{"a":2}', "line 2: the array does not end", 2),
        (b"[", "line 1: the array does not end", 0),
        ('[{"a":1}]'.encode("utf-16"), "UTF-16", 0),
        ('{"a":1}'.encode("utf-16-be"), None, 1),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, content: bytes, told: str | None, before: int
) -> None:
    file = tmp_path / "f"
    file.write_bytes(content)
    source = Source(file)
    got: list[tuple[int, bytes]] = []

    def read() -> Iterator[tuple[int, bytes]]:
        yield from read_objects(source)

    if told is None:
        got += read()
    else:
        with pytest.raises(ImportFailed, match=told):
            for one in read():
                got.append(one)
    source.close()
    assert len(got) == before


@pytest.mark.parametrize("inside", [b"[", b'"'])
def test_an_object_that_is_too_long_costs_itself_and_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bytes
) -> None:
    monkeypatch.setattr(_import_json, "OBJECT_BYTES_MAX", 300_000)
    filling = b'"x",' * 500_000 if inside == b"[" else b"x" * 20_000_000
    ending = b'"x"]' if inside == b"[" else b'"'
    file = tmp_path / "f.gz"
    file.write_bytes(
        gzip.compress(b'[{"a":1},\n{"a":' + inside + filling + ending + b'},\n{"a":2}]', 1)
    )
    tracemalloc.start()
    source = Source(file)
    if inside == b"[":
        assert list(read_objects(source)) == [(1, b'{"a":1}'), (2, BROKEN), (3, b'{"a":2}')]
    else:
        with pytest.raises(ImportFailed, match="line 2: a text that begins here does not end"):
            list(read_objects(source))
    assert tracemalloc.get_traced_memory()[1] < 9_000_000
    tracemalloc.stop()
    source.close()


def test_a_line_that_is_too_long_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_import_json, "OBJECT_BYTES_MAX", 20)
    content = b'{"a":1}\n{"a":"' + b"x" * 100 + b'"}\n{"a":2}\n'
    assert objects_of(tmp_path / "f", content) == [(1, b'{"a":1}'), (2, BROKEN), (3, b'{"a":2}')]
