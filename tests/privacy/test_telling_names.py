"""Properties whose names tell what they hold: nothing of it is kept, however it looks."""

from __future__ import annotations

import json

import pytest

from collector.frames import to_frame
from collector.stages import PROTECT
from tests.collector.worlds import ALL, context, event

NAMES = {
    "[id]": ("user_id", "userId", "seller-user-id", "deviceId", "GAID", "idfa", "gclid", "fbclid"),
    "[consent]": ("tcf", "tcString", "euconsent-v2", "gpp_string"),
    "[coordinates]": ("lat", "lng", "userLatitude", "latLng", "coordinates"),
    "[name]": ("firstname", "lastName", "full name"),
    "[birth]": ("birthdate", "dateOfBirth"),
}
"""Mark -> names of properties whose values it replaces."""

VALUE = "x-1842-43.2384"


@pytest.mark.parametrize(("mark", "name"), [(m, n) for m, names in NAMES.items() for n in names])
def test_a_value_goes_by_its_name(mark: str, name: str) -> None:
    nested = {"deeper": [{name: VALUE}]}
    for table, kind in (("events", None), ("diagnostics", "log")):
        sent = json.dumps({name: VALUE, "nested": nested, "text": json.dumps(nested)}).encode()
        one = event(_properties=sent, table=table, kind=kind, event_name="odd", granted=ALL)
        (row,) = PROTECT.run(to_frame([one]), context()).frame.to_dicts()
        kept = {pair["key"]: pair["value"] for pair in row["properties"]}
        assert kept[name] == mark
        assert VALUE not in "".join(kept.values()) and kept["text"].count(mark) == 1


@pytest.mark.parametrize("name", ["listing_id", "ad_id", "page", "latency", "longest", "category"])
def test_other_names_tell_nothing(name: str) -> None:
    one = event(_properties=json.dumps({name: VALUE}).encode(), event_name="odd", granted=ALL)
    (row,) = PROTECT.run(to_frame([one]), context()).frame.to_dicts()
    assert row["properties"] == [{"key": name, "value": VALUE}] and row["remarks"] == []


@pytest.mark.parametrize("path", ["/@43.238412,76.945123,15z", "/geo/43.238412%2C76.945123"])
def test_a_place_in_a_path_is_as_coarse_as_none(path: str) -> None:
    one = event(page_path=path, granted=ALL)
    (row,) = PROTECT.run(to_frame([one]), context()).frame.to_dicts()
    assert "43.2384" not in row["page_path"] and row["remarks"] == ["coordinates"]
