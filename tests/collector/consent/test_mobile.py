"""Switches of a device refuse, and never grant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.mobile import ADVERTISING_IDS, SWITCHES, read_switches
from collector.consent.signal import Evidence, Statement
from tests.collector.worlds import POLICY, bits

ACROSS = ("advertising", "partner_sharing")
ZEROS = "00000000-0000-0000-0000-000000000000"
REFUSALS = (0, bits("advertising"), bits(*ACROSS))


def read(device: object, consent: object = None) -> Statement | None:
    """Give what a device says."""
    return read_switches(Evidence({}, {}, {}, consent, device), POLICY, "soq")


@pytest.mark.parametrize(
    ("device", "refused"),
    [
        ({"attTrackingStatus": 0}, ACROSS),
        ({"attTrackingStatus": 1}, ACROSS),
        ({"attTrackingStatus": 2}, ACROSS),
        ({"attTrackingStatus": "2"}, ACROSS),
        ({"attTrackingStatus": 3}, ()),
        ({"att": "denied"}, ACROSS),
        ({"trackingStatus": "notDetermined"}, ACROSS),
        ({"trackingStatus": "restricted"}, ACROSS),
        ({"trackingStatus": "authorized"}, ()),
        ({"adTrackingEnabled": False}, ACROSS),
        ({"adTrackingEnabled": "false"}, ACROSS),
        ({"adTrackingEnabled": "False"}, ACROSS),
        ({"adTrackingEnabled": 0}, ACROSS),
        ({"adTrackingEnabled": True}, ()),
        ({"isLimitAdTrackingEnabled": True}, ("advertising",)),
        ({"lat": "1"}, ("advertising",)),
        ({"limitAdTracking": "false"}, ()),
        ({"advertisingId": ZEROS}, ("advertising",)),
        ({"idfa": ZEROS.replace("-", "")}, ("advertising",)),
        ({"attTrackingStatus": 3, "adTrackingEnabled": False}, ACROSS),
        ({"attTrackingStatus": "?", "lat": True}, ("advertising",)),
    ],
    ids=str,
)
def test_each_switch(device: object, refused: tuple[str, ...]) -> None:
    said = Statement("mobile", 0, bits(*refused))
    assert read(device) == said
    assert read(None, {"device": device}) == said


@pytest.mark.parametrize(
    "device",
    [
        None,
        {},
        "denied",
        [{"att": 2}],
        {"attTrackingStatus": None},
        {"advertisingId": "cdda802e-fb9c-47ad-9866-0794d394c912"},
        {"advertisingId": ""},
        {"advertisingId": "-"},
        {"advertisingId": "0" * 1_000},
    ],
    ids=lambda device: str(device)[:40],
)
def test_a_device_without_switches_says_nothing(device: object) -> None:
    assert read(device) is None
    assert read(None, {"device": device}) is None


@pytest.mark.parametrize("value", ["", "?", 7, -1, 10**400, [], {}, 0.5, "x" * 1_000_000], ids=type)
def test_what_cannot_be_read_is_counted(value: Any) -> None:
    for name in SWITCHES:
        assert read({name: value}) == Statement("mobile", 0, 0, readable=False)


def test_what_the_payload_and_its_consent_say_is_joined() -> None:
    said = read({"lat": True}, {"device": {"att": 1}})
    assert said == Statement("mobile", 0, bits(*ACROSS))


values = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.floats()


@given(st.dictionaries(st.sampled_from([*SWITCHES, *ADVERTISING_IDS]), values))
def test_nothing_grants(device: dict[str, Any]) -> None:
    said = read(device)
    assert said is None or (said.granted == 0 and said.refused in REFUSALS)
