"""The lists of the overview, as data: what each groups by, over which rows, and what it is called.

A new list is one entry here and one word in `PANELS`. Expressions are ours, constant, and the only
text ever put into a query; whatever comes from an address goes in as a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

VIEW_ROWS = "event_name IN ('page_view', 'screen_view')"
"""The rows that are views, as SQL; `queries/totals.sql` says the same."""

SOURCE_NAME = """multiIf(
                campaign_source != '', campaign_source,
                referrer_host = page_host, '',
                replaceRegexpOne(referrer_host, '^www[.]', ''))"""
"""Where a view came from, as SQL: the link's own word, else the referring site, else nothing."""


@dataclass(frozen=True)
class Breakdown:
    """One list: visitors by something."""

    name: str
    """Its word in addresses."""
    title: str
    """Its tab."""
    heading: str
    """What its rows are, above their column."""
    query: str
    """The file in `queries/` that counts it."""
    grouped_by: str
    """SQL expression of a row's name."""
    rows: str
    """SQL condition on the rows that count."""
    counts: str
    """What the second figure counts (`views`, `events`), or nothing where there is none."""
    unnamed: str
    """What a row without a name is called."""
    meaning: str
    """The definition that people read, one or two sentences."""
    empty: str
    """What to do to see something here, for a list without rows."""


BREAKDOWNS = {
    entry.name: entry
    for entry in (
        Breakdown(
            name="sources",
            title="Sources",
            heading="Source",
            query="first_views",
            grouped_by=SOURCE_NAME,
            rows="true",
            counts="",
            unnamed="Direct or unknown",
            meaning="Where a visitor's first view of a day came from: the link's utm_source, else "
            "the referring site, else “Direct or unknown”. Who came from two sources on two days "
            "counts once in each.",
            empty="No visitor was seen arriving. Page views carry their source in page.referrer, "
            "or in a link's utm_source.",
        ),
        Breakdown(
            name="campaigns",
            title="Campaigns",
            heading="Campaign",
            query="first_views",
            grouped_by="campaign_name",
            rows="name != ''",
            counts="",
            unnamed="Unnamed",
            meaning="The utm_campaign of a visitor's first view of a day, where it had one.",
            empty="No link of a campaign was followed. Add ?utm_source=mail&utm_campaign=spring "
            "to the links you send out.",
        ),
        Breakdown(
            name="pages",
            title="Pages",
            heading="Page",
            query="groups",
            grouped_by="concat(page_host, page_path)",
            rows=VIEW_ROWS,
            counts="views",
            unnamed="No page named",
            meaning="Distinct visitors that viewed a page, and how often it was viewed. The page "
            "is host and path, without the query.",
            empty="No page was viewed. Send page_view events with page.url.",
        ),
        Breakdown(
            name="events",
            title="Events",
            heading="Event",
            query="groups",
            grouped_by="event_name",
            rows="true",
            counts="events",
            unnamed="Unnamed",
            meaning="Distinct visitors with at least one event of that name, and how many events "
            "there were.",
            empty="No event arrived. Any name will do: search, chat_open, deal.",
        ),
        Breakdown(
            name="countries",
            title="Countries",
            heading="Country",
            query="groups",
            grouped_by="country",
            rows="true",
            counts="",
            unnamed="Unknown",
            meaning="Distinct visitors by country. It is looked up from a shortened network "
            "address, and the address is forgotten at once.",
            empty="No country is known yet. It is looked up when an event arrives from a public "
            "address.",
        ),
        Breakdown(
            name="devices",
            title="Devices",
            heading="Device",
            query="groups",
            grouped_by="device_type",
            rows="true",
            counts="",
            unnamed="Unknown",
            meaning="Distinct visitors by kind of device, told from the user agent, which is not "
            "kept.",
            empty="No device is known yet. It is told from the user agent of the request.",
        ),
        Breakdown(
            name="browsers",
            title="Browsers",
            heading="Browser",
            query="groups",
            grouped_by="browser",
            rows="true",
            counts="",
            unnamed="Unknown",
            meaning="Distinct visitors by browser, told from the user agent, which is not kept.",
            empty="No browser is known yet. It is told from the user agent of the request.",
        ),
        Breakdown(
            name="systems",
            title="Systems",
            heading="Operating system",
            query="groups",
            grouped_by="os",
            rows="true",
            counts="",
            unnamed="Unknown",
            meaning="Distinct visitors by operating system, told from the user agent, which is not "
            "kept.",
            empty="No system is known yet. It is told from the user agent of the request.",
        ),
    )
}
"""Every list by its word."""

PANELS: dict[str, tuple[str, ...]] = {
    "sources": ("sources", "campaigns"),
    "pages": ("pages", "events"),
    "places": ("countries",),
    "devices": ("devices", "browsers", "systems"),
}
"""The page's panels -> the lists that are its tabs; the first is the one shown unasked."""
