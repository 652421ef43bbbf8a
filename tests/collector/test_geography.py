"""Country and region of an address: the shipped table, a real file, and every layout in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.context import Place
from collector.geography import NOWHERE, open_geography
from config.errors import ConfigError
from tests.collector.mmdb import write_mmdb
from tests.helpers import ROOT

REAL = ROOT / "node_modules" / "@ip-location-db" / "dbip-country-mmdb"
"""DB-IP's free country file (CC BY 4.0), fetched by set-up for these tests alone."""

KNOWN = [
    ("95.56.10.0", "KZ"),
    ("89.218.1.0", "KZ"),
    ("2.72.0.0", "KZ"),
    ("77.88.8.0", "RU"),
    ("8.8.8.0", "US"),
]


@pytest.mark.parametrize(
    ("address", "country"),
    [*KNOWN, ("2a02:6b8::", "RU"), ("10.0.0.0", ""), ("127.0.0.0", ""), ("fe80::", "")],
)
def test_the_shipped_table_gives_the_country(address: str, country: str) -> None:
    assert open_geography(None)(address) == Place(country, "")


@pytest.mark.parametrize(("address", "country"), [*KNOWN, ("2a02:6b8::", "RU"), ("10.0.0.0", "")])
def test_a_real_file_gives_the_country(address: str, country: str) -> None:
    assert open_geography(REAL / "dbip-country.mmdb")(address) == Place(country, "")


def test_a_real_file_of_v4_alone_knows_no_v6_place() -> None:
    place_of = open_geography(REAL / "dbip-country-ipv4.mmdb")
    assert place_of("95.56.10.0") == Place("KZ", "")
    assert place_of("2a02:6b8::") == NOWHERE


LAYOUTS: dict[str, tuple[Any, Place]] = {
    "95.56.1.0/24": (
        {
            "country": {"iso_code": "KZ", "names": {"en": "Kazakhstan"}},
            "registered_country": {"iso_code": "RU"},
            "subdivisions": [{"iso_code": "ALA", "names": {"en": "Almaty"}}],
        },
        Place("KZ", "Almaty"),
    ),
    "95.56.2.0/24": (
        {"country": {"iso_code": "KZ"}, "subdivisions": [{"iso_code": "ALA"}]},
        Place("KZ", "ALA"),
    ),
    "95.56.3.0/24": ({"country_code": "KZ", "state1": "Almaty"}, Place("KZ", "Almaty")),
    "95.56.4.0/24": ({"country": "KZ", "region": "Almaty"}, Place("KZ", "Almaty")),
    "95.56.5.0/24": ({"country_code": "KZ"}, Place("KZ", "")),
    "95.56.6.0/24": ({"country_code": "None", "state1": "Almaty"}, NOWHERE),
    "95.56.7.0/24": ({"country": {"iso_code": "None"}}, NOWHERE),
    "95.56.8.0/24": ({"registered_country": {"iso_code": "KZ"}}, NOWHERE),
    "95.56.9.0/24": ({"country": {"names": {"en": "Kazakhstan"}}, "subdivisions": []}, NOWHERE),
    "95.56.10.0/24": ("KZ", NOWHERE),
    "2a02:6b8::/32": ({"country": {"iso_code": "RU"}, "subdivisions": ["x"]}, Place("RU", "")),
}


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("geo") / "layouts.mmdb"
    file.write_bytes(write_mmdb({network: record for network, (record, _) in LAYOUTS.items()}))
    return file


@pytest.mark.parametrize("network", LAYOUTS)
def test_every_layout_in_use_is_read(layouts: Path, network: str) -> None:
    assert open_geography(layouts)(network.partition("/")[0]) == LAYOUTS[network][1]


def test_an_address_that_a_file_does_not_know(layouts: Path) -> None:
    assert open_geography(layouts)("9.9.9.0") == NOWHERE


def test_replacing_the_file_harms_nobody_who_has_opened_it(tmp_path: Path) -> None:
    file = tmp_path / "geo.mmdb"
    file.write_bytes(write_mmdb({"95.56.0.0/16": {"country_code": "KZ"}}, ip_version=4))
    place_of = open_geography(file)
    file.write_bytes(b"")
    assert place_of("95.56.10.0") == Place("KZ", "")


@pytest.mark.parametrize("content", [None, b"", b"no such format", write_mmdb({})[:40]])
def test_an_unreadable_file_is_the_operators_to_mend(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "geo.mmdb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError):
        open_geography(file)
