"""The cheap test for own identifiers over whole columns at once, for batches of many rows.

Called by the scrub stage. Says yes wherever `OwnIds.occur_in` would, and now and then where it
would not; what it says yes to is looked at one by one. Pure.
"""

from __future__ import annotations

import polars as pl

from collector.own_ids import SEPARATOR, TOKEN_CHARS_MIN, USER_AGENT_CHARS_MIN
from collector.unfold import ODD_PATTERN

_CYRILLIC = "авсеніјкморѕтху"
_LATIN = "abcehijkmopstxy"
_ODD_ID = r"[^A-Za-z0-9 ._:;,()/+@|=-]"
"""A sign by which an identifier may be spelled in several ways."""

_LONG_CORE = "([a-z0-9]{6,8})"
_CORE = "([a-z0-9]{3,8})"
"""Letters and digits in a row, which stand in every spelling of an identifier. No longer, since a
UUID may be written with dashes or without."""


def may_occur(
    texts: pl.Series, sent: pl.Series, addresses: pl.Series, agents: pl.Series
) -> pl.Series:
    """Tell of each text whether an identifier of its event may stand in it.

    Shape: texts, joined identifiers, addresses and user agents of the events, null where absent
    -> boolean of the same length.
    """
    folded = texts.str.to_lowercase()
    if folded.str.contains("[^\x00-\x7f]").any():
        folded = folded.str.replace_many(list(_CYRILLIC), list(_LATIN))
    rows = pl.DataFrame([folded.alias("text"), sent.alias("sent"), texts.alias("raw")])
    odd = texts.str.contains(ODD_PATTERN).fill_null(False)
    return odd | _find_senders(rows, addresses, agents) | _find_sent(rows)


def _find_senders(rows: pl.DataFrame, addresses: pl.Series, agents: pl.Series) -> pl.Series:
    """Tell of each row whether the sender's address or user agent may stand in its text."""
    address, agent = pl.col("address"), pl.col("agent").str.to_lowercase()
    shown = [address.str.replace_all(".", sign, literal=True).alias(sign) for sign in "-_"]
    rows = rows.with_columns(
        addresses.str.strip_chars().str.to_lowercase().replace("", None).alias("address"),
        agents.alias("agent"),
    ).with_columns(_core_of(agent).alias("core"), *shown)
    is_long = agent.str.len_chars() >= USER_AGENT_CHARS_MIN
    held = [_holds(name).fill_null(False) for name in ("address", "-", "_")]
    may_hold = agent.str.contains(_ODD_ID) | _holds("core").fill_null(True)
    held.append((is_long & may_hold).fill_null(False))
    return rows.select(pl.any_horizontal(held)).to_series()


def _find_sent(rows: pl.DataFrame) -> pl.Series:
    """Tell of each row whether one of the identifiers that were sent may stand in its text."""
    one = pl.col("sent").str.strip_chars().str.to_lowercase()
    apart = rows.select("text", pl.col("sent").str.split(SEPARATOR)).with_row_index("row")
    apart = apart.explode("sent").with_columns(one).with_columns(_core_of(one).alias("core"))
    hit = pl.col("sent").str.contains(_ODD_ID) | _holds("core").fill_null(True)
    places = apart.filter((pl.col("sent").str.len_chars() >= TOKEN_CHARS_MIN) & hit)["row"]
    return pl.Series(range(rows.height), dtype=pl.UInt32).is_in(places.unique().implode())


def _core_of(identifier: pl.Expr) -> pl.Expr:
    """Give letters and digits in a row of each text in lower case; null where it has too few."""
    return pl.coalesce(identifier.str.extract(_LONG_CORE), identifier.str.extract(_CORE))


def _holds(piece: str) -> pl.Expr:
    """Tell of each text whether the piece in a column stands in it; null where there is none."""
    return pl.col("text").str.contains(pl.col(piece), literal=True)
