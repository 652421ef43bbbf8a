"""Settings come from the environment; a wrong one is named, and its value is not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings import HostPort, Settings, load_settings
from tests.config.copies import SHIPPED


def settings_of(home: Path, **variables: str) -> Settings:
    """Settings of an installation in `home` with some variables set."""
    return load_settings({"SANAQ_HOME": str(home), "SANAQ_CONFIG": str(SHIPPED)} | variables)


def test_the_defaults_are_those_of_one_machine(home: Path) -> None:
    settings = settings_of(home / "var")
    assert settings.clickhouse is None
    assert settings.registry_dsn == f"sqlite:///{home}/var/registry/registry.sqlite"
    assert settings.collector == HostPort(host="127.0.0.1", port=8080)
    assert settings.dashboards == HostPort(host="127.0.0.1", port=8081)
    assert settings.embedded == HostPort(host="127.0.0.1", port=8123)
    assert settings.trusted_proxies == ()
    assert settings.limits.body_bytes_max == 1_000_000
    assert settings.limits.event_age_days_max == settings.limits.dedup_days_max == 7


def test_loading_makes_nothing(home: Path) -> None:
    settings_of(home / "var")
    assert not (home / "var").exists()


def test_home_and_configuration_default_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    settings = load_settings({})
    assert settings.home == tmp_path / "var"
    assert settings.config_dir == tmp_path / "config"


def test_an_empty_variable_counts_as_not_set(home: Path) -> None:
    settings = settings_of(home, SANAQ_CLICKHOUSE="", SANAQ_COLLECTOR="", SANAQ_MASTER_KEY="")
    assert settings.clickhouse is None
    assert settings.master_key is None
    assert settings.collector.port == 8080


def test_everything_can_be_set(home: Path) -> None:
    settings = settings_of(
        home,
        SANAQ_CLICKHOUSE="https://u:p@ch.example:8443/sanaq",
        SANAQ_REGISTRY="postgresql+psycopg://u:p@db.example/sanaq",
        SANAQ_TRUSTED_PROXIES="10.0.0.1, 192.168.0.0/16,fd00::/8",
        SANAQ_COLLECTOR="[::1]:0",
        SANAQ_MASTER_KEY_FILE="/etc/sanaq/key",
        SANAQ_TLS_CERT="/etc/sanaq/cert.pem",
        SANAQ_TLS_KEY="/etc/sanaq/key.pem",
        SANAQ_SPOOL_COMPRESSION="uncompressed",
    )
    assert settings.spool_compression == "uncompressed"
    assert settings.clickhouse == "https://u:p@ch.example:8443/sanaq"
    assert settings.trusted_proxies == ("10.0.0.1/32", "192.168.0.0/16", "fd00::/8")
    assert settings.collector == HostPort(host="::1", port=0)
    assert str(settings.collector) == "[::1]:0"
    assert settings.master_key_file == Path("/etc/sanaq/key")
    assert settings.tls_key == Path("/etc/sanaq/key.pem")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SANAQ_COLLECTOR", "hidden"),
        ("SANAQ_COLLECTOR", "hidden:"),
        ("SANAQ_COLLECTOR", "hidden:99999"),
        ("SANAQ_COLLECTOR", "hidden:-1"),
        ("SANAQ_DASHBOARDS", ":80"),
        ("SANAQ_EMBEDDED", "[hidden:80"),
        ("SANAQ_TRUSTED_PROXIES", "10.0.0.1;hidden"),
        ("SANAQ_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("SANAQ_CLICKHOUSE", "hidden"),
        ("SANAQ_CLICKHOUSE", "mysql://hidden@host/db"),
        ("SANAQ_CLICKHOUSE", "clickhouse:///hidden"),
        ("SANAQ_REGISTRY", "hidden"),
        ("SANAQ_TLS_CERT", "/hidden.pem"),
        ("SANAQ_SPOOL_COMPRESSION", "hidden"),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(home: Path, variable: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(home, **{variable: value})
    assert variable in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_two_master_keys_are_refused(home: Path) -> None:
    with pytest.raises(ConfigError, match="set one of them"):
        settings_of(home, SANAQ_MASTER_KEY="k", SANAQ_MASTER_KEY_FILE="/k")


def test_a_missing_configuration_is_told(home: Path) -> None:
    with pytest.raises(ConfigError, match="set SANAQ_CONFIG"):
        settings_of(home, SANAQ_CONFIG=str(home / "none"))


def test_secrets_are_not_printed(home: Path) -> None:
    settings = settings_of(
        home,
        SANAQ_MASTER_KEY="hidden1",
        SANAQ_CLICKHOUSE="clickhouse://u:hidden2@h/sanaq",
        SANAQ_REGISTRY="postgresql://u:hidden3@h/sanaq",
    )
    assert "hidden" not in f"{settings!r} {settings}"


def test_a_folder_is_made_for_its_owner_alone(home: Path) -> None:
    path = settings_of(home / "a" / "b").path("spool")
    assert path == home / "a" / "b" / "spool"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_may_enter_is_closed(home: Path) -> None:
    (home / "keys").mkdir()
    (home / "keys").chmod(0o755)
    path = settings_of(home).path("keys")
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_home_that_is_there_keeps_its_mode(home: Path) -> None:
    home.chmod(0o755)
    path = settings_of(home).path("spool")
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_file_in_the_place_of_a_folder_is_told(home: Path) -> None:
    (home / "spool").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        settings_of(home).path("spool")


def test_a_socket_lies_in_the_installation(home: Path) -> None:
    assert settings_of(home).socket_path("spooler") == home / "run" / "spooler.sock"


def test_a_socket_of_a_deep_installation_has_a_short_path(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(home))
    deep = home / ("d" * 60) / ("e" * 60)
    path = settings_of(deep).socket_path("spooler")
    assert len(str(path)) <= 100
    assert path == settings_of(deep).socket_path("spooler")
    assert path != settings_of(deep / "f").socket_path("spooler")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_link_in_the_place_of_the_short_folder_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(home))
    deep = home / ("d" * 60) / ("e" * 60)
    folder = settings_of(deep).socket_path("spooler").parent
    folder.rmdir()
    folder.symlink_to(home)
    with pytest.raises(ConfigError, match="link"):
        settings_of(deep).socket_path("spooler")
