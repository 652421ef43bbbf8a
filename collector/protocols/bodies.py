"""Vendors' bodies: JSON under any content type, forms with `data=`, base64 of either.

What a body is, is told by its path and its first bytes: SDKs send JSON as text, as a form, and
without any type at all. Compression has been undone before, gzip also where no header said so.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from collector.body import inflate
from collector.consent import json_object
from collector.outcomes import BadRequest
from collector.protocols.lenient import mend_text

_JSON = msgspec.json.Decoder()
_CONSENT = re.compile(rb"onsent|\\u00[67]")
"""What a key that is about consent holds, or how one of its letters begins where it is escaped."""

_TO_PLUS = bytes.maketrans(b" -_", b"++/")


def read_json(body: bytes) -> Any:
    """Give the value of a JSON body; lone surrogates and bytes that are no UTF-8 are replaced.

    Where it speaks of consent, a key that is repeated never turns a no into a yes.
    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    try:
        return _join_repeated(body, _JSON.decode(body))
    except RecursionError as fault:
        raise BadRequest("body_too_deep") from fault
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    mended = mend_text(body)
    try:
        return _join_repeated(mended, _JSON.decode(mended))
    except RecursionError as fault:
        raise BadRequest("body_too_deep") from fault
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise BadRequest("body_invalid") from fault


def _join_repeated(body: bytes, value: Any) -> Any:
    """Give a decoded value, that of a careful reader where the body speaks of consent.

    Errors: BadRequest `body_too_deep` where that reader cannot follow.
    """
    if value is None or _CONSENT.search(body) is None:
        return value
    joined = json_object.read_json(body)
    if joined is None:
        raise BadRequest("body_too_deep")
    return joined


def read_object(body: bytes) -> dict[str, Any]:
    """Give the object of a JSON body.

    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    value = read_json(body)
    if not isinstance(value, dict):
        raise BadRequest("body_invalid")
    return value


def peek_object(body: bytes) -> dict[str, Any]:
    """Give the object of a JSON body, an empty one where it is none; to find keys and owners."""
    try:
        value = read_json(body)
    except BadRequest:
        return {}
    return value if isinstance(value, dict) else {}


def list_in(item: dict[str, Any], name: str) -> list[Any]:
    """Give the list under a name.

    Errors: BadRequest `body_invalid` where there is none.
    """
    value = item.get(name)
    if not isinstance(value, list):
        raise BadRequest("body_invalid")
    return value


def object_in(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Give the object under a name, an empty one where there is none."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def text_in(item: dict[str, Any], name: str) -> str:
    """Give the text under a name, '' where there is none."""
    value = item.get(name)
    return value if isinstance(value, str) else ""


def read_data(text: bytes, bytes_max: int) -> Any:
    """Give the value of a form's `data`: JSON, base64 of JSON, or base64 of gzip of JSON.

    Some SDKs put base64 into a form unescaped, where a plus reads as a blank; a plus is put back.
    Errors: BadRequest.
    """
    if text[:1] in (b"{", b"["):
        return read_json(text)
    return read_json(inflate(read_base64(text), "", bytes_max))


def read_base64(text: bytes) -> bytes:
    """Give the bytes of base64 in either alphabet, padded or not.

    Errors: BadRequest `body_invalid`.
    """
    text = text.strip().rstrip(b"=").translate(_TO_PLUS)
    try:
        return b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise BadRequest("body_invalid") from fault


def form_value(form: bytes, name: str) -> bytes | None:
    """Give one value of a form or a query as bytes, None where it is not there.

    Percent signs are undone, a plus stays one: base64 stands in forms unescaped.
    """
    for pair in form.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key == name.encode():
            return unquote_to_bytes(value)
    return None
