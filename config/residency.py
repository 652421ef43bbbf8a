"""Where data lies: stores on other hosts and partners are declared, with their country.

The policy says in which country data is kept. Whatever lies elsewhere needs a cross-border basis
(`config.policy_file`); here the addresses that an installation really uses, and the partners that
its releases really name, are held against what the policy declares. Called before each connection
to another host, when the configuration is checked, and before a release.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from config.errors import ConfigError
from config.loading import read_toml
from config.policy import Policy
from config.policy_file import load_policy
from config.releases import Release
from config.settings import Settings

LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})
"""Hosts that are this one, beside addresses of the loopback."""

ADDRESSES = {"warehouse": "SANAQ_CLICKHOUSE", "registry": "SANAQ_REGISTRY"}
"""Store -> the variable that may put it on another host."""


EMBEDDED = "SANAQ_EMBEDDED"
"""The variable that says where the embedded warehouse listens, and so where it is looked for."""


def hold_store(settings: Settings, store: str, environ: Mapping[str, str] | None = None) -> None:
    """Let a store on another host be used only if the policy declares that host.

    `environ` is the process's own unless given: PostgreSQL's driver takes hosts from there too.
    Errors: `ConfigError`; it names the variable and never the host, which stands by a password.
    """
    env = os.environ if environ is None else environ
    named = list(_hosts_by_variable(settings, store, env))
    strangers = [(variable, host) for variable, host in named if not is_here(host)]
    if not strangers:
        return
    declared = load_policy(settings.config_dir).stores[store].hosts
    for variable, host in strangers:
        if host not in declared:
            what = f"{variable} names a host that stores.{store}.hosts does not"
            raise ConfigError("environment", 0, f"{what}; add it there, with its country")


def check_addresses(settings: Settings) -> Iterator[ConfigError]:
    """Give a complaint for each store that lies on a host which the policy does not declare."""
    for store in ADDRESSES:
        try:
            hold_store(settings, store)
        except ConfigError as error:
            yield error


def check_partners(config_dir: Path, release: Release, policy: Policy) -> Iterator[ConfigError]:
    """Give a complaint for each partner of a release whose country nobody declared."""
    document = read_toml(config_dir / "releases" / f"{release.name}.toml")
    for index, partner in enumerate(release.partners):
        if partner not in policy.partners:
            what = "policy.toml has no such partner; declare it under partners, with its country"
            yield document.complain(("partners", index), what)


def hosts_of(dsn: str) -> list[str]:
    """Give every host that a database's address names, in small letters; none for a file.

    A driver takes them from the address itself, several at once divided by commas, and from
    `host` and `hostaddr` among its options.
    """
    parts = urlsplit(dsn)
    if parts.scheme.partition("+")[0] == "sqlite":
        return []
    options = parse_qs(parts.query)
    optional = [*options.get("host", []), *options.get("hostaddr", [])]
    named = [parts.netloc.rpartition("@")[2], *optional]
    return [_bare(one) for text in named for one in text.split(",") if one]


def is_here(host: str) -> bool:
    """Tell whether a host is this one: a name or address of the loopback, or a socket's folder."""
    if host in LOCAL_NAMES or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _hosts_by_variable(
    settings: Settings, store: str, env: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield every host that a store may be reached at, with the variable that names it.

    Errors: `ConfigError` where a file that is not ours names it.
    """
    dsn = settings.registry_dsn if store == "registry" else settings.clickhouse
    if dsn is None:
        if not _is_unspecified(settings.embedded.host):
            yield EMBEDDED, settings.embedded.host
        return
    hosts, parts = hosts_of(dsn), urlsplit(dsn)
    yield from ((ADDRESSES[store], host) for host in hosts)
    if not parts.scheme.startswith("postgresql"):
        return
    options = parse_qs(parts.query)
    if "service" in options or env.get("PGSERVICE"):
        what = "a service file names the registry's host; name it in SANAQ_REGISTRY instead"
        raise ConfigError("environment", 0, what)
    taken = [] if "hostaddr" in options else ["PGHOSTADDR"]
    taken += [] if hosts else ["PGHOST"]
    for variable in taken:
        yield from ((variable, _bare(one)) for one in env.get(variable, "").split(",") if one)


def _is_unspecified(host: str) -> bool:
    """Tell whether a host is every address of this one, as a server listens on."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _bare(host: str) -> str:
    """Give a host without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.lower() if host.count(":") > 1 else host.partition(":")[0].lower()
