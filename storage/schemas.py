"""The declared at-rest schemas: nothing enters spool or warehouse in another shape.

Called by the collector's conform stage, the spool and the loader. Column order is the tables'
order. Identifiers are 16-byte digests (`FixedString(16)`), all zero bytes when absent; absent
text is `''`, an absent number null (contract, Warehouse).
"""

from __future__ import annotations

import polars as pl

NO_ID = bytes(16)
"""The digest that stands for an absent identifier."""

SCHEMA_VERSION = 2
"""Version of the schemas below, kept with each spooled batch."""

TIME = pl.Datetime("ms", "UTC")
TEXTS = pl.List(pl.String)
MAP = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))

COMMON: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.String,
    "batch_id": pl.String,
    "event_name": pl.String,
    "site": pl.String,
    "protocol": pl.String,
    "sdk": pl.String,
    "source": pl.String,
    "basis": pl.String,
    "occurred_at": TIME,
    "received_at": TIME,
    "person_id": pl.Binary,
    "device_id": pl.Binary,
    "advertising_id": pl.Binary,
    "session_id": pl.Binary,
    "visit_id": pl.Binary,
    "subject_id": pl.Binary,
    "subject_kind": pl.String,
    "purposes": TEXTS,
    "policy_version": pl.String,
    "decided_by": TEXTS,
    "country": pl.String,
    "region": pl.String,
    "browser": pl.String,
    "browser_version": pl.String,
    "os": pl.String,
    "os_version": pl.String,
    "device_type": pl.String,
    "device_model": pl.String,
    "is_bot": pl.Boolean,
    "page_host": pl.String,
    "page_path": pl.String,
    "page_query": pl.String,
    "locale": pl.String,
    "app_version": pl.String,
    "properties": MAP,
    "remarks": TEXTS,
}
"""Columns that events and diagnostics share."""

EVENTS: dict[str, pl.DataType | type[pl.DataType]] = COMMON | {
    "page_title": pl.String,
    "referrer_host": pl.String,
    "referrer_path": pl.String,
    "campaign_source": pl.String,
    "campaign_medium": pl.String,
    "campaign_name": pl.String,
    "campaign_term": pl.String,
    "campaign_content": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "revenue": pl.Float64,
    "currency": pl.String,
    "screen_width": pl.UInt16,
    "screen_height": pl.UInt16,
    "timezone": pl.String,
}
"""One usage event a row."""

DIAGNOSTICS: dict[str, pl.DataType | type[pl.DataType]] = COMMON | {
    "kind": pl.String,
    "exception_type": pl.String,
    "exception_message": pl.String,
    "exception_stack": pl.String,
    "measurements": pl.List(pl.Struct({"name": pl.String, "value": pl.Float64, "unit": pl.String})),
    "release": pl.String,
    "environment": pl.String,
}
"""One crash, error, performance measurement or log a row."""

CONSENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "consent_id": pl.String,
    "batch_id": pl.String,
    "site": pl.String,
    "decided_at": TIME,
    "received_at": TIME,
    "consent_key_id": pl.Binary,
    "subject_id": pl.Binary,
    "subject_kind": pl.String,
    "granted": TEXTS,
    "refused": TEXTS,
    "ungranted": TEXTS,
    "policy_version": pl.String,
    "text_version": pl.String,
    "method": pl.String,
    "evidence": pl.String,
    "source": pl.String,
    "signal_digest": pl.Binary,
    "decoder": pl.String,
    "remarks": TEXTS,
}
"""One decision about one identifier a row."""

TABLES = {"events": EVENTS, "diagnostics": DIAGNOSTICS, "consents": CONSENTS}
"""Table name -> its schema, for everything the collector may spool."""

IMPORTED: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.String,
    "source": pl.String,
    "basis": pl.String,
    "date": pl.Date,
    "dimension": pl.String,
    "value": pl.String,
    "parts": MAP,
    "visitors": pl.UInt64,
    "visits": pl.UInt64,
    "page_views": pl.UInt64,
    "events": pl.UInt64,
    "bounces": pl.UInt64,
    "visit_duration_seconds": pl.UInt64,
    "time_on_page_seconds": pl.UInt64,
    "imported_at": TIME,
}
"""One daily figure that another product counted a row; no event, and never spooled."""

WRITTEN = TABLES | {"imported": IMPORTED}
"""Table name -> its schema, for everything that is written to the warehouse as rows."""

ADDED: dict[str, list[str]] = {"decided_by": []}
"""Columns that batches of an earlier version lack, with what stands for them there."""

ID_COLUMN = {"events": "event_id", "diagnostics": "event_id", "consents": "consent_id"}
"""Table name -> the column that, with the site, tells its rows apart."""
