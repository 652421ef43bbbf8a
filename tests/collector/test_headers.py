"""Repeated headers hide nothing, and a refusal among them stays."""

from __future__ import annotations

import pytest

from collector.consent.request import read_request
from collector.headers import read_headers
from tests.collector.worlds import POLICY, bits


def test_usual_headers_are_as_sent() -> None:
    assert read_headers([(b"host", b"x"), (b"dnt", b"1")]) == {"host": "x", "dnt": "1"}


def test_repeated_ones_are_joined_in_order() -> None:
    sent = [(b"cookie", b"a=1"), (b"x", b"1"), (b"cookie", b"b=2"), (b"x", b"\xff"), (b"y", b"")]
    assert read_headers(sent) == {"cookie": "a=1; b=2", "x": "1, \xff", "y": ""}


@pytest.mark.parametrize("name", [b"sec-gpc", b"dnt"])
@pytest.mark.parametrize(
    ("values", "refuses"),
    [((b"1", b"0"), True), ((b"0", b"1"), True), ((b"0", b"0"), False), ((b"11",), False)],
)
def test_a_refusal_stays_beside_its_contrary(
    name: bytes, values: tuple[bytes, ...], refuses: bool
) -> None:
    said = read_request(read_headers([(name, value) for value in values]), "", POLICY, "soq")
    refused = {one.refused for one in said}
    assert refused == ({bits("advertising", "partner_sharing")} if refuses else set())
