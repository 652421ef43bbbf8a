"""Sections of the reference that come from settings, outcomes and logs."""

from __future__ import annotations

import re

from collector.outcomes import FAULTS, REASONS, REFUSALS, STRUCK
from config.limits import load_limits
from config.settings import HostPort, load_settings
from scripts.attribute_docs import read_attribute_docs
from scripts.chromium import ROOT
from scripts.markdown_table import build_table
from storage.logs import FIELDS

SETTINGS = ROOT / "config" / "settings.py"
LIMITS = ROOT / "config" / "limits.py"


def list_variables() -> list[str]:
    """Return the environment variables that settings are read from."""
    return sorted(set(re.findall(r'"(SANAQ_[A-Z_]+)"', SETTINGS.read_text())))


def find_field(variable: str, fields: dict[str, str]) -> str:
    """Return the field of `Settings` that a variable fills: `SANAQ_CONFIG` fills `config_dir`."""
    name = variable.removeprefix("SANAQ_").lower()
    return name if name in fields else next(f for f in fields if f.startswith(f"{name}_"))


def describe_environment() -> str:
    """Return every environment variable with its default and its meaning."""
    docs = read_attribute_docs(SETTINGS, "Settings")
    settings = load_settings(
        {"SANAQ_HOME": str(ROOT / "var"), "SANAQ_CONFIG": str(ROOT / "config")}
    )
    rows = []
    for variable in list_variables():
        field = find_field(variable, docs)
        rows.append((f"`{variable}`", _show_default(getattr(settings, field)), docs[field]))
    return build_table(("Variable", "Default", "Meaning"), rows)


def _show_default(value: object) -> str:
    if value is None or value == ():
        return "none"
    shown = str(value) if isinstance(value, HostPort) else str(value).replace(str(ROOT), ".")
    return f"`{shown}`"


def describe_limits() -> str:
    """Return every limit with its shipped value and its meaning."""
    docs = read_attribute_docs(LIMITS, "Limits")
    limits = load_limits(ROOT / "config")
    rows = [(f"`{name}`", _show_number(getattr(limits, name)), docs[name]) for name in docs]
    lead = "Set in `settings.toml` of `SANAQ_CONFIG`, under `[limits]`.\n\n"
    return lead + build_table(("Limit", "Value", "Meaning"), rows)


def _show_number(value: float) -> str:
    return f"{value:_}"


def describe_reasons() -> str:
    """Return every reason for which an event, or a property of it, is turned away."""
    rows = [
        (f"`{name}`", "refused" if name in REFUSALS else "rejected", text)
        for name, text in REASONS.items()
    ]
    rows += [(f"`{name}`", "property_refused", text) for name, text in STRUCK.items()]
    return build_table(("Reason", "Counted as", "Meaning"), rows)


def describe_faults() -> str:
    """Return every reason for which a whole request is turned away."""
    rows = [(f"`{name}`", str(status), text) for name, (status, text) in FAULTS.items()]
    return build_table(("Error", "Status", "Detail told to the sender"), rows)


def describe_logs() -> str:
    """Return the names that a field of a log line may have."""
    names = ", ".join(f"`{name}`" for name in sorted(FIELDS))
    return (
        "One JSON object a line on standard error: `at`, `level`, `program`, `message`, and fields "
        f"from this list alone.\n\n{names}"
    )
