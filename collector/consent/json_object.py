"""A sender's consent object from JSON text, so that a repeated key never turns a no into a yes.

Readers of JSON commonly let the last of two equal keys win: `{"analytics": false, "analytics":
true}` would grant. Here the refusal stays, and any other contradiction says nothing.
"""

from __future__ import annotations

import json
from typing import Any

CONTRADICTORY: tuple[()] = ()
"""What stands for a value that was given twice, differently: neither text, truth nor object."""


def read_json(text: bytes) -> Any:
    """Give a JSON value, with repeated keys joined; None where it cannot be read."""
    try:
        return json.loads(text, object_pairs_hook=_join)
    except (ValueError, RecursionError):
        return None


def _join(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give an object; of a key that is repeated, the values joined."""
    joined = dict(pairs)
    if len(joined) == len(pairs):
        return joined
    joined = {}
    for name, value in pairs:
        joined[name] = join_values(joined[name], value) if name in joined else value
    return joined


def join_values(first: Any, second: Any) -> Any:
    """Join two values of one key: a refusal stays, a difference says nothing."""
    if first is second or (type(first) is type(second) and first == second):
        return first
    if isinstance(first, dict) or isinstance(second, dict):
        return _join_objects(first, second)
    return False if first is False or second is False else CONTRADICTORY


def _join_objects(first: Any, second: Any) -> Any:
    """Join two objects key by key; what only one of them says of a key stays if it is a refusal."""
    one = first if isinstance(first, dict) else {}
    other = second if isinstance(second, dict) else {}
    return {
        name: join_values(one.get(name, CONTRADICTORY), other.get(name, CONTRADICTORY))
        for name in one | other
    }
