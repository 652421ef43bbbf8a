"""Geography: a truncated address -> country and region; coordinates made coarse."""

from __future__ import annotations

import polars as pl

from collector.addresses import truncate_address
from collector.context import Context, Place
from collector.frames import change
from collector.pipeline import stage

COORDINATE_DECIMALS = 2
"""Coordinates are kept to about a kilometre."""

_NOWHERE = Place("", "")


@stage(
    needs=["_address", "site", "latitude", "longitude"],
    adds={"country": pl.String, "region": pl.String},
)
def locate(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Look up country and region of each event's address, as fine as its site permits.

    The address is truncated (/24, /48) before the look-up; neither form is kept.
    """
    rows = zip(batch["_address"].to_list(), batch["site"].to_list(), strict=True)
    places = [_place_of(address, context.policy.geo_of(site), context) for address, site in rows]
    columns = [
        pl.Series("country", [place.country for place in places], pl.String),
        pl.Series("region", [place.region for place in places], pl.String),
    ]
    for coordinate in (batch["latitude"], batch["longitude"]):
        if coordinate.null_count() < batch.height:
            columns.append(coordinate.round(COORDINATE_DECIMALS))
    return change(batch, columns)


def _place_of(address: str | None, finest: str, context: Context) -> Place:
    """Give the place of one address, no finer than the site takes."""
    truncated = truncate_address(address) if address and finest != "none" else ""
    if not truncated:
        return _NOWHERE
    place = context.place_of(truncated)
    return place if finest == "region" else Place(place.country, "")
