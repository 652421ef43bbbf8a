"""Partner releases as data: what is counted, for which public keys, at what privacy cost.

The shapes of `releases/*.toml` and of `budgets.toml`, which caps what all releases over one data
set may cost together; `config.release_files` reads them. Called by the aggregator. A cost is an
exact fraction, written as text (`"6/1000"`), since caps are compared and never rounded.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, PlainValidator

from config.loading import Strict

COLUMNS = (
    "app_version",
    "browser",
    "campaign_medium",
    "campaign_name",
    "campaign_source",
    "country",
    "device_type",
    "locale",
    "os",
    "page_host",
    "region",
    "site",
)
"""Columns of the events that may be a dimension; everything else comes from `properties.*`."""

DAYS_PER_YEAR = 365
"""Length of the spans within which the caps hold."""

WINDOWS_PER_YEAR_MAX = 55
"""Most windows that touch 365 days: 54 ISO weeks, one of them cut where the keys change."""


def _read_fraction(value: Any) -> Fraction:
    """Read an exact fraction from text; a number would have been rounded before we see it."""
    if isinstance(value, Fraction):
        return value
    if not isinstance(value, str):
        raise ValueError('write the fraction as text, such as "1/2"')
    try:
        fraction = Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise ValueError('this is no fraction such as "1/2"') from None
    if not 0 <= fraction <= 100:
        raise ValueError("a cost lies between 0 and 100")
    return fraction


Exact = Annotated[Fraction, PlainValidator(_read_fraction), PlainSerializer(str)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
SiteName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Key = Annotated[str, Field(min_length=1, max_length=64)]
Source = Annotated[str, Field(pattern=r"^(properties\.)?[a-z][a-z0-9_]{0,63}$")]
FileName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}\.csv$")]


class Dimension(Strict):
    """One grouping column of a release."""

    name: Name
    """Column of the artefact."""
    source: Source
    """Column of the events, or `properties.<key>`."""
    description: Text
    """What it says, for the people who read the release."""
    keyset: FileName | None = None
    """File of the public keys in `keysets/`; none means private selection of the keys."""
    others: Key | None = None
    """Key of the set that takes every value outside it; none leaves such rows out."""


class Bounds(Strict):
    """The most that one unit contributes to one window."""

    cells_per_unit_max: Annotated[int, Field(ge=1, le=64)]
    """Cells in which one unit is counted; L0."""
    rows_per_cell_max: Annotated[int, Field(ge=1, le=1_000)]
    """Rows of one unit that one cell counts; Linf."""
    loss_cells_max: Annotated[int, Field(ge=1, le=1_000)]
    """Cells of one unit that the estimate of what bounding cost looks at."""


class Budget(Strict):
    """What one window costs, in zCDP."""

    units_rho: Exact
    """For the counts of units."""
    rows_rho: Exact
    """For the counts of rows."""
    loss_rho: Exact
    """For the estimate of what bounding cost."""
    selection_delta: Exact
    """Chance that a key of one unit alone is named; 0 where all keys are public."""
    epsilon_delta: Exact
    """The delta at which epsilon is told."""

    @property
    def rho(self) -> Fraction:
        """The whole cost of one window."""
        return self.units_rho + self.rows_rho + self.loss_rho


class Measures(Strict):
    """Names of the two counts in the artefact."""

    units: Name
    """Counts of units, such as `devices`."""
    rows: Name
    """Counts of rows, such as `views`."""


class ReleaseFile(Strict):
    """One release as its file declares it."""

    mode: Literal["dp"]
    """What is claimed: `dp`, differential privacy per unit and window."""
    question: Text
    """What the release answers, in words."""
    partners: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Who gets it; the same bytes cost once, however many get them."""
    approver: Text
    """Who answers for it."""
    review_by: date
    """After this day it runs no more until somebody has looked at it again."""
    dataset: Name
    """Data set whose budget pays; a table of `budgets.toml`."""
    sites: tuple[SiteName, ...] = ()
    """Sites that are counted; none means all of the warehouse."""
    events: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Event types whose rows are counted."""
    purpose: Literal["partner_sharing"]
    """Purpose that must be among the purposes of a row."""
    unit: Literal["device", "person"]
    """Whose taking part is protected; rows without that id do not enter."""
    window: Literal["7d"]
    """Length of a window: ISO weeks in UTC."""
    grace_hours: Annotated[int, Field(ge=0, le=240)]
    """How long late events are waited for after a window has ended."""
    suppress_below: Annotated[int, Field(ge=0, le=100_000)]
    """Cells with a smaller noisy count of units are left blank, for tidiness."""
    units_min: Annotated[int, Field(ge=1, le=1_000)] = 1
    """Floor under the true count of units of a key before selection; protects rare labels."""
    measures: Measures
    """Names of the counts."""
    bounds: Bounds
    """The most that one unit contributes."""
    budget: Budget
    """What one window costs."""
    dimensions: Annotated[tuple[Dimension, ...], Field(min_length=1, max_length=4)]
    """Grouping columns."""


class Release(ReleaseFile):
    """One release with its name and the public keys that its file names."""

    name: Name
    """Name of its file."""
    keysets: dict[str, tuple[str, ...]]
    """Dimension -> its public keys, for dimensions that have a keyset."""

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The grouping columns in the artefact's order."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def grace(self) -> timedelta:
        """The wait for late events."""
        return timedelta(hours=self.grace_hours)

    @property
    def is_public(self) -> bool:
        """True where every key is public, so that no cell has to be chosen privately."""
        return len(self.keysets) == len(self.dimensions)


class Cap(Strict):
    """What all releases over one data set may cost one unit together."""

    description: Text
    """What the data set is."""
    rho_per_year_max: Exact
    """zCDP within any 365 days."""
    delta_per_year_max: Exact
    """Chance that selection fails, within any 365 days."""


class Budgets(Strict):
    """The file `budgets.toml`."""

    datasets: dict[Name, Cap]
    """Data set -> its cap."""


class Releases(Strict):
    """Every release and the caps that they share."""

    releases: dict[str, Release]
    """Name -> release."""
    caps: dict[str, Cap]
    """Data set -> cap."""
