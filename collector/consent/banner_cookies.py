"""Cookies of common consent banners: one reader each, in the list `BANNERS`.

They reach the collector only where it is mounted on the page's own origin. What a category means
stands in `categories`, what a banner may grant in the policy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from collector.consent import banner_values as values
from collector.consent.categories import Choices, weigh_choices
from collector.consent.cookie_text import is_too_long
from collector.consent.signal import Evidence, Statement
from config.policy import Policy


class Banner(NamedTuple):
    """One banner: how its cookies are called, and how they are read."""

    source: str
    """Its name in the policy's `[signals]`."""
    names: tuple[str, ...]
    """Its cookies; one with a `*` at its end stands for all that begin so."""
    read: Callable[[values.Cookies], Choices | None]
    """Its cookies -> what was chosen, None where they cannot be read."""


BANNERS = (
    Banner("orestbida", ("cc_cookie",), values.read_orestbida),
    Banner("klaro", ("klaro",), values.read_klaro),
    Banner("onetrust", (values.ONETRUST, values.ONETRUST_CLOSED), values.read_onetrust),
    Banner("cookiebot", ("CookieConsent",), values.read_cookiebot),
    Banner("didomi", ("didomi_token",), values.read_didomi),
    Banner("iubenda", ("_iub_cs-*",), values.read_iubenda),
    Banner("cookieyes", ("cookieyes-consent",), values.read_cookieyes),
    Banner(
        "complianz",
        (*values.COMPLIANZ_CATEGORIES, values.COMPLIANZ_STATUS),
        values.read_complianz,
    ),
    Banner("c15t", ("c15t", "c15t-consent"), values.read_c15t),
    Banner("tarteaucitron", ("tarteaucitron",), values.read_tarteaucitron),
    Banner("django_cookie_consent", ("cookie_consent",), values.read_django),
    Banner("matomo", (*values.MATOMO_GIVEN, values.MATOMO_REMOVED), values.read_matomo),
    Banner("usprivacy", ("usprivacy",), values.read_us_privacy),
    Banner("osano", ("cookieconsent_status", "osano_consentmanager"), values.read_osano),
)
"""Every banner whose cookies are read."""


def read_banner(
    evidence: Evidence, policy: Policy, site: str, *, banner: Banner
) -> Statement | None:
    """Give what the cookies of one banner say, None where there are none."""
    cookies = _pick(evidence, banner.names) if evidence.cookies else {}
    if not cookies:
        return None
    choices = None if is_too_long(cookies) else banner.read(cookies)
    return weigh_choices(banner.source, choices, policy, site)


NAMES = frozenset(name for banner in BANNERS for name in banner.names)
"""The cookies of all banners."""

PREFIXES = tuple([name[:-1] for name in sorted(NAMES) if name.endswith("*")])
"""How those cookies begin that have a number in their name."""

BANNER_READERS = tuple([partial(read_banner, banner=banner) for banner in BANNERS])
"""A reader of each banner, in the order of `BANNERS`."""


def has_banner(cookies: values.Cookies) -> bool:
    """Tell whether any of these cookies is a banner's."""
    return not NAMES.isdisjoint(cookies) or any(one.startswith(PREFIXES) for one in cookies)


def _pick(evidence: Evidence, names: tuple[str, ...]) -> dict[str, str]:
    """Give the cookies of these names that have a value."""
    found: dict[str, str] = {}
    for name in names:
        if not name.endswith("*"):
            found[name] = evidence.cookies.get(name, "")
        else:
            begun = [one for one in evidence.cookies if one.startswith(name[:-1])]
            found |= {one: evidence.cookies[one] for one in begun}
    return {name: text for name, text in found.items() if text}
