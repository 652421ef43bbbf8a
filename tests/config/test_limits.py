"""Limits: the operator's over the shipped ones, each within reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.limits import Limits, load_limits, read_limits


def write(folder: Path, text: str) -> Path:
    """Write a settings file; give its folder."""
    (folder / "settings.toml").write_text(text, "utf-8")
    return folder


def test_every_limit_has_a_unit_and_a_sentence() -> None:
    units = ("_bytes_max", "_chars_max", "_seconds_max", "_days_max", "_ms_max", "_kept_seconds")
    counts = ("_max", "_workers")
    for name, field in Limits.model_fields.items():
        assert name.endswith(units + counts)
        assert field.description
        assert field.description.endswith(".")


def test_what_the_operator_names_counts_and_the_rest_is_shipped(tmp_path: Path) -> None:
    limits = load_limits(write(tmp_path, "[limits]\ncollector_workers = 7\n"))
    assert limits.collector_workers == 7
    assert limits.body_bytes_max == load_limits().body_bytes_max


def test_without_a_file_all_is_shipped(tmp_path: Path) -> None:
    assert load_limits(tmp_path) == load_limits()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[limits]\ncollector_workers = 0\n", 2),
        ("[limits]\n\ncollector_worker = 1\n", 3),
        ('[limits]\nbody_bytes_max = "1"\n', 2),
        ("[limits]\nload_linger_seconds_max = nan\n", 2),
        ("[limits]\nspool_bytes_max = -1\n", 2),
        ("limits = 3\n", 1),
        ("[limit]\n", 1),
        ("[limits]\nevent_age_days_max = 8\n", 2),
        ("[limits]\n# small\nbody_inflated_bytes_max = 10\n", 3),
        ("[limits]\nevents_per_batch_max = 10\n", 2),
        ("[limits\n", 1),
    ],
)
def test_a_wrong_limit_has_its_line(tmp_path: Path, text: str, line: int) -> None:
    limits, errors = read_limits(write(tmp_path, text))
    assert limits is None
    assert [error.line for error in errors] == [line]
