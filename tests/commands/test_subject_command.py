"""`sanaq subject`: what people asked for, listed without anything that finds them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.settings import load_settings
from storage.registry import open_registry
from storage.registry.requests import ERASE, Asked, note_requests
from tests.commands.registry_commands import Installation


def test_open_requests_are_listed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(home, monkeypatch)
    installation.output("site", "add", "soq")
    assert installation.output("subject", "requests") == "Nothing waits to be done.\n"
    assert installation.output("subject", "requests", "--json") == "[]\n"
    registry = open_registry(load_settings())
    note_requests(registry, [Asked("soq", ERASE, "device", bytes(16), [b"m" * 16], "glean")])
    registry.close()
    (told,) = json.loads(installation.output("subject", "requests", "--json"))
    assert told.keys() == {
        *("id", "kind", "site", "subject_kind", "source", "received_at", "state")
    }
    assert (told["kind"], told["site"], told["state"]) == ("erase", "soq", "open")
    assert told["id"] in installation.output("subject", "requests")
