"""Writes small files in MaxMind's format, for the layouts that no package at hand has.

Source: MaxMind DB File Format Specification, version 2.0.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

_MARK = b"\xab\xcd\xefMaxMind.com"


def write_mmdb(records: dict[str, Any], ip_version: int = 6) -> bytes:
    """Give a file that maps networks to records; nodes have records of 24 bits.

    A v4 network in a file of version 6 lies under ::/96.
    """
    nodes: list[list[Any]] = [[None, None]]
    for network, record in records.items():
        _insert(nodes, _bits_of(network, ip_version), record)
    data, places = b"", {}
    for node in nodes:
        for leaf in (one for one in node if isinstance(one, _Leaf)):
            places[id(leaf)] = len(data)
            data += _encode(leaf.record)
    tree = b"".join(
        _place(branch, len(nodes), places).to_bytes(3, "big") for node in nodes for branch in node
    )
    metadata = {
        "node_count": len(nodes), "record_size": 24, "ip_version": ip_version,
        "database_type": "test", "languages": ["en"], "binary_format_major_version": 2,
        "binary_format_minor_version": 0, "build_epoch": 1, "description": {"en": "test"},
    }  # fmt: skip
    return tree + bytes(16) + data + _MARK + _encode(metadata)


class _Leaf:
    def __init__(self, record: Any) -> None:
        self.record = record


def _bits_of(network: str, ip_version: int) -> str:
    parsed = ip_network(network)
    bits = format(int(parsed.network_address), f"0{parsed.max_prefixlen}b")[: parsed.prefixlen]
    return "0" * 96 + bits if parsed.version == 4 and ip_version == 6 else bits


def _insert(nodes: list[list[Any]], bits: str, record: Any) -> None:
    at = 0
    for bit in bits[:-1]:
        if nodes[at][int(bit)] is None:
            nodes.append([None, None])
            nodes[at][int(bit)] = len(nodes) - 1
        at = nodes[at][int(bit)]
    nodes[at][int(bits[-1])] = _Leaf(record)


def _place(branch: Any, count: int, places: dict[int, int]) -> int:
    if branch is None:
        return count
    return branch if isinstance(branch, int) else count + 16 + places[id(branch)]


def _encode(value: Any) -> bytes:
    """Encode text, whole numbers, lists and maps."""
    if isinstance(value, str):
        body = value.encode()
        return _head(2, len(body)) + body
    if isinstance(value, int):
        body = value.to_bytes(4, "big")
        return _head(6, 4) + body
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(_encode(one) for one in value)
    pairs = b"".join(_encode(key) + _encode(one) for key, one in value.items())
    return _head(7, len(value)) + pairs


def _head(kind: int, size: int) -> bytes:
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])
