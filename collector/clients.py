"""User agents and client hints, read by ua-parser's Rust resolver behind a bounded cache.

Why not `user_agents.parse` as it comes: it calls the pure Python parser, a thousand strings a
second, which an attacker with random strings turns into a full core; with the resolver below the
same library gives the same answers about twenty times as fast.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import ua_parser
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver
from user_agents.parsers import (
    UserAgent,
    parse_browser,
    parse_device,
    parse_operating_system,
)

from collector.context import ClientInfo

USER_AGENT_CHARS_MAX = 1_024
"""Longer user agents are no browser's and are not read; cut, they might end in half an id."""

CACHED_MAX = 10_000

_RESOLVER = Resolver(load_builtins())
_BRAND = re.compile(r'"([A-Za-z][A-Za-z0-9 ._-]{0,31})";\s*v="(\d{1,6})[."]')
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ()._+-]{0,63}")
_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,3}")
_UNBRANDED = re.compile(r"not.?a.?brand|chromium", re.IGNORECASE)
_AUTOMATIC = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|feed|fetch|monitor|preview|headless|lighthouse|curl/|wget/"
    r"|python-|java/|libwww-perl|go-http|okhttp-scan|scrapy|phantomjs|\bscan|ltx71|\brss\b"
    r"|facebookexternalhit|\+https?://"
    r"|^mozilla/5\.0 \(compatible; (?!msie|konqueror|u;|icab|omniweb|origyn|abrowse|netfront)[a-z]",
    re.IGNORECASE,
)
"""Self-declared machines that the parser's own list does not call robots: by what they do, by an
address where to read about them, or by naming themselves where the last browsers to do so were
those left out."""


@lru_cache(maxsize=CACHED_MAX)
def read_client(user_agent: str, client_hints: str) -> ClientInfo:
    """Tell browser, system, device and whether it is a bot; unknown parts are ''.

    Client hints (`join_hints`) stand before what the user agent says, since browsers freeze it.
    """
    parsed = _parse(user_agent if len(user_agent) <= USER_AGENT_CHARS_MAX else "")
    hints = dict(part.split("=", 1) for part in client_hints.split("\x1f") if "=" in part)
    info = ClientInfo(
        browser=_known(parsed.browser.family),
        browser_version=_known(parsed.browser.version_string),
        os=_known(parsed.os.family),
        os_version=_known(parsed.os.version_string),
        device_type=_device_type(parsed),
        device_model=_known(parsed.device.model or ""),
        is_bot=bool(parsed.is_bot or _AUTOMATIC.search(user_agent)),
    )
    return _with_hints(info, hints)


def join_hints(headers: Mapping[str, str]) -> str:
    """Give the client hints of a request as one text, '' where it has none."""
    names = (
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "sec-ch-ua-platform-version",
        "sec-ch-ua-model",
    )
    return "\x1f".join(f"{name}={headers[name][:256]}" for name in names if name in headers)


def _parse(user_agent: str) -> Any:
    """Parse a user agent with the Rust resolver, in the shape that `user_agents` works on."""
    result = _RESOLVER(user_agent, ua_parser.Domain.ALL)
    parsed: Any = UserAgent.__new__(UserAgent)
    return _fill(parsed, user_agent, result)


def _fill(parsed: Any, user_agent: str, result: Any) -> Any:
    """Give the library's object the parts that its constructor would have parsed itself."""
    browser, system, device = result.user_agent, result.os, result.device
    parsed.ua_string = user_agent
    parsed.os = parse_operating_system(
        family=system.family if system else "Other",
        **{p: getattr(system, p, None) for p in ("major", "minor", "patch", "patch_minor")},
    )
    parsed.browser = parse_browser(
        family=browser.family if browser else "Other",
        **{p: getattr(browser, p, None) for p in ("major", "minor", "patch")},
    )
    parsed.device = parse_device(
        family=device.family if device else "Other",
        **{p: getattr(device, p, None) for p in ("brand", "model")},
    )
    return parsed


def _known(text: str) -> str:
    """Give '' for the library's word for unknown."""
    return "" if text in ("Other", "Generic Smartphone", "None") else text


def _device_type(parsed: Any) -> str:
    """Give the kind of device."""
    kinds = (
        ("bot", parsed.is_bot),
        ("tablet", parsed.is_tablet),
        ("phone", parsed.is_mobile),
        ("desktop", parsed.is_pc),
    )
    return next((name for name, holds in kinds if holds), "other" if parsed.ua_string else "")


def _with_hints(info: ClientInfo, hints: dict[str, str]) -> ClientInfo:
    """Let client hints stand before the user agent where they say something; bots say nothing."""
    brands = hints.get("sec-ch-ua", "")
    if info.is_bot or _AUTOMATIC.search(brands):
        return info._replace(is_bot=True, device_type="bot")
    changes = _brand(brands) | _system(info, hints)
    if hints.get("sec-ch-ua-mobile") == "?1":
        changes["device_type"] = "phone"
    if model := _unquoted(hints, "sec-ch-ua-model", _NAME):
        changes["device_model"] = model
    return ClientInfo(**info._asdict() | changes)


def _brand(brands: str) -> dict[str, str]:
    """Give browser and version of the first brand that is one."""
    for name, version in _BRAND.findall(brands):
        if not _UNBRANDED.search(name):
            return {"browser": name.replace("Google ", ""), "browser_version": version}
    return {}


def _system(info: ClientInfo, hints: dict[str, str]) -> dict[str, str]:
    """Give the system and its version; Windows tells its own by the platform's.

    Source: Microsoft, "Detect Windows 11 using User-Agent Client Hints": 13 and more is Windows 11.
    """
    changes = {}
    if platform := _unquoted(hints, "sec-ch-ua-platform", _NAME):
        changes["os"] = {"macOS": "Mac OS X"}.get(platform, platform)
    if version := _unquoted(hints, "sec-ch-ua-platform-version", _VERSION):
        changes["os_version"] = version
        if changes.get("os", info.os) == "Windows":
            major = int(version.partition(".")[0])
            changes["os_version"] = "11" if major >= 13 else "10" if major else info.os_version
    return changes


def _unquoted(hints: dict[str, str], name: str, form: re.Pattern[str]) -> str:
    """Give a hint's text where it has the form that browsers give it, else ''."""
    text = hints.get(name, "").strip('"')
    return text if form.fullmatch(text) else ""
