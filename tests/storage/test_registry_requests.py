"""What people ask for: noted once while it is open, on the audit log, and naming nobody."""

from __future__ import annotations

import json

from storage.registry import audit
from storage.registry.requests import ERASE, Asked, list_requests, note_requests
from tests.storage.registry_worlds import Place, open_registry_at

DIGEST = bytes(range(16))


def asked(site: str = "soq", digest: bytes = DIGEST, *marks: bytes) -> Asked:
    return Asked(site, ERASE, "device", digest, marks, "glean")


def test_a_request_is_noted_once_while_it_is_open(place: Place) -> None:
    registry = open_registry_at(place)
    note_requests(registry, [asked("soq", DIGEST, b"m" * 16), asked("soq", bytes(16))])
    note_requests(registry, [asked("soq", DIGEST, b"n" * 16), asked("ads")])
    noted = list_requests(registry)
    assert sorted(one.site for one in noted) == ["ads", "soq", "soq"]
    assert {(one.kind, one.source, one.state) for one in noted} == {("erase", "glean", "open")}
    assert list_requests(registry, "done") == []
    entries = [one for one in audit.read_entries(registry) if one.action == "request.note"]
    assert {json.loads(one.details_json)["id"] for one in entries} == {one.id for one in noted}
    assert audit.verify(registry).broken_at is None
    assert DIGEST.hex() not in str(entries), "the log finds nobody"
    # A subject's marks are joined, since its keys may have changed in between.
    place.change("UPDATE requests SET state = 'done' WHERE site = 'ads'")
    assert len(list_requests(registry)) == 2
    note_requests(registry, [asked("ads")])
    assert len(list_requests(registry)) == 3, "what was done may be asked for again"
    registry.close()
