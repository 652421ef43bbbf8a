"""Formats of rows and answers: which are open, how each is told in HTTP, which can be streamed.

The engine hands a streamed answer over block by block, each whole in its format. Blocks of the
formats in `PLAIN` make the answer when put one after another; those of `ArrowStream` do once the
marks between them are taken out. Answers in all others are made whole first.
"""

from __future__ import annotations

from collections.abc import Iterator

from storage.embedded.engine import Chunk
from storage.embedded.words import words

PLAIN = words(
    """
    Native RowBinary TabSeparated TabSeparatedRaw TSV TSVRaw CSV JSONEachRow JSONLines NDJSON
    JSONL JSONCompactEachRow JSONStringsEachRow JSONCompactStringsEachRow TSKV LineAsString
    RawBLOB Raw
    """
)
"""Formats without head or foot."""

STREAMED = PLAIN | {"ArrowStream"}
"""Formats whose answers leave while the query still runs."""

_WHOLE = (
    "Arrow CSVWithNames CSVWithNamesAndTypes JSON JSONAsString JSONColumns JSONColumnsWithMetadata "
    "JSONCompact JSONCompactColumns JSONCompactEachRowWithNames "
    "JSONCompactEachRowWithNamesAndTypes JSONCompactStrings JSONObjectEachRow JSONStrings Markdown "
    "MD Null Parquet Pretty PrettyCompact PrettyCompactMonoBlock PrettyCompactNoEscapes "
    "PrettyJSONEachRow PrettyNoEscapes PrettySpace RowBinaryWithNames RowBinaryWithNamesAndTypes "
    "TabSeparatedWithNames TabSeparatedWithNamesAndTypes TSVWithNames TSVWithNamesAndTypes "
    "TSVRawWithNames TSVRawWithNamesAndTypes Values Vertical XML"
)

FORMATS = STREAMED | frozenset(_WHOLE.split())
"""All that are open. Left out are those that read a schema or template from a file, and dumps."""

_TYPES = (
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSON", "application/json; charset=UTF-8"),
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
    ("TSV", "text/tab-separated-values; charset=UTF-8"),
    ("CSV", "text/csv; charset=UTF-8"),
    ("XML", "application/xml; charset=UTF-8"),
    ("ArrowStream", "application/vnd.apache.arrow.stream"),
    ("Arrow", "application/vnd.apache.arrow.file"),
    ("Parquet", "application/vnd.apache.parquet"),
    ("Native", "application/octet-stream"),
    ("RowBinary", "application/octet-stream"),
    ("RawBLOB", "application/octet-stream"),
)

ARROW_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""The mark that ends a stream of Arrow's."""

_ARROW_MARK = b"\xff\xff\xff\xff"
_ARROW_HEAD_BYTES = 8


def content_type(form: str) -> str:
    """Give the media type that ClickHouse tells for a format."""
    return next(
        (kind for head, kind in _TYPES if form.startswith(head)), "text/plain; charset=UTF-8"
    )


def join(form: str, blocks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Make one answer of blocks that are each whole in a format of `STREAMED`."""
    return _join_arrow(blocks) if form == "ArrowStream" else blocks


def _join_arrow(blocks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Keep the first block's schema, every block's rows, and one end mark.

    Source: Arrow's IPC streaming format: messages of a mark, a length and as many bytes of
    metadata; the first one is the schema and has no body.
    """
    seen = False
    for block in blocks:
        data = block.data.removesuffix(ARROW_END)
        if seen:
            data = data[_schema_bytes(data) :]
        seen = True
        if data:
            yield Chunk(data, block.rows)
    if seen:
        yield Chunk(ARROW_END, 0)


def _schema_bytes(data: bytes) -> int:
    assert data.startswith(_ARROW_MARK), "the engine's Arrow stream starts with a message"
    return _ARROW_HEAD_BYTES + int.from_bytes(data[4:_ARROW_HEAD_BYTES], "little")
