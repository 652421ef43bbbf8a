"""Where the IAB's strings travel, and the statements they make: TCF and GPP.

A string may come in the payload, in the query and in a cookie of the page's own origin. Of several
that differ, each refusal counts; one that cannot be read says nothing and is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from collector.consent.bit_reader import Unreadable
from collector.consent.cookie_text import is_too_long
from collector.consent.gpp import read_gpp
from collector.consent.signal import Evidence, Signal, Statement
from collector.consent.tcf import read_tc_string
from config.policy import Policy

ReadText = Callable[[str, Policy, str], Signal]
"""(text, policy, site) -> what it says. Errors: Unreadable."""

TCF_COOKIE = "euconsent-v2"
GPP_COOKIE = "__gpp"


def read_tcf_statement(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read TC strings: `tcf` of the payload, `gdpr_consent` of the query, the usual cookie."""
    texts = _texts(evidence, "tcf", "gdpr_consent", TCF_COOKIE)
    return _read_texts("tcf", texts, read_tc_string, policy, site)


def read_gpp_statement(evidence: Evidence, policy: Policy, site: str) -> Statement | None:
    """Read GPP strings: `gpp` of the payload, `gpp` of the query, the usual cookie."""
    texts = _texts(evidence, "gpp", "gpp", GPP_COOKIE)
    return _read_texts("gpp", texts, read_gpp, policy, site)


def _texts(evidence: Evidence, key: str, parameter: str, cookie: str) -> list[object]:
    """Give what was sent in each of the three places, empty and absent ones left out."""
    payload = evidence.consent.get(key) if isinstance(evidence.consent, dict) else None
    raw = evidence.cookies.get(cookie, "")
    kept = raw if is_too_long({cookie: raw}) else unquote(raw)
    sent = (payload, evidence.query.get(parameter), kept)
    return [one for one in sent if one not in (None, "")]


def _read_texts(
    source: str, texts: list[object], read: ReadText, policy: Policy, site: str
) -> Statement | None:
    """Join what each text says: a refusal beats a grant; None where there is no text.

    One text that cannot be read takes the grants of the others away: nobody knows which is newer.
    """
    if not texts:
        return None
    granted = refused = 0
    is_readable = True
    for text in texts:
        try:
            said = read(text, policy, site) if isinstance(text, str) else None
        except Unreadable:
            said = None
        if said is None:
            is_readable = False
            continue
        granted |= said.granted
        refused |= said.refused
    if not is_readable:
        return Statement(source, 0, refused, readable=bool(refused))
    return Statement(source, granted & ~refused, refused)
