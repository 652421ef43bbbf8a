"""What one installation is: where things lie, who listens where, and within which limits.

Read from the environment once by `cli` and each role, handed on as a value, never looked up
again. Promises to make nothing: folders appear when `Settings.path` is asked for them.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import urlsplit

from pydantic import Field

from config.errors import ConfigError
from config.folders import make_private_folder, short_folder
from config.limits import Limits, load_limits
from config.loading import Strict, show_file

__all__ = ["FolderName", "HostPort", "Limits", "Settings", "config_folder", "load_settings"]

FolderName = Literal["spool", "warehouse", "registry", "keys", "releases", "run", "imports"]
"""The folders of an installation, each apart from the others."""

Compression = Literal["lz4", "zstd", "uncompressed"]
"""How blobs in the spool are compressed."""

SOCKET_BYTES_MAX = 100
"""Longest path of a Unix socket, in bytes; the kernel's own limit is 108 with its end mark."""


class HostPort(Strict):
    """Where a program listens."""

    host: str
    """Address or name, without brackets."""
    port: Annotated[int, Field(ge=0, le=65_535)]
    """TCP port; 0 lets the system choose."""

    def __str__(self) -> str:
        """Give the form that a URL takes: `host:port`, or `[host]:port` for IPv6."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Settings(Strict):
    """One installation. Secrets are left out of its printed form."""

    home: Path
    """Folder of everything that is kept, absolute."""
    config_dir: Path
    """Folder of the policy and the rest of the vocabulary, absolute."""
    clickhouse: Annotated[str | None, Field(repr=False)] = None
    """Where the warehouse is; none means the embedded one. Holds a password."""
    registry_dsn: Annotated[str, Field(repr=False)]
    """SQLAlchemy address of the registry. May hold a password."""
    master_key_file: Path | None = None
    """File with the key that seals all others."""
    master_key: Annotated[str | None, Field(repr=False)] = None
    """The key itself, where the environment gives it."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose `X-Forwarded-For` and `-Proto` are believed."""
    tls_cert: Path | None = None
    """Certificate chain, where we end TLS ourselves."""
    tls_key: Path | None = None
    """Private key of `tls_cert`."""
    geo_mmdb: Path | None = None
    """MaxMind-format file that tells places; none means countries by the shipped table."""
    spool_compression: Compression = "lz4"
    """How rows are compressed in the spool: lz4, zstd or uncompressed."""
    collector: HostPort
    """Where the collector listens."""
    dashboards: HostPort
    """Where the dashboards listen."""
    embedded: HostPort
    """Where the embedded warehouse listens."""
    limits: Limits
    """Bounds on everything."""

    def path(self, name: FolderName) -> Path:
        """Give a folder of the installation, made with mode 0700 where it is missing.

        Errors: `ConfigError` where it cannot be made or is not ours.
        """
        if not self.home.exists():  # One that is there may be shared, and stays as it is.
            make_private_folder(self.home)
        return make_private_folder(self.home / name)

    def socket_path(self, name: str) -> Path:
        """Give the path of a Unix socket, in `run` or, where that is too long, a short folder.

        Errors: `ConfigError` where no folder is short enough or it cannot be made.
        """
        path = self.home / "run" / f"{name}.sock"
        if len(os.fsencode(path)) <= SOCKET_BYTES_MAX:
            return self.path("run") / path.name
        path = short_folder(self.home) / path.name
        if len(os.fsencode(path)) > SOCKET_BYTES_MAX:
            raise ConfigError("environment", 0, "TMPDIR is too long for sockets; set a shorter one")
        return path


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment (`os.environ` unless given) and `settings.toml`.

    An empty variable counts as not set.
    Errors: `ConfigError`, which names the variable or the file, and never a value.
    """
    env = {k: v for k, v in (os.environ if environ is None else environ).items() if v}
    home = _absolute(env.get("SANAQ_HOME", "./var"))
    config_dir = config_folder(env)
    return Settings(
        home=home,
        config_dir=config_dir,
        clickhouse=_read_clickhouse(env),
        registry_dsn=_read_registry(env, home),
        trusted_proxies=_read_proxies(env),
        geo_mmdb=_absolute(env["SANAQ_GEO_MMDB"]) if "SANAQ_GEO_MMDB" in env else None,
        spool_compression=_read_compression(env),
        collector=_read_host_port(env, "SANAQ_COLLECTOR", "127.0.0.1:8080"),
        dashboards=_read_host_port(env, "SANAQ_DASHBOARDS", "127.0.0.1:8081"),
        embedded=_read_host_port(env, "SANAQ_EMBEDDED", "127.0.0.1:8123"),
        limits=load_limits(config_dir),
        **_read_master_key(env),
        **_read_tls(env),
    )


def config_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Give the folder of the configuration, absolute, without reading any file in it.

    Errors: `ConfigError` where there is no such folder.
    """
    env = os.environ if environ is None else environ
    folder = _absolute(env.get("SANAQ_CONFIG") or "./config")
    if not folder.is_dir():
        raise ConfigError(
            show_file(folder),
            0,
            "no such folder; run this where it lies, or set SANAQ_CONFIG to it",
        )
    return folder


def _absolute(text: str) -> Path:
    """Give the path without `..`, so that one installation has one name."""
    return Path(os.path.abspath(text))


def _wrong(variable: str, what: str) -> ConfigError:
    return ConfigError("environment", 0, f"{variable} {what}")


def _read_clickhouse(env: Mapping[str, str]) -> str | None:
    dsn = env.get("SANAQ_CLICKHOUSE")
    if dsn is None:
        return None
    parts = _split(dsn)
    if parts is None or parts[0] not in ("clickhouse", "http", "https"):
        what = "must look like clickhouse://user:password@host:8123/sanaq, or https:// for TLS"
        raise _wrong("SANAQ_CLICKHOUSE", what)
    return dsn


def _read_registry(env: Mapping[str, str], home: Path) -> str:
    dsn = env.get("SANAQ_REGISTRY", f"sqlite:///{home}/registry/registry.sqlite")
    if "://" not in dsn:
        raise _wrong("SANAQ_REGISTRY", "must be a database address such as postgresql://…")
    return dsn


def _read_proxies(env: Mapping[str, str]) -> tuple[str, ...]:
    texts = [text.strip() for text in env.get("SANAQ_TRUSTED_PROXIES", "").split(",")]
    try:
        return tuple(str(ipaddress.ip_network(text)) for text in texts if text)
    except ValueError:
        what = "must be addresses or networks, separated by commas"
        raise _wrong("SANAQ_TRUSTED_PROXIES", what) from None


def _read_host_port(env: Mapping[str, str], variable: str, default: str) -> HostPort:
    parts = _split(f"//{env.get(variable, default)}")
    if parts is None or parts[2] is None:
        raise _wrong(variable, "must be host:port, with a port up to 65535")
    return HostPort(host=parts[1], port=parts[2])


def _read_compression(env: Mapping[str, str]) -> Compression:
    text = env.get("SANAQ_SPOOL_COMPRESSION", "lz4")
    for known in get_args(Compression):
        if text == known:
            return cast("Compression", known)
    raise _wrong("SANAQ_SPOOL_COMPRESSION", "must be lz4, zstd or uncompressed")


def _read_master_key(env: Mapping[str, str]) -> dict[str, Any]:
    key, file = env.get("SANAQ_MASTER_KEY"), env.get("SANAQ_MASTER_KEY_FILE")
    if key and file:
        raise _wrong("SANAQ_MASTER_KEY", "and SANAQ_MASTER_KEY_FILE are both set; set one of them")
    return {"master_key": key, "master_key_file": _absolute(file) if file else None}


def _read_tls(env: Mapping[str, str]) -> dict[str, Any]:
    cert, key = env.get("SANAQ_TLS_CERT"), env.get("SANAQ_TLS_KEY")
    if bool(cert) != bool(key):
        raise _wrong("SANAQ_TLS_CERT", "and SANAQ_TLS_KEY go together; set both or neither")
    return {
        "tls_cert": _absolute(cert) if cert else None,
        "tls_key": _absolute(key) if key else None,
    }


def _split(address: str) -> tuple[str, str, int | None] | None:
    """Give scheme, host and port of an address, or none where it has no readable host."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (parts.scheme, host, port) if host else None
