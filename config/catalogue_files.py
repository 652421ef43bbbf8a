"""From `events/*.toml` to the catalogue, or to every complaint about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from config.catalogue import EVENT_NAME, SENSITIVITIES, Catalogue, EventType, Property
from config.errors import ConfigError
from config.loading import Document, parse, read_toml, show_file, sort_errors
from config.policy_file import Found
from config.policy_rules import PURPOSES

FILES_MAX = 10_000
"""Most event types that one installation may declare."""


def load_catalogue(config_dir: Path) -> Catalogue:
    """Read every file in `events`.

    Errors: `ConfigError`, the first by file and line.
    """
    catalogue, errors = read_catalogue(config_dir)
    if catalogue is None:
        raise errors[0]
    return catalogue


def read_catalogue(config_dir: Path) -> tuple[Catalogue | None, list[ConfigError]]:
    """Give the catalogue, or every complaint about all of its files."""
    folder = config_dir / "events"
    if not folder.is_dir():
        return None, [ConfigError(show_file(folder), 0, "this folder is missing; add it")]
    files = sorted(folder.glob("*.toml"))
    if len(files) > FILES_MAX:
        return None, [ConfigError(show_file(folder), 0, "there are too many event types")]
    events: dict[str, EventType] = {}
    errors: list[ConfigError] = []
    for file in files:
        event, found = read_event_type(file)
        errors += found
        if event is not None:
            events[event.name] = event
    return (None, sort_errors(errors)) if errors else (Catalogue(events=events), [])


def read_event_type(file: Path) -> tuple[EventType | None, list[ConfigError]]:
    """Give the event type of one file, named as the file, or every complaint about it."""
    if not re.match(EVENT_NAME, file.stem):
        what = "an event's file is named in lower-case letters, digits and _; rename it"
        return None, [ConfigError(show_file(file), 0, what)]
    try:
        document = read_toml(file)
    except ConfigError as error:
        return None, [error]
    if "name" in document.data:
        return None, [document.complain(("name",), "the file's name is the event's; remove this")]
    named = Document(document.file, document.data | {"name": file.stem}, document.lines)
    event, errors = parse(named, EventType)
    if event is not None:
        errors = [document.complain(*found) for found in _check(event)]
    return (None, sort_errors(errors)) if errors else (event, [])


def _check(event: EventType) -> Iterator[Found]:
    if event.purpose not in PURPOSES:
        yield ("purpose",), f"purpose must be one of {', '.join(PURPOSES)}"
    for name, rule in event.properties.items():
        at = ("properties", name)
        for key, what in _check_property(rule):
            yield (*at, key), f"properties.{name}: {what}"
        if rule.kind == "free_text" and SENSITIVITIES.index(event.sensitivity) < 2:
            what = "free_text needs the event's sensitivity to be stored_content or above"
            yield (*at, "kind"), f"properties.{name}: {what}"


def _check_property(rule: Property) -> Iterator[tuple[str, str]]:
    """Compare a property's keys with its kind."""
    is_text = rule.kind in ("text", "free_text")
    is_number = rule.kind in ("integer", "number")
    if is_text and rule.length_max is None:
        yield "kind", f"{rule.kind} needs length_max"
    if not is_text and rule.length_max is not None:
        yield "length_max", f"length_max is no key of a {rule.kind}; remove it"
    if (rule.kind == "choice") != bool(rule.choices):
        yield "choices", 'choices go with kind = "choice", and only with it'
    if len(set(rule.choices)) < len(rule.choices):
        yield "choices", "one choice is named twice; name each once"
    for key, bound in (("min", rule.min), ("max", rule.max)):
        if bound is not None and not is_number:
            yield key, f"{key} is no key of a {rule.kind}; remove it"
        elif bound is not None and rule.kind == "integer" and bound != int(bound):
            yield key, f"{key} of an integer must be whole"
    if rule.min is not None and rule.max is not None and rule.min > rule.max:
        yield "min", "min must not exceed max"
