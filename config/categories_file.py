"""From `categories.toml` to the categories that are never collected, or to every complaint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.categories import Categories, fold
from config.errors import ConfigError
from config.loading import parse, read_toml, sort_errors
from config.pii import split_words
from config.policy_file import Found
from config.policy_rules import CATEGORIES

FILE_NAME = "categories.toml"


def load_categories(config_dir: Path) -> Categories:
    """Read `categories.toml`.

    Errors: `ConfigError`, the first in the file's order.
    """
    categories, errors = read_categories(config_dir)
    if categories is None:
        raise errors[0]
    return categories


def read_categories(config_dir: Path) -> tuple[Categories | None, list[ConfigError]]:
    """Give the categories, or every complaint about them."""
    try:
        document = read_toml(config_dir / FILE_NAME)
    except ConfigError as error:
        return None, [error]
    categories, errors = parse(document, Categories)
    if categories is not None:
        errors = [document.complain(*found) for found in _check(categories)]
    return (None, sort_errors(errors)) if errors else (categories, [])


def _check(categories: Categories) -> Iterator[Found]:
    """Find categories that are missing or made up, and words that can never match."""
    for name in CATEGORIES:
        if name not in categories.categories:
            what = f"categories.{name} is missing; a site is allowed one in policy.toml alone"
            yield ("categories",), what
    for name, category in categories.categories.items():
        if name not in CATEGORIES:
            yield ("categories", name), f"there is no category {name}; mend its spelling"
        for key in ("names", "of_person", "values", "values_together"):
            for index, word in enumerate(getattr(category, key)):
                if not split_words(fold(word)):
                    yield ("categories", name, key, index), "a word needs a letter; mend it"
