"""The cookie `sanaq_consent`: the native consent object, kept by the page on its own origin.

Its value is the object as JSON, URL-encoded, as the page writes it once the person has chosen; the
collector only reads it, and only where it is mounted on that origin.
"""

from __future__ import annotations

from collector.consent.cookie_text import is_too_long, read_json_value
from collector.consent.native import read_native
from collector.consent.signal import Evidence, Statement
from config.policy import Policy

SOURCE = "cookie"

NAME = "sanaq_consent"
"""Name of the cookie."""


def read_own_cookie(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read the cookie by the rules of the native consent object."""
    raw = evidence.cookies.get(NAME, "")
    if not raw:
        return None
    said = None if is_too_long({NAME: raw}) else read_json_value(raw)
    if said is None or not isinstance(said.get("purposes"), dict):
        return Statement(SOURCE, 0, 0, readable=False)
    return Statement(SOURCE, *read_native(said, policy, site))
