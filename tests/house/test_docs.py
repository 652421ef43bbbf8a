"""The documentation is complete and holds together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from cli import sanaq
from collector.outcomes import FAULTS, REASONS
from collector.protocols import PROTOCOLS
from config.policy_rules import PROTOCOLS as KNOWN_PROTOCOLS
from scripts.attribute_docs import read_attribute_docs
from scripts.protocol_tables import PAGE, build_protocols, tell_target
from scripts.reference_code import LIMITS, SETTINGS, list_variables
from scripts.reference_commands import list_commands
from scripts.reference_tables import read_meanings, read_tables
from scripts.write_reference import REFERENCE, build_reference
from storage.schemas import TABLES
from tests.helpers import ROOT
from tests.house.source import ROOMS, list_files, list_product_files, show

DECISIONS = ROOT / "docs" / "decisions"


def test_the_reference_is_what_the_code_says() -> None:
    assert REFERENCE.read_text() == build_reference(), "run `make docs` and commit the page"


def test_the_page_of_protocols_is_what_the_code_says() -> None:
    assert PAGE.read_text() == build_protocols(), "run `make docs` and commit the page"


def test_every_protocol_can_be_switched_off_by_its_name() -> None:
    taken = {protocol.name for protocol in PROTOCOLS}
    assert taken == set(KNOWN_PROTOCOLS), "name each in PROTOCOLS of config/policy_rules.py"


def test_every_target_is_a_column_or_told_in_words() -> None:
    columns = {column for schema in TABLES.values() for column in schema} - {"properties"}
    told = {target: tell_target(target) for one in PROTOCOLS for target in one.fields.values()}
    wrong = [
        target
        for target, text in told.items()
        if text == f"`{target}`" and target not in columns | {"event_id"}
    ]
    assert not wrong, "say in scripts/protocol_tables.py what each of these becomes"


def test_every_setting_has_its_sentence() -> None:
    for file, name in ((SETTINGS, "Settings"), (LIMITS, "Limits")):
        silent = [field for field, text in read_attribute_docs(file, name).items() if not text]
        assert not silent, f"write a docstring under each of these fields of {name}"


def test_every_variable_that_code_reads_is_documented() -> None:
    text = "\n".join(file.read_text() for file in list_product_files())
    read = set(re.findall(r"[\"'](SANAQ_[A-Z_]+)[\"']", text))
    assert read <= set(list_variables()), "read the environment in config/settings.py alone"


def test_every_reason_has_its_sentence() -> None:
    wrong = [name for name, text in REASONS.items() if not text.endswith(".")]
    wrong += [name for name, (_, text) in FAULTS.items() if not text.endswith(".")]
    assert not wrong, "say in one sentence what each of these means"


def test_every_column_has_its_sentence() -> None:
    tables = {table.split(".")[1]: columns for table, columns in read_tables().items()}
    meanings = read_meanings()
    used = {column for columns in tables.values() for column in columns}
    for table, columns in tables.items():
        told = meanings["shared"].keys() | meanings.get(table, {}).keys()
        # A table made `AS` another has that one's columns.
        assert columns.keys() <= told, f"docs/columns.toml lacks columns of {table}"
    for table, told_of in meanings.items():
        known = used if table == "shared" else tables[table].keys()
        assert told_of.keys() <= known, f"docs/columns.toml tells of columns {table} lacks"


def test_tables_have_the_declared_columns_in_order() -> None:
    tables = read_tables()
    for name, schema in TABLES.items():
        assert list(tables[f"sanaq.{name}"]) == list(schema)


def test_every_command_has_help_with_an_example() -> None:
    for path, command in list_commands(sanaq):
        help_text = command.help or ""
        assert help_text, f"{' '.join(path)} needs help"
        assert "sanaq" in help_text + (command.epilog or ""), f"{' '.join(path)} needs an example"
        options = [p for p in command.params if isinstance(p, click.Option)]
        silent = [option.name for option in options if not option.help]
        assert not silent, f"options of {' '.join(path)} need help"


def test_every_page_has_one_title_at_its_top() -> None:
    for file in list_files(".md"):
        titles = [line for line in _list_prose(file) if line.startswith("# ")]
        assert len(titles) == 1, f"{show(file)} has {len(titles)} titles"
        assert file.read_text().startswith("# "), f"{show(file)} begins with its title"


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{show(file)}: {target}"
        for file in list_files(".md")
        for line in _list_prose(file)
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", line)
        if not (file.parent / target).exists()
    ]
    assert not broken, "each of these leads nowhere"


def test_files_named_in_pages_exist() -> None:
    path = re.compile(rf"`((?:docs|scripts|tests|{'|'.join(ROOMS)})/[\w./-]+\.\w+)`")
    broken = [
        f"{show(file)}: {name}"
        for file in list_files(".md")
        for line in _list_prose(file)
        for name in path.findall(line)
        if not (ROOT / name).exists()
    ]
    assert not broken, "each of these files is named and not there"


def test_decisions_are_numbered_once_and_argued() -> None:
    records = sorted(DECISIONS.glob("*.md"))
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers), "two decisions share a number"
    for record in records:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", record.name), record.name
        text = record.read_text()
        for part in ("Context", "Decision", "nothing"):
            assert part.lower() in text.lower(), f"{record.name} does not speak of {part!r}"


def test_the_changelog_is_sentences() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    entries = [line for line in lines if line.startswith("- ")]
    wrong = [line for line in entries if not line.endswith(".")]
    assert entries and not wrong, "each entry is one sentence"


def _list_prose(file: Path) -> Iterator[str]:
    """Yield the lines of a page that stand outside code blocks."""
    inside = False
    for line in file.read_text().splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif not inside:
            yield line
