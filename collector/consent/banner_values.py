"""How each banner writes what was chosen: cookie -> category -> yes or no; None is unreadable.

A banner that was shown and not answered says nothing, and neither does a yes that is no act of the
person's. A yes counts only where the value is whole: what is cut off might have been a no. Sources:
the banners' own code and documentation, and values they were seen to write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, unquote

from collector.consent.categories import Choices, join_answers, join_lists
from collector.consent.cookie_text import read_base64_json, read_json_value, unquote_value

Cookies = Mapping[str, str]
"""The cookies of one banner by name; none is empty, and none too long."""

ONETRUST, ONETRUST_CLOSED = "OptanonConsent", "OptanonAlertBoxClosed"
COMPLIANZ_STATUS = "cmplz_banner-status"
MATOMO_GIVEN, MATOMO_REMOVED = ("mtm_consent", "mtm_cookie_consent"), "mtm_consent_removed"

OPTIONAL = ("analytics", "preferences", "marketing", "social")
"""What is refused by one no to everything."""

FIELDS_MAX = 64
"""Most fields of one value that are looked at."""

IUBENDA_PURPOSES = {
    "1": "necessary",
    "2": "functionality",
    "3": "experience",
    "4": "measurement",
    "5": "marketing",
}
COMPLIANZ_CATEGORIES = {
    "cmplz_functional": "necessary",
    "cmplz_preferences": "preferences",
    "cmplz_statistics": "statistics",
    "cmplz_marketing": "marketing",
}
C15T_CATEGORIES = ("functionality", "experience", "measurement", "marketing")

COOKIEBOT = re.compile(r"\{((?:\w{1,32}:(?:'[^']*'|[\w.+-]*)(?:,(?=\w)|(?=\})))+)\}")
COOKIEBOT_PAIR = re.compile(r"(\w+):('[^']*'|[\w.+-]*)")
TARTEAUCITRON = re.compile(r"(?:![\w.-]{1,64}=(?:true|false|wait))+")
DJANGO = re.compile(
    r"[\w.-]{1,64}=(?:-1|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
)
MILLISECONDS = re.compile(r"\d{13}")
US_PRIVACY = re.compile(r"1[YN-]([YN-])[YN-]", re.IGNORECASE)


def read_orestbida(cookies: Cookies) -> Choices | None:
    """Read vanilla-cookieconsent: accepted categories, and all that were shown under `services`."""
    said = read_json_value(cookies["cc_cookie"])
    shown = None if said is None else said.get("services", {})
    if said is None or not (isinstance(said.get("categories"), list) and isinstance(shown, dict)):
        return None
    return join_lists(said["categories"], set(shown) - set(_texts(said["categories"])))


def read_klaro(cookies: Cookies) -> Choices | None:
    """Read Klaro: {service: true or false}."""
    return _literal(read_json_value(cookies["klaro"]))


def read_onetrust(cookies: Cookies) -> Choices | None:
    """Read OneTrust: groups in a query string, an answer only where the banner was closed.

    Fields are told apart before they are unquoted, since one of them is an address of the page. A
    yes counts until the banner asks again.
    """
    whole = next((one for one in unquote_value(cookies.get(ONETRUST, "")) if "=" in one), "")
    try:
        fields = parse_qs(whole, max_num_fields=FIELDS_MAX)
    except ValueError:
        return None
    choices: Choices = {}
    if ONETRUST_CLOSED in cookies and "0" not in fields.get("interactionCount", ()):
        asks_again = fields.get("AwaitingReconsent") != ["false"]
        for group in unquote(",".join(fields.get("groups", ()))).split(","):
            name, _, answer = group.partition(":")
            if answer == "0" or (answer == "1" and not asks_again):
                _say(choices, name, answer == "1")
    if "1" in (*fields.get("isGpcEnabled", ()), *fields.get("browserGpcFlag", ())):
        choices["sale"] = False
    return choices if "groups" in fields or choices or ONETRUST not in cookies else None


def read_cookiebot(cookies: Cookies) -> Choices | None:
    """Read Cookiebot: an object as JavaScript writes it; 0 is a no, -1 says it was not asked."""
    for text in unquote_value(cookies["CookieConsent"]):
        if text in ("0", "-1"):
            return dict.fromkeys(OPTIONAL, False) if text == "0" else {}
        if match := COOKIEBOT.fullmatch(text):
            pairs = COOKIEBOT_PAIR.findall(match[1])
            is_act = ("method", "'explicit'") in pairs
            answers = [(name, said == "true") for name, said in pairs if said in ("true", "false")]
            return _gather(one for one in answers if is_act or not one[1]) if answers else None
    return None


def read_didomi(cookies: Cookies) -> Choices | None:
    """Read Didomi: lists of purposes in base64; a no to `cookies` is one to everything."""
    said = read_base64_json(cookies["didomi_token"])
    purposes = said.get("purposes") if said is not None else None
    if not isinstance(purposes, dict):
        return None
    choices = join_answers(purposes.get("enabled"), purposes.get("disabled"))
    if choices is not None and choices.get("cookies") is False:
        return choices | dict.fromkeys((*choices, *OPTIONAL), False)
    return choices


def read_iubenda(cookies: Cookies) -> Choices | None:
    """Read iubenda: purposes by number, or `consent` for all; if one of several is cut, no yes."""
    choices: Choices = {}
    is_whole = True
    for raw in cookies.values():
        said = read_json_value(raw) or {}
        purposes, whole = said.get("purposes"), said.get("consent")
        if isinstance(purposes, dict):
            answers = {name: one for name, one in purposes.items() if isinstance(one, bool)}
        else:
            is_for_all = whole is True and purposes is None
            answers = dict.fromkeys(IUBENDA_PURPOSES, True) if is_for_all else {}
        if whole is False:
            answers |= dict.fromkeys(("2", "3", "4", "5"), False)
        is_whole = is_whole and bool(answers)
        for number, answer in answers.items():
            _say(choices, IUBENDA_PURPOSES.get(number, number), answer)
    kept = {name: answer for name, answer in choices.items() if is_whole or not answer}
    return kept if is_whole or kept else None


def read_cookieyes(cookies: Cookies) -> Choices | None:
    """Read CookieYes: `category:yes` or `no`; without `action:yes` nobody answered."""
    for text in unquote_value(cookies["cookieyes-consent"]):
        pairs = _pairs(text.split(",", FIELDS_MAX), ":")
        if any(name == "action" for name, _ in pairs):
            answers = [(name, said == "yes") for name, said in pairs if said in ("yes", "no")]
            choices = _gather(answers)
            is_answered = choices.pop("action", False)
            choices.pop("consent", None)
            return choices if is_answered else {}
    return None


def read_complianz(cookies: Cookies) -> Choices | None:
    """Read Complianz: a cookie a category, `allow` or `deny`, once its banner was dismissed."""
    answers = {
        COMPLIANZ_CATEGORIES[name]: said == "allow"
        for name, said in cookies.items()
        if name in COMPLIANZ_CATEGORIES and said in ("allow", "deny")
    }
    is_answered = cookies.get(COMPLIANZ_STATUS, "dismissed") == "dismissed"
    kept = {name: said for name, said in answers.items() if is_answered}
    return kept if answers or COMPLIANZ_STATUS in cookies else None


def read_c15t(cookies: Cookies) -> Choices | None:
    """Read c15t: `c.category:1` with `i.t:` for the moment; what was refused is left out."""
    for raw in cookies.values():
        if (said := read_json_value(raw)) is not None:
            return _literal(said.get("consents"))
        for text in unquote_value(raw):
            pairs = _pairs(text.split(",", FIELDS_MAX), ":")
            if any(name == "i.t" and MILLISECONDS.fullmatch(said) for name, said in pairs):
                given = ((name[2:], said == "1") for name, said in pairs if name.startswith("c."))
                return dict.fromkeys(C15T_CATEGORIES, False) | _gather(given)
    return None


def read_tarteaucitron(cookies: Cookies) -> Choices | None:
    """Read tarteaucitron: `!service=true`, `false`, or `wait` where nobody answered."""
    for text in unquote_value(cookies["tarteaucitron"]):
        if TARTEAUCITRON.fullmatch(text):
            pairs = _pairs(text[1:].split("!"), "=")
            return _gather((name, said == "true") for name, said in pairs if said != "wait")
    return None


def read_django(cookies: Cookies) -> Choices | None:
    """Read django-cookie-consent: `group=moment` for a yes, `group=-1` for a no."""
    for text in unquote_value(cookies["cookie_consent"]):
        parts = text.split("|")
        if all(DJANGO.fullmatch(part) for part in parts):
            return _gather((name, said != "-1") for name, said in _pairs(parts, "="))
    return None


def read_matomo(cookies: Cookies) -> Choices | None:
    """Read Matomo's own cookies: the moment of a yes, and that it was taken back, which wins."""
    if MATOMO_REMOVED in cookies:
        return {"analytics": False}
    is_given = all(MILLISECONDS.fullmatch(moment) for moment in cookies.values())
    return {"analytics": True} if is_given else None


def read_us_privacy(cookies: Cookies) -> Choices | None:
    """Read the IAB's `usprivacy`: whether the person opted out of sale; it grants nothing."""
    match = US_PRIVACY.fullmatch(cookies["usprivacy"])
    if match is None:
        return None
    return {"sale": False} if match[1] in "Yy" else {}


def read_osano(cookies: Cookies) -> Choices | None:
    """Read the open-source Osano banner: only `deny` says something; the other is opaque."""
    said = cookies.get("cookieconsent_status")
    if said == "deny":
        return dict.fromkeys(OPTIONAL, False)
    return {} if said in ("allow", "dismiss") else None


def _say(choices: Choices, name: str, answer: bool) -> None:
    """Add an answer; of two to one category the refusal stays."""
    choices[name] = choices.get(name, True) and answer


def _gather(answers: Iterable[tuple[str, bool]]) -> Choices:
    """Give the choices of answers, refusals first."""
    choices: Choices = {}
    for name, answer in answers:
        _say(choices, name, answer)
    return choices


def _literal(said: object) -> Choices | None:
    """Give the literal yes and no of an object; None where it is none, or holds none."""
    if not isinstance(said, dict):
        return None
    choices = {name: answer for name, answer in said.items() if isinstance(answer, bool)}
    return choices or (None if said else {})


def _pairs(parts: Iterable[str], sign: str) -> list[tuple[str, str]]:
    """Give the names and values of parts that have both."""
    cut = (part.partition(sign) for part in parts)
    return [(name.strip(), value.strip()) for name, found, value in cut if found]


def _texts(values: object) -> list[str]:
    """Give the texts of a list, none where it is no list."""
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
