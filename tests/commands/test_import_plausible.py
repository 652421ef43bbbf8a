"""Plausible's figures are read as they stand; what is wrong with a file is told with its line."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from collector.pii import Scrubber
from commands import _import_source
from commands._figures_files import LINE_BYTES_MAX, list_members
from commands._figures_rows import TABLES
from commands._figures_run import Found, Work, survey
from commands._import_kinds import Origin
from commands._import_source import ImportFailed
from config.vocabulary import load_vocabulary
from storage.schemas import IMPORTED
from tests.commands.plausible_files import FILES, SPAN, texts, write_archive
from tests.commands.registry_commands import Installation
from tests.helpers import ROOT

SCRUBBER = Scrubber.of(load_vocabulary(ROOT / "config").pii_rules)


def work(*files: Path) -> Work:
    return Work(files, "soq", Origin("plausible", "contract"), SCRUBBER, 2_048)


def figures_of(file: Path) -> list[tuple[str, int, Any]]:
    """Give dimension, line and figure of all that a file holds."""
    one = work(file)
    return [
        (TABLES[member.table].dimension, line, figure)
        for member in list_members(file)
        for line, figure in one.figures(file, member)
    ]


def found_in(file: Path) -> Found:
    return survey(work(file))


def test_an_export_whole(tmp_path: Path) -> None:
    file = write_archive(tmp_path / "export.zip", texts())
    found = found_in(file).told()
    rows = {name: len(lines) for name, (_, lines) in FILES.items()}
    assert found["rows"] == sum(rows.values()) and not found["reasons"]
    assert (found["days"], found["first"], found["last"]) == (2, "2025-01-01", "2025-01-02")
    by_dimension = {(d, n): f for n, (d, _, f) in enumerate(figures_of(file))}
    told = {d: f for (d, _), f in reversed(by_dimension.items())}
    assert told["total"] == {
        "date": date(2025, 1, 1), "value": "", "parts": [], "visitors": 10, "visits": 12,
        "page_views": 30, "bounces": 4, "visit_duration_seconds": 600,
    }  # fmt: skip
    assert (told["page"]["value"], told["page"]["time_on_page_seconds"]) == ("/", 420)
    assert (told["entry_page"]["visits"], told["exit_page"]["visits"]) == (12, 12)
    assert told["source"]["parts"] == [{"key": "referrer", "value": "google.example/search"}]
    assert told["event"]["parts"] == [{"key": "url", "value": "https://x.example/a"}]
    assert (told["event"]["events"], told["country"]["value"]) == (5, "KZ")
    assert told["browser"]["parts"] == [{"key": "version", "value": "133.0"}]
    every = set().union(*(figure for _, _, figure in figures_of(file)))
    assert every <= set(IMPORTED)


def test_what_identifies_is_taken_out(tmp_path: Path) -> None:
    told = str(figures_of(write_archive(tmp_path / "f.zip", texts())))
    assert "aigerim" not in told and "/to/[email]" in told and "somebody" not in told


def test_one_file_out_of_the_archive(tmp_path: Path) -> None:
    file = tmp_path / "browsers_20240101_20250101.csv"
    file.write_text(texts()[f"imported_browsers_{SPAN}.csv"])
    assert [dimension for dimension, _, _ in figures_of(file)] == ["browser"]


def test_rows_that_are_no_figures_cost_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = FILES["devices"][0]
    lines = [
        "\ufeff" + head,
        '2025-01-01,"Mobile",1,1,1,1,1',
        '2025-01-01,"Mobile,1,1,1,1,1',
        "2025-01-01,Mobile,1,1",
        "",
        "2025-13-01,Mobile,1,1,1,1,1",
        "0001-01-01,Mobile,1,1,1,1,1",
        "2025-01-01,Mobile,-1,1,1,1,1",
        "2025-01-01,Mobile,=1+1,1,1,1,1",
        "2025-01-01," + "x" * LINE_BYTES_MAX + ",1,1,1,1,1",
        "2025-01-01,=HYPERLINK(1),2,2,2,2,2",
    ]
    devices = "\r\n".join(lines)
    file = write_archive(tmp_path / "f.zip", texts(devices=devices))
    found = found_in(file)
    assert found.rejected == {"row_invalid": 3, "date_invalid": 2, "count_invalid": 2}
    assert found.rows["device_type"] == 2
    assert [f["value"] for d, _, f in figures_of(file) if d == "device_type" and "value" in f] == [
        "Mobile", "=HYPERLINK(1)",
    ]  # fmt: skip
    member = f"{file}:imported_devices_{SPAN}.csv"
    told = capsys.readouterr().err.splitlines()
    assert told[:3] == [f"{member}:{n}: row_invalid" for n in (3, 4)] + [
        f"{member}:6: date_invalid"
    ]


def test_other_files_are_told_and_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = texts() | {"readme.txt": "x", "imported_secrets_1.csv": "date\n", "d/": ""}
    file = write_archive(tmp_path / "f.zip", content)
    assert found_in(file).left_out == {"file_unknown": 2}
    assert "readme.txt: file_unknown" in capsys.readouterr().err


def test_wrong_bytes_become_the_replacement_sign(tmp_path: Path) -> None:
    text = texts()[f"imported_pages_{SPAN}.csv"].replace("/end", "").encode() + (
        "2025-01-01,soq.example,/caf\xe9,1,1,1,,,,\n".encode("latin-1")
    )
    file = write_archive(tmp_path / "f.zip", {f"imported_pages_{SPAN}.csv": text})
    assert figures_of(file)[-1][2]["value"] == "/caf\ufffd"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (texts(pages="date,hostname,visitors\n"), "pages_.*:1: the header lacks page"),
        (texts(visitors="day,visitors\n2025-01-01,1\n"), "the header lacks date"),
        ({f"imported_pages_{SPAN}.csv": "date,page,visitors\n".encode("utf-16")}, "lacks date"),
        ({f"{n}.csv": "" for n in range(1_001)}, "too many files"),
    ],
)
def test_files_that_are_refused_whole(
    tmp_path: Path, content: dict[str, str | bytes], told: str
) -> None:
    with pytest.raises(ImportFailed, match=told):
        found_in(write_archive(tmp_path / "f.zip", content))


@pytest.mark.parametrize(
    "damage", ["cut", "flipped", "encrypted", "version", "no_utf_8", "nameless"]
)
def test_damaged_archives_change_nothing(tmp_path: Path, damage: str) -> None:
    file = write_archive(tmp_path / "f.zip", texts(), zipfile.ZIP_DEFLATED)
    data = bytearray(file.read_bytes())
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "flipped":
        data[80] ^= 0xFF
    else:
        place = data.index(b"PK\x01\x02")
        at, sign = {
            "encrypted": (8, b"\x01"),
            "version": (6, b"\xff"),
            "no_utf_8": (9, b"\x08"),
            "nameless": (46, b"\x00"),
        }[damage]
        data[place + at : place + at + 1] = sign
        if damage == "no_utf_8":
            data[place + 46] = 0xFF
    file.write_bytes(data)
    with pytest.raises(ImportFailed, match=r"to its end|encrypted"):
        found_in(file)


@pytest.mark.parametrize("way", ["same_file", "other_file", "same_name"])
def test_days_that_come_twice_are_refused(tmp_path: Path, way: str) -> None:
    pages = texts()[f"imported_pages_{SPAN}.csv"]
    file = write_archive(tmp_path / "f.zip", {"pages.csv": pages, "sagep.csv": pages})
    files = [file, file]
    if way == "other_file":
        files[1] = tmp_path / "pages.csv"
        files[1].write_text(pages)
    elif way == "same_name":
        file.write_bytes(file.read_bytes().replace(b"sagep.csv", b"pages.csv"))
        files = [file]
    with pytest.raises(ImportFailed, match="the same days"):
        survey(work(*files))


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_import_source, "UNPACKED_BYTES_FREE", 1_000_000)
    content = {f"imported_pages_{SPAN}.csv": b"x" * 30_000_000}
    file = write_archive(tmp_path / "f.zip", content, zipfile.ZIP_DEFLATED)
    with pytest.raises(ImportFailed, match="unpacks to too much"):
        found_in(file)


def test_a_dry_run_needs_no_warehouse(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = write_archive(tmp_path / "f.zip", texts())
    installation = Installation(home, monkeypatch)
    origin = ("--site", "soq", "--source", "plausible", "--basis", "contract")
    done = installation.run("import", "plausible-csv", str(file), *origin, "--dry-run")
    assert done.exit_code == 0 and "nothing was written" in done.stdout
    assert not list(home.rglob("*.sqlite"))
    done = installation.run("import", "plausible-csv", str(file), *origin)
    assert done.exit_code == 1 and "warehouse is unavailable" in done.stderr
