"""Who is at the other end: the peer's address, or the one that a trusted proxy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Give the networks of trusted proxies."""
    return tuple(ip_network(text, strict=False) for text in texts)


def address_of(peer: str, headers: Mapping[str, str], trusted: Sequence[Network]) -> str:
    """Give the sender's address: the peer, or behind trusted proxies the nearest untrusted hop.

    `X-Forwarded-For` is read from the right and believed only as far as proxies are trusted; from
    any other peer it is forged as easily as written.
    """
    if not trusted or not _is_trusted(peer, trusted):
        return peer
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    for hop in reversed(hops):
        if not _is_trusted(hop, trusted):
            return hop
    return hops[0] if hops else peer


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
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
