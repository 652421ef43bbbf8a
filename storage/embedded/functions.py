"""Which of the engine's functions a statement may call: by category, less the ones named here.

A function that the engine does not list (one that somebody added) is refused, and so is one of a
category that a later version brings. Table functions are another list: nearly all of them read
what is not a table of ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from storage.embedded.engine import Session
from storage.embedded.words import words

CATEGORIES = frozenset(
    line.strip()
    for line in """
    Aggregate Functions
    Type Conversion
    Dates and Times
    Arrays
    String
    Geo
    Hash
    String Search
    JSON
    Mathematical
    URL
    Arithmetic
    Geo Polygon
    Map
    IP Address
    Comparison
    Tuple
    Time Series
    Distance
    Random Number
    Bitmap
    NumericIndexedVector
    Bit
    Encoding
    UUID
    String Splitting
    String Replacement
    Null
    Rounding
    Time Window
    Conditional
    Logical
    Financial
    """.splitlines()
    if line.strip()
)
"""Categories whose functions compute from their arguments alone."""

OTHERS = words(
    """
    bar byteSize countDigits currentDatabase currentRoles currentSchemas currentUser
    defaultValueOfArgumentType defaultValueOfTypeName digits finalizeAggregation
    formatReadableDecimalSize formatReadableQuantity formatReadableSize formatReadableTimeDelta
    getSizeOfEnumType getSubcolumn identity ignore indexHint isConstant isDecimalOverflow
    lowCardinalityIndices lowCardinalityKeys materialize minSampleSizeContinuous
    minSampleSizeConversion neighbor normalizedQueryHash normalizeQuery normalizeQueryKeepNames
    parseISO8601Duration parseReadableSize parseReadableSizeOrNull parseReadableSizeOrZero
    parseTimeDelta queryID rowNumberInAllBlocks rowNumberInBlock runningAccumulate
    runningDifference runningDifferenceStartingWithFirstValue throwIf toColumnTypeName
    toTypeName transform variantElement variantType version visibleWidth
    """
)
"""Functions of the engine's category of the rest that do the same."""

CLOSED = words("chdb formatRow formatRowNoNewline timeSeriesStoreTags")
"""Functions of an open category that speak of the engine, or read what a format names."""

SYNTAX = words(
    """
    lambda untuple exists grouping
    """
)
"""What the parser calls a function and the list of functions does not hold."""

COMBINATORS = words(
    """
    array argmax argmin distinct foreach if map merge null ordefault ornull resample simplestate
    state tuple
    """
)
"""What an aggregate function's name may end in, once or more; the list of functions names none."""

TABLE_FUNCTIONS = words(
    """
    numbers numbers_mt zeros zeros_mt generateSeries generate_series values SQLStandardValues
    """
)
"""Table functions that make their rows from their arguments."""

TABLE_ENGINES = words(
    """
    MergeTree ReplacingMergeTree SummingMergeTree AggregatingMergeTree CollapsingMergeTree
    VersionedCollapsingMergeTree Memory Null
    """
)
"""Engines that keep a table's rows in the warehouse's own folder."""

TABLE_PARTS = words(
    """
    codec none delta doubledelta gorilla t64 zstd lz4 lz4hc minmax set bloom_filter
    """
)
"""What stands like a function in the definition of a table: codecs and indexes, in lower case."""

_LIST = (
    "SELECT name, alias_to, categories, is_aggregate FROM system.functions "
    "FORMAT JSONCompactEachRow"
)
_COMBINATORS = "SELECT name FROM system.aggregate_function_combinators FORMAT TSVRaw"


@dataclass(frozen=True)
class Functions:
    """The functions that statements may call; names in lower case.

    The engine compares many names without case; a refusal of a spelling that it does not know
    either harms nobody.
    """

    listed: frozenset[str]
    """All that the engine has, and what the parser calls a function."""
    open: frozenset[str]
    """Those of them that may be called."""
    aggregates: frozenset[str]
    """Those of the open ones that aggregate, and so take combinators: `sum`, `sumIf`."""
    combinators: tuple[str, ...]
    """Endings that change an aggregate function: `if`, `array`, `ornull`."""

    def is_open(self, name: str) -> bool:
        """Say whether a function may be called, combinators and case aside."""
        name = name.lower()
        return name in self.open if name in self.listed else self._aggregates(name)

    def _aggregates(self, name: str) -> bool:
        if name in self.aggregates:
            return True
        stems = (name.removesuffix(end) for end in self.combinators if name.endswith(end))
        return any(self._aggregates(stem) for stem in stems if stem)


def list_functions(session: Session) -> Functions:
    """Ask the engine for its functions, and say which are open."""
    rows = [json.loads(line) for line in session.run(_LIST)[0].splitlines()]
    allowed = {name for name, _, category, _ in rows if category in CATEGORIES}
    allowed = (allowed | OTHERS & {name for name, _, _, _ in rows}) - CLOSED
    allowed |= {name for name, alias_to, _, _ in rows if alias_to in allowed}
    endings = session.run(_COMBINATORS)[0].decode().split()
    return Functions(
        listed=_lower({name for name, _, _, _ in rows} | SYNTAX),
        open=_lower(allowed | SYNTAX),
        aggregates=_lower({name for name, _, _, aggregate in rows if aggregate} & allowed),
        combinators=tuple(sorted(_lower(endings))),
    )


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
