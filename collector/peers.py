"""Who is at the other end: the peer's address, or the one that a trusted proxy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

V6_HOUSEHOLD_BITS = 64
"""Prefix of the addresses that one customer of a provider has."""

Network = IPv4Network | IPv6Network


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Give the networks of trusted proxies."""
    return tuple(ip_network(text, strict=False) for text in texts)


def address_of(peer: str, headers: Mapping[str, str], trusted: Sequence[Network]) -> str:
    """Give the sender's address: the peer, or behind trusted proxies the nearest untrusted hop.

    `X-Forwarded-For` is read from the right and believed only as far as proxies are trusted; from
    any other peer it is forged as easily as written.
    """
    if not trusted or not is_trusted(peer, trusted):
        return peer
    hops = [_bare(hop) for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    for hop in reversed(hops):
        if not is_trusted(hop, trusted):
            return hop
    return hops[0] if hops else peer


def limited_as(address: str) -> str:
    """Give the name under which a sender's requests are limited: of IPv6 its /64.

    A household has 2^64 addresses of its own there, and could send each request from another.
    """
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, V6_HOUSEHOLD_BITS), strict=False).network_address)


def _bare(hop: str) -> str:
    """Give a hop without the port and the brackets that some proxies add.

    With its port, each connection would count as an address of its own.
    """
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Tell whether an address belongs to a trusted proxy; what is no address does not.

    A v4 address inside v6, as sockets of both kinds name their peers, counts as v4.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in trusted)
