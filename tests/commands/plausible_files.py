"""An archive as Plausible exports it; every name and number in it is invented."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

SPAN = "20250101_20250102"

FILES = {
    "visitors": (
        "date,visitors,pageviews,bounces,visits,visit_duration",
        ["2025-01-01,10,30,4,12,600", "2025-01-02,20,50,8,22,900"],
    ),
    "sources": (
        (
            "date,source,referrer,utm_source,utm_medium,utm_campaign,utm_content,utm_term,"
            "pageviews,visitors,visits,visit_duration,bounces"
        ),
        [
            '2025-01-01,"Google","google.example/search?q=somebody","","","","","",20,6,7,300,2',
            '2025-01-01,"Letter","","mail","letter","spring","top","horses",10,4,5,300,2',
        ],
    ),
    "pages": (
        (
            "date,hostname,page,visits,visitors,pageviews,total_scroll_depth,"
            "total_scroll_depth_visits,total_time_on_page,total_time_on_page_visits"
        ),
        [
            '2025-01-01,"soq.example","/",12,10,20,300,9,420,9',
            '2025-01-01,"soq.example","/to/aigerim@soq.example",1,1,1,\\N,\\N,\\N,\\N',
        ],
    ),
    "entry_pages": (
        "date,entry_page,visitors,entrances,visit_duration,bounces,pageviews",
        ['2025-01-01,"/",10,12,600,4,30'],
    ),
    "exit_pages": (
        "date,exit_page,visitors,visit_duration,exits,bounces,pageviews",
        ['2025-01-01,"/end",10,600,12,4,30'],
    ),
    "custom_events": (
        "date,name,link_url,path,visitors,events",
        ['2025-01-01,"Outbound Link: Click","https://x.example/a?to=b","",3,5'],
    ),
    "locations": (
        "date,country,region,city,visitors,visits,visit_duration,bounces,pageviews",
        ['2025-01-01,"KZ","KZ-ALA",1526384,9,11,500,4,28'],
    ),
    "devices": (
        "date,device,visitors,visits,visit_duration,bounces,pageviews",
        ['2025-01-01,"Mobile",7,8,300,3,18'],
    ),
    "browsers": (
        "date,browser,browser_version,visitors,visits,visit_duration,bounces,pageviews",
        ['2025-01-01,"Firefox","133.0",7,8,300,3,18'],
    ),
    "operating_systems": (
        (
            "date,operating_system,operating_system_version,visitors,visits,visit_duration,"
            "bounces,pageviews"
        ),
        ['2025-01-01,"Android","15",7,8,300,3,18'],
    ),
}
"""Name -> header and rows."""


def texts(**changed: str) -> dict[str, str]:
    """Give the files of an archive by name, some of them with other content."""
    whole = {name: "\n".join((head, *rows)) + "\n" for name, (head, rows) in FILES.items()}
    return {f"imported_{name}_{SPAN}.csv": text for name, text in (whole | changed).items()}


def write_archive(
    file: Path, content: Mapping[str, str | bytes], compression: int = zipfile.ZIP_STORED
) -> Path:
    """Write an archive."""
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return file
