"""With its real SDK, each vendor's event is sent as often as it must be and stored once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers import ROOT
from tests.sdks.conftest import making_targets
from tests.sdks.retries import CASES, SDKS, Sdk, Seen
from tests.sdks.retrying import play
from tests.service import Service

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def seen(
    sdk_service: Service, numbers: Iterator[int], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Seen]:
    """What became of each SDK's event in each case."""
    with making_targets(sdk_service, numbers) as make:
        return play(make, tmp_path_factory.mktemp("retries"))


COUNTED = [(sdk, case) for sdk in SDKS for case in CASES if sdk.expect(case)]


@pytest.mark.parametrize(
    ("sdk", "case"), COUNTED, ids=[f"{sdk.name}, {case}" for sdk, case in COUNTED]
)
def test_requests_and_rows(sdk: Sdk, case: str, seen: dict[tuple[str, str], Seen]) -> None:
    assert seen[sdk.name, case] == sdk.expect(case)


def test_the_table_of_the_docs_is_what_is_run() -> None:
    text = (ROOT / "docs" / "sdks.md").read_text("utf-8")
    away = text[text.index("## When the collector is away") :].splitlines()
    shown = [line for line in away if line.startswith("| ") and "SDK" not in line]
    assert shown == [sdk.show() for sdk in SDKS]
    run = {
        line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if "`test_" in line
    }
    assert run - {sdk.name for sdk in SDKS} == {"web-vitals, browser", "Sanaq's own, browser"}
