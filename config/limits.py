"""The limits of every program, as `settings.toml` gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from config.errors import ConfigError
from config.loading import Document, Strict, parse, read_toml, sort_errors

SHIPPED = Path(__file__).resolve().parent
"""The configuration that comes with the product."""

Count = Annotated[int, Field(ge=1, le=2**53)]
"""A whole number of things, bytes or seconds, at least one."""


class Limits(Strict):
    """A bound on everything that a sender, a queue or a query could make large."""

    body_bytes_max: Count
    """Largest request body as it arrives, in bytes; more is answered 413."""
    body_inflated_bytes_max: Count
    """Largest body of a server key's request after decompression, in bytes; more is answered 413.
    A browser key's may be as large as `body_bytes_max`."""
    events_per_request_max: Count
    """Most events in one request; more is answered 413."""
    json_depth_max: Annotated[int, Field(ge=4, le=500)]
    """Deepest nesting of a JSON body, in levels; deeper is answered 400."""
    properties_per_event_max: Count
    """Most properties of one event; more rejects the event."""
    property_key_chars_max: Count
    """Longest property name, in characters; longer rejects the event."""
    text_chars_max: Count
    """Longest text in a column or property, in characters; longer is cut or rejected."""
    stack_chars_max: Count
    """Longest stack trace that is kept, in characters; the rest is cut."""
    title_chars_max: Count
    """Longest page title that is kept, in characters; the rest is cut."""
    requests_per_address_per_second_max: Count
    """Most requests a second from one address (of IPv6, one /64) with a browser key, to each
    collector process; more is answered 429."""
    body_bytes_per_address_per_second_max: Count
    """Most bytes of inflated bodies a second from one address, likewise; at least half of
    `body_bytes_max`, or its largest bodies never pass."""
    records_per_address_per_second_max: Count
    """Most records of consent a second, likewise: each names somebody that every collector
    process then remembers."""
    undeclared_names_per_site_max: Count
    """Most names of events outside the catalogue that one site may introduce, to all collectors
    together."""
    clock_ahead_seconds_max: Count
    """How far ahead of our clock an event's time may be, in seconds, after correction."""
    event_age_days_max: Count
    """Oldest event that is taken outside an import, in days; older is `too_late`."""
    events_per_batch_max: Count
    """Most events in one batch of the pipeline."""
    batch_linger_ms_max: Annotated[int, Field(ge=0, le=10_000)]
    """Longest wait of a request for others to share its batch, in milliseconds."""
    requests_waiting_max: Count
    """Most requests that wait for a batch in one worker; more is answered 503."""
    collector_workers: Annotated[int, Field(ge=1, le=256)]
    """Processes that take requests."""
    spool_bytes_max: Annotated[int, Field(ge=1_000_000, le=2**53)]
    """Largest spool on disk, in bytes; when full, requests are answered 503."""
    spooled_batches_kept_seconds: Count
    """How long a loaded batch stays in the spool, in seconds, to be verified after a crash."""
    dedup_days_max: Annotated[int, Field(ge=1, le=400)]
    """How long an event's identity is remembered to find its duplicates, in days."""
    dedup_ids_max: Annotated[int, Field(ge=1_024, le=10**10)]
    """Most event identities that are remembered; 13 bytes of memory each."""
    load_rows_max: Count
    """Most rows in one insert into the warehouse."""
    load_linger_seconds_max: Annotated[float, Field(ge=0, le=3_600, allow_inf_nan=False)]
    """Longest wait of a spooled batch for others to share its insert, in seconds."""
    load_attempts_max: Annotated[int, Field(ge=1, le=100)]
    """Refusals of one batch by the warehouse before it is parked and alarmed."""
    embedded_memory_bytes_max: Annotated[int, Field(ge=500_000_000, le=2**53)]
    """Most memory of the embedded warehouse, in bytes."""
    embedded_query_seconds_max: Count
    """Longest query of a reader in the embedded warehouse, in seconds."""
    embedded_result_rows_max: Count
    """Most rows that one query of a reader may return."""


class _SettingsFile(Strict):
    limits: Limits


def load_limits(config_dir: Path = SHIPPED) -> Limits:
    """Give the limits: the operator's where `settings.toml` names them, else the shipped ones.

    Errors: `ConfigError`, the first in the file's order.
    """
    limits, errors = read_limits(config_dir)
    if limits is None:
        raise errors[0]
    return limits


def read_limits(config_dir: Path) -> tuple[Limits | None, list[ConfigError]]:
    """Give the limits, or every complaint about them."""
    try:
        document = _over_shipped(config_dir / "settings.toml")
    except ConfigError as error:
        return None, [error]
    settings, errors = parse(document, _SettingsFile)
    if settings is None:
        return None, sort_errors(errors)
    errors = _check(settings.limits, document)
    return (None, errors) if errors else (settings.limits, [])


def _over_shipped(file: Path) -> Document:
    """Lay the operator's file over the shipped one, keeping the operator's lines."""
    shipped = read_toml(SHIPPED / "settings.toml")
    if not file.exists():
        return shipped
    own = read_toml(file)
    limits = own.data.get("limits", {})
    if not isinstance(limits, dict):
        return own
    return Document(own.file, own.data | {"limits": shipped.data["limits"] | limits}, own.lines)


def _check(limits: Limits, document: Document) -> list[ConfigError]:
    """Compare limits that only make sense together."""
    errors = []
    if limits.body_inflated_bytes_max < limits.body_bytes_max:
        what = "limits.body_inflated_bytes_max must be at least body_bytes_max"
        errors.append(document.complain(("limits", "body_inflated_bytes_max"), what))
    if limits.event_age_days_max > limits.dedup_days_max:
        what = "limits.event_age_days_max must not exceed dedup_days_max, or old repeats count"
        errors.append(document.complain(("limits", "event_age_days_max"), what))
    if limits.events_per_batch_max < limits.events_per_request_max:
        what = "limits.events_per_batch_max must hold one request of events_per_request_max"
        errors.append(document.complain(("limits", "events_per_batch_max"), what))
    return errors
