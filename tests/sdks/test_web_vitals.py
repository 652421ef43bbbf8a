"""The beacons of web-vitals, which carry no key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import open_site
from tests.service import wait_until

pytestmark = pytest.mark.timeout(300)

VITALS = """
import { onFCP, onTTFB } from 'web-vitals';
const send = (figure) => navigator.sendBeacon(`${TOLD.BASE}/v1/web-vitals`, JSON.stringify(figure));
onFCP(send); onTTFB(send);
"""


def test_the_beacons_of_web_vitals(make_target: Callable[..., Target], page_folder: Path) -> None:
    target = make_target()
    told = {"BASE": target.base}
    with open_site(VITALS, told, page_folder, "/install?gclid=Cj0abc", target.list_origin) as page:
        page.wait_for_load_state("load")
        wait_until(lambda: target.relay.count("/v1/web-vitals") == 2, 20)
    assert [one.status for one in target.relay.passed] == [204, 204]
    rows = target.events("diagnostics")
    assert {one["measurements"][0]["name"] for one in rows} == {"FCP", "TTFB"}
    assert {one["page_path"] for one in rows} == {"/install"}
    assert "Cj0abc" not in str(rows)
