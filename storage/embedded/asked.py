"""What one HTTP request asks of the warehouse, read from its address, headers and body."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from storage.embedded.codings import inflate
from storage.embedded.failures import ServerError, access_denied, bad_request, not_supported
from storage.embedded.formats import FORMATS
from storage.embedded.roles import Role
from storage.embedded.setting_rules import IGNORED, check_setting
from storage.embedded.words import words

BODY_BYTES_MAX = 512_000_000
"""Largest body, as it comes and inflated, in bytes: twenty times the loader's largest insert."""

FIELDS_MAX = 1_000
"""Most parameters in an address or form."""

_QUERY_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_PARAMETER = re.compile(r"param_[A-Za-z_][A-Za-z0-9_]{0,63}")
_OURS = words(
    """
    query database default_format query_id compress decompress user password stacktrace
    close_session role
    """
)


@dataclass(frozen=True)
class Asked:
    """One question, not yet read as SQL."""

    role: Role
    """Who asks."""
    text: bytes
    """The statement, with the rows to insert behind it."""
    query_id: str
    """Name of the query, the client's or ours."""
    database: str
    """Where names without a database lie."""
    default_form: str
    """Format of the answer where the statement names none."""
    reads_only: bool
    """Whether the method promises to change nothing."""
    accepts: str
    """Codings that the answer may have; '' where the client did not ask for any."""
    waits: bool
    """Whether the client wants an answer's head only when its end is near."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the request, all of them open ones."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Query parameters, by name."""


def read_address(query_string: bytes) -> dict[str, str]:
    """Give the parameters of an address.

    Errors: `ServerError` where there are too many, or one comes twice.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except (UnicodeDecodeError, ValueError):
        raise bad_request("The address cannot be read") from None
    if len(dict(pairs)) != len(pairs):
        raise bad_request("A parameter comes twice")
    return dict(pairs)


def choose_query_id(fields: Mapping[str, str]) -> str:
    """Give the query's name: the client's, or a new one.

    Errors: `ServerError` where the client's holds other than letters, digits and `_.:-`.
    """
    given = fields.get("query_id") or str(uuid.uuid4())
    if not _QUERY_ID.fullmatch(given):
        raise bad_request("query_id takes letters, digits and _.:-, at most 128")
    return given


def read_asked(
    role: Role,
    method: str,
    fields: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    query_id: str,
) -> Asked:
    """Read a request of an authenticated client; `headers` have lower-case names.

    Errors: `ServerError`.
    """
    body = inflate(body, headers.get("content-encoding", "").strip().lower(), BODY_BYTES_MAX)
    kind = headers.get("content-type", "")
    if kind.lower().startswith("multipart/form-data"):
        fields, body = {**fields, **_read_form(kind, body)}, b""
    _refuse_unsupported(fields)
    compressed = fields.get("enable_http_compression", "0") == "1"
    return Asked(
        role=role,
        text=_join_text(fields.get("query", ""), body),
        query_id=query_id,
        database=_choose_database(
            role, fields.get("database") or headers.get("x-clickhouse-database", "")
        ),
        default_form=_choose_form(fields, headers),
        reads_only=method == "GET",
        accepts=headers.get("accept-encoding", "") if compressed else "",
        waits=fields.get("wait_end_of_query", "0") == "1",
        settings=_read_settings(fields),
        parameters={
            k.removeprefix("param_"): v for k, v in fields.items() if _PARAMETER.fullmatch(k)
        },
    )


def _join_text(query: str, body: bytes) -> bytes:
    """Put the statement of the address before the body, as ClickHouse does."""
    if not query:
        return body
    return query.encode() + (b"\n" + body if body else b"")


def _refuse_unsupported(fields: Mapping[str, str]) -> None:
    for name in ("compress", "decompress"):
        if fields.get(name, "0") not in ("", "0"):
            raise not_supported("ClickHouse's own block compression; use Content-Encoding")
    if fields.get("role"):
        raise access_denied("A user has one role here")


def _choose_database(role: Role, asked: str) -> str:
    if not asked or asked == "default":
        return role.default_database
    if asked not in role.databases:
        raise ServerError(81, "UNKNOWN_DATABASE", "This database is not open to this user")
    return asked


def _choose_form(fields: Mapping[str, str], headers: Mapping[str, str]) -> str:
    form = fields.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated"
    if form not in FORMATS:
        raise ServerError(73, "UNKNOWN_FORMAT", "This format is not open here")
    return form


def _read_settings(fields: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in fields if name not in _OURS | IGNORED]
    settings = {name: fields[name] for name in names if not name.startswith("param_")}
    for name in settings:
        check_setting(name)
    return settings


def _read_form(kind: str, body: bytes) -> dict[str, str]:
    """Read the plain fields of a multipart form; files (external data) are refused."""
    head = b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    found: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None or not isinstance(name, str):
            raise not_supported("External data; insert it into a table first")
        payload = part.get_payload(decode=True)
        found[name] = payload.decode() if isinstance(payload, bytes) else ""
    if not found:
        raise bad_request("The form cannot be read")
    return found
