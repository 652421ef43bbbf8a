"""Which endpoint a path means: bare, below a prefix, with a key in it, and by what a body holds."""

from __future__ import annotations

import pytest

from collector.outcomes import BadRequest
from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Endpoint, Protocol, Request
from collector.router import Router, choose

ROUTER = Router(PROTOCOLS)

A = Protocol("a", (Endpoint("/batch", owns=lambda one: b"a" in one.body),))
B = Protocol("b", (Endpoint("/batch", owns=lambda one: b"b" in one.body), Endpoint("/x/{n}/y")))


@pytest.mark.parametrize(
    ("path", "below", "key", "prefix"),
    [
        ("/v1/events", "/v1/events", "", ""),
        ("/v1/events/", "/v1/events", "", ""),
        ("/native/v1/events", "/v1/events", "", "/native"),
        ("/native/sk_b_abc/v1/events", "/v1/events", "sk_b_abc", "/native/sk_b_abc"),
    ],
)
def test_a_path_is_found_bare_and_below_its_prefix(
    path: str, below: str, key: str, prefix: str
) -> None:
    found = ROUTER.find(path)
    assert found is not None
    assert (found.path, found.key, found.prefix) == (below, key, prefix)
    assert found.mounts[0].protocol.name == "native"


@pytest.mark.parametrize(
    "path",
    ["/", "", "/nowhere", "/native", "/native/", "/pixel/v1/events", "/native/sk_x_1/v1/events"],
)
def test_other_paths_mean_nothing(path: str) -> None:
    assert ROUTER.find(path) is None


def test_of_two_owners_of_a_path_the_body_tells() -> None:
    found = Router([A, B]).find("/batch")
    assert found is not None and len(found.mounts) == 2
    assert choose(found.mounts, Request("/batch", body=b"b")).protocol is B
    with pytest.raises(BadRequest, match="body_invalid"):
        choose(found.mounts, Request("/batch", body=b"c"))


def test_below_a_prefix_there_is_one_owner() -> None:
    found = Router([A, B]).find("/a/batch")
    assert found is not None and choose(found.mounts, Request("/batch")).protocol is A


def test_names_in_braces_stand_for_one_segment() -> None:
    found = Router([A, B]).find("/x/7/y")
    assert found is not None and found.mounts[0].params == {"n": "7"}
    assert Router([A, B]).find("/x/7/8/y") is None


def test_every_protocol_has_a_name_of_its_own_and_no_path_twice() -> None:
    names = [protocol.name for protocol in PROTOCOLS]
    assert len(set(names)) == len(names)
    for protocol in PROTOCOLS:
        paths = [(endpoint.path, endpoint.methods) for endpoint in protocol.endpoints]
        assert len(set(paths)) == len(paths)
