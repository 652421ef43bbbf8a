"""What banners were seen to write, whole, and what each value says.

Captured in Chromium, or taken from what the banners' makers document of their formats.
"""

from __future__ import annotations

import base64
import json
from typing import NamedTuple
from urllib.parse import quote

from collector.consent.evidence import read_evidence
from collector.consent.signal import Evidence, Statement
from tests.collector.worlds import POLICY


class Example(NamedTuple):
    """The cookies of one banner, and what they say of the policy's purposes."""

    source: str
    cookies: dict[str, str]
    granted: str
    refused: str


def encode(value: object) -> str:
    """Give a value as URL-encoded JSON."""
    return quote(json.dumps(value, separators=(",", ":")), safe="")


def to_token(value: object) -> str:
    """Give a value as JSON in base64."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def read_cookies(cookies: dict[str, str], site: str = "soq") -> tuple[Statement, ...]:
    """Give the statements that cookies make."""
    return read_evidence(Evidence({}, cookies, {}, None, None), POLICY, site)


ONETRUST = (
    "isGpcEnabled=0&datestamp=Sun+Nov+22+2026+05%3A59%3A15+GMT%2B0000&version=202601.1.0"
    "&browserGpcFlag=0&isIABGlobal=false&hosts=&consentId=3f0c7a2e-8b1d-4f6e-9c55-1a2b3c4d5e6f"
    "&interactionCount=1&isAnonUser=1&landingPath=NotLandingPage"
    "&groups=C0001%3A1%2CC0002%3A1%2CC0003%3A0%2CC0004%3A0%2CC0005%3A0"
    "&AwaitingReconsent=false&geolocation=KZ%3BALA"
)
CLOSED = {"OptanonAlertBoxClosed": "2026-11-22T05:59:15.000Z"}

COOKIEBOT = (
    "%7Bstamp%3A%27VLZnHUKBPLqZCJyClLLmnGglmUPeZsGxrmiAEZ48i7UH39ptKHY4MA%3D%3D%27%2Cnecessary%3A"
    "true%2Cpreferences%3Afalse%2Cstatistics%3Atrue%2Cmarketing%3Afalse%2Cmethod%3A%27explicit%27"
    "%2Cver%3A1%2Cutc%3A1724770548958%2Cregion%3A%27de%27%7D"
)

ORESTBIDA = {
    "categories": ["analytics", "necessary"],
    "revision": 2,
    "data": {"jurisdiction": "KZ"},
    "consentTimestamp": "2026-11-22T05:59:15.185Z",
    "consentId": "cb22e0bd-f6eb-4c86-af39-0069b987d419",
    "services": {"necessary": [], "analytics": ["ga", "self"], "ads": []},
    "languageCode": "en",
    "expirationTime": 1811051955185,
}

IUBENDA = {
    "timestamp": "2025-02-05T15:40:00.391Z",
    "version": "1.75.1",
    "purposes": {"1": True, "3": True, "4": True},
    "id": 50053366,
    "cons": {"rand": "157518"},
}

DIDOMI = {
    "user_id": "18ee10b5-1c0b-67bb-b764-00385b75dff5",
    "created": "2026-04-15T09:16:39.232Z",
    "updated": "2026-04-15T09:16:42.504Z",
    "vendors": {"enabled": ["google"], "disabled": ["c:mixpanel"]},
    "purposes": {
        "enabled": ["cookies", "analytics", "select_basic_ads"],
        "disabled": ["create_ads_profile", "geolocation_data"],
    },
    "version": 2,
}

COOKIEYES = (
    "consentid:YWJjZGVm,consent:yes,action:yes,necessary:yes,functional:no,analytics:yes,"
    "performance:yes,advertisement:no,other:no"
)

MATOMO_GIVEN = {"mtm_consent": "1795326444727"}

BOTH = "advertising partner_sharing"
ALL_BUT_PLACES = "analytics advertising personalisation partner_sharing"

EXAMPLES = [
    Example("orestbida", {"cc_cookie": encode(ORESTBIDA)}, "necessary analytics", "advertising"),
    Example(
        "klaro",
        {"klaro": encode({"sanaq": True, "googleAnalytics": True, "marketing": False})},
        "analytics",
        BOTH,
    ),
    Example(
        "onetrust",
        {"OptanonConsent": ONETRUST, **CLOSED},
        "necessary analytics",
        f"personalisation {BOTH}",
    ),
    Example(
        "cookiebot",
        {"CookieConsent": COOKIEBOT},
        "necessary analytics",
        f"personalisation {BOTH}",
    ),
    Example("didomi", {"didomi_token": to_token(DIDOMI)}, "analytics", "advertising geolocation"),
    Example(
        "iubenda",
        {"_iub_cs-50053366": encode(IUBENDA)},
        "necessary personalisation analytics",
        "",
    ),
    Example(
        "cookieyes",
        {"cookieyes-consent": COOKIEYES},
        "necessary analytics diagnostics",
        f"personalisation {BOTH}",
    ),
    Example(
        "complianz",
        {
            "cmplz_functional": "allow",
            "cmplz_statistics": "allow",
            "cmplz_preferences": "deny",
            "cmplz_marketing": "deny",
            "cmplz_banner-status": "dismissed",
        },
        "necessary analytics",
        f"personalisation {BOTH}",
    ),
    Example(
        "c15t",
        {
            "c15t": "c.necessary:1,c.functionality:1,c.experience:1,"
            "c.measurement:1,i.t:1795326444727"
        },
        "necessary personalisation analytics",
        BOTH,
    ),
    Example(
        "tarteaucitron",
        {"tarteaucitron": "!sanaq=true!marketing=false!preferences=wait"},
        "analytics",
        BOTH,
    ),
    Example(
        "django_cookie_consent",
        {"cookie_consent": "analytics=2026-06-04T03:19:30.978000+00:00|social=-1"},
        "analytics",
        "partner_sharing",
    ),
    Example("matomo", MATOMO_GIVEN, "analytics", ""),
    Example("matomo", {**MATOMO_GIVEN, "mtm_consent_removed": "1795326448614"}, "", "analytics"),
    Example("usprivacy", {"usprivacy": "1YYN"}, "", BOTH),
    Example("osano", {"cookieconsent_status": "deny"}, "", ALL_BUT_PLACES),
]
"""One example at least of every banner; what stands under both is refused."""
