"""Geography: a truncated address -> country and region; coordinates made coarse."""

from __future__ import annotations

from functools import cache, partial

import polars as pl

from collector.addresses import truncate_address
from collector.consent.bits import purpose_bits
from collector.context import Context, Place
from collector.frames import change
from collector.pipeline import stage
from collector.stages.permission import PERMITTED
from config.policy import Policy

_NOWHERE = Place("", "")


@stage(
    needs=["_address", "site", PERMITTED, "latitude", "longitude"],
    adds={"country": pl.String, "region": pl.String},
)
def locate(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Look up country and region of each event's address, as fine as its site permits.

    Without permission to *geolocation* it is no finer than the policy says of that. The address
    is truncated (/24, /48) before the look-up; neither form is kept.
    """
    finest_of = cache(partial(_finest, context.policy))
    names = ("_address", "site", PERMITTED)
    rows = zip(*(batch[name].to_list() for name in names), strict=True)
    places = [_place_of(address, finest_of(site, held), context) for address, site, held in rows]
    columns = [
        pl.Series("country", [place.country for place in places], pl.String),
        pl.Series("region", [place.region for place in places], pl.String),
    ]
    for coordinate in (batch["latitude"], batch["longitude"]):
        if coordinate.null_count() < batch.height:
            columns.append(coordinate.round(context.policy.coordinate_decimals))
    return change(batch, columns)


def _finest(policy: Policy, site: str, permitted: int) -> str:
    """Give the finest place that may be taken, with these purposes permitted, as bits."""
    needed = purpose_bits(tuple(policy.purposes))["geolocation"]
    return policy.geo_of(site, bool(permitted & needed))


def _place_of(address: str | None, finest: str, context: Context) -> Place:
    """Give the place of one address, no finer than the site takes."""
    truncated = truncate_address(address) if address and finest != "none" else ""
    if not truncated:
        return _NOWHERE
    place = context.place_of(truncated)
    return place if finest == "region" else Place(place.country, "")
