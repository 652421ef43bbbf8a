"""Captured requests opened to the last object in them, to be changed and closed again.

A body may be JSON, lines of it, a form, or protobuf; a text in it may be JSON or base64 of JSON.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from collector.protocols.otlp import is_json
from collector.protocols.otlp_protobuf import read_protobuf
from collector.protocols.protocol import Request

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}=*")

Step = str | int
"""A key of an object, a place in a list, `held` for what a text holds."""


@dataclass
class Text:
    """A text that holds a value in some coding: `json`, `base64`, `lines`, `form`."""

    coding: str
    held: Any


def open_request(request: Request) -> dict[str, Any]:
    """Give a request's query and body as one value."""
    return {"query": _open_form(request.query), "body": _open_body(request)}


def close_request(request: Request, opened: dict[str, Any]) -> Request:
    """Give a request with another query and body; what was protobuf is JSON then."""
    headers = dict(request.headers)
    if "protobuf" in headers.get("content-type", ""):
        headers["content-type"] = "application/json"
    body = _close(opened["body"])
    text = body if isinstance(body, str) else json.dumps(body)
    query = urlencode(_close(opened["query"]))
    return msgspec.structs.replace(request, query=query, body=text.encode(), headers=headers)


def list_objects(value: Any, place: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield where objects stand in a value."""
    if isinstance(value, Text):
        yield from list_objects(value.held, (*place, "held"))
    elif isinstance(value, dict):
        yield place
        for name, one in value.items():
            yield from list_objects(one, (*place, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from list_objects(one, (*place, number))


def find(value: Any, place: tuple[Step, ...]) -> Any:
    """Give what stands at a place of a value."""
    for step in place:
        value = value.held if isinstance(value, Text) else value[step]
    return value


def _open_body(request: Request) -> Any:
    if "protobuf" in request.headers.get("content-type", "") and not is_json(request):
        return _open(read_protobuf(request.body, request.path.rpartition("/")[2]))
    text = request.body.decode(errors="replace")
    opened = _open(text)
    if opened != text:
        return opened.held if opened.coding == "json" else opened
    lines = text.splitlines()
    if lines and all(line[:1] in ("{", "[") for line in lines):
        return Text("lines", [_open(_without_length(json.loads(line))) for line in lines])
    forms = [_open_form(line) for line in lines]
    return Text("form", forms) if all(forms) else text


def _without_length(line: Any) -> Any:
    """Give the head of an envelope's item without the length of what follows, which changes."""
    return {k: v for k, v in line.items() if k != "length"} if isinstance(line, dict) else line


def _open_form(text: str) -> dict[str, Any]:
    return {name: _open(value) for name, value in parse_qsl(text, keep_blank_values=True)}


def _open(value: Any) -> Any:
    """Give a value with every text in it opened that holds an object or a list."""
    if isinstance(value, dict):
        return {name: _open(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_open(one) for one in value]
    if isinstance(value, str):
        if value[:1] in ("{", "["):
            return _open_coded("json", value)
        if _BASE64.fullmatch(value):
            return _open_coded("base64", value)
    return value


def _open_coded(coding: str, text: str) -> Any:
    try:
        plain = text.encode()
        if coding == "base64":
            body = text.rstrip("=").translate(str.maketrans("-_", "+/"))
            plain = b64decode(body + "=" * (-len(body) % 4))
        held = json.loads(plain)
    except ValueError:
        return text
    return Text(coding, _open(held)) if isinstance(held, dict | list) else text


def _close(value: Any) -> Any:
    """Give a value with its texts closed."""
    if isinstance(value, dict):
        return {name: _close(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_close(one) for one in value]
    if not isinstance(value, Text):
        return value
    held = _close(value.held)
    if value.coding == "lines":
        return "\n".join(json.dumps(one) if not isinstance(one, str) else one for one in held)
    if value.coding == "form":
        return "\n".join(urlencode(one) for one in held)
    text = json.dumps(held)
    return b64encode(text.encode()).decode() if value.coding == "base64" else text
