"""Other scrubbers are asked line by line, and their answers led back to spans."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.pii import peers
from benchmarks.pii.corpus import Line

LINES = [Line("", "to a@b.kz", (), "open", "t:1"), Line("phone", "87012345678", (), "open", "t:2")]
ECHO = "import json, sys\nfor line in sys.stdin:\n    key, text = json.loads(line)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs of ours in the place of the peers'."""
    relay = ECHO + "    print(json.dumps(text.replace('a@b.kz', '[email]')))\n"
    (tmp_path / "peer_relay.py").write_text(relay)
    presidio = ECHO + "    print(json.dumps([[0, len(text)]] if key else []))\n"
    (tmp_path / "peer_presidio.py").write_text(presidio)
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    return tmp_path


def test_answers_become_spans(folder: Path) -> None:
    python = Path(sys.executable)
    assert peers.find_by_relay(python, LINES) == [[(3, 9)], []]
    assert peers.find_by_presidio(python, LINES) == [[], [(0, 11)]]
