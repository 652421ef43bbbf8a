"""What enriches: country and region of a truncated address, browser and device of a user agent."""

from __future__ import annotations

import pytest

from collector.context import ClientInfo, Place
from collector.stages.gate import gate
from collector.stages.identify_client import identify_client
from collector.stages.locate import locate
from config.policy_rules import SiteRule
from tests.collector.worlds import POLICY, bits, event, rows_of, run_stages

GEO = ("geolocation",)


def test_only_truncated_addresses_are_looked_up_and_only_as_far_as_the_site_takes() -> None:
    asked: list[str] = []

    def place_of(address: str) -> Place:
        asked.append(address)
        return Place("KZ", "Almaty")

    policy = POLICY.model_copy(
        update={"sites": {"coarse": SiteRule(geo="country"), "blind": SiteRule(geo="none")}}
    )
    batch = run_stages(
        [gate, locate],
        event(_address="95.56.10.20"),
        event(_address="2a02:6b8:aaaa:bbbb::1", site="coarse"),
        event(_address="95.56.10.20", site="blind"),
        event(_address=None),
        event(_address="no address"),
        policy=policy,
        place_of=place_of,
    )
    assert rows_of(batch, "country", "region") == [
        ("KZ", "Almaty"), ("KZ", ""), ("", ""), ("", ""), ("", ""),
    ]  # fmt: skip
    assert asked == ["95.56.10.0", "2a02:6b8:aaaa::"]


def test_coordinates_are_kept_to_a_kilometre() -> None:
    sent = event(latitude=43.238293, longitude=-76.945465)
    batch = run_stages([gate, locate], sent, event())
    assert rows_of(batch, "latitude", "longitude") == [(43.24, -76.95), (None, None)]


def test_coordinates_are_as_precise_as_the_policy_says() -> None:
    rule = POLICY.purposes["geolocation"].model_copy(update={"precision_decimals": 1})
    policy = POLICY.model_copy(update={"purposes": POLICY.purposes | {"geolocation": rule}})
    sent = event(latitude=43.238293, longitude=-76.945465)
    batch = run_stages([gate, locate], sent, policy=policy)
    assert rows_of(batch, "latitude", "longitude") == [(43.2, -76.9)]


@pytest.mark.parametrize(
    ("unpermitted", "site", "without", "with_permission"),
    [
        ("region", "soq", ("KZ", "Almaty"), ("KZ", "Almaty")),
        ("country", "soq", ("KZ", ""), ("KZ", "Almaty")),
        ("none", "soq", ("", ""), ("KZ", "Almaty")),
        ("country", "blind", ("", ""), ("", "")),
        ("region", "coarse", ("KZ", ""), ("KZ", "")),
    ],
)
def test_without_geolocation_a_place_is_as_coarse_as_the_policy_says(
    unpermitted: str, site: str, without: tuple[str, str], with_permission: tuple[str, str]
) -> None:
    sites = {"coarse": SiteRule(geo="country"), "blind": SiteRule(geo="none")}
    policy = POLICY.model_copy(update={"geo_unpermitted": unpermitted, "sites": sites})
    sent = [event(_address="95.56.10.20", site=site, granted=bits(*yes)) for yes in ((), GEO)]
    batch = run_stages([gate, locate], *sent, policy=policy)
    assert rows_of(batch, "country", "region") == [without, with_permission]


def test_what_the_app_says_of_its_model_stands_before_the_user_agent() -> None:
    told = ClientInfo("Chrome", "126", "Android", "14", "phone", "SM-A536B", False)
    batch = run_stages(
        [identify_client],
        event(device_model="Galaxy A53"),
        event(),
        event(_user_agent="x", _client_hints="y"),
        client_of=lambda agent, hints: told._replace(
            browser=f"{agent}|{hints}", is_bot=agent == "x"
        ),
    )
    columns = ("browser", "browser_version", "os", "os_version", "device_type")
    assert rows_of(batch, *columns, "device_model", "is_bot") == [
        ("|", "126", "Android", "14", "phone", "Galaxy A53", False),
        ("|", "126", "Android", "14", "phone", "SM-A536B", False),
        ("x|y", "126", "Android", "14", "phone", "SM-A536B", True),
    ]
    assert "_client_hints" not in batch.columns
