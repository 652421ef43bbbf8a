"""Visits of Matomo's Reporting API, `Live.getLastVisitsDetails` in JSON, as native events.

Sources: Matomo's Reporting API reference; the plugins Live, Actions, Goals, Ecommerce, Events and
Contents, which fill a visit's `actionDetails`. Each action is mapped as its request to the tracking
API would have been.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from collector.protocols.fields import Draft, read_number
from collector.protocols.matomo_events import map_event
from collector.protocols.native import decode_events
from commands._import_json import read_objects
from commands._import_kinds import NO_EVENT, Kind, LeftOut, Piece, Rules
from commands._import_native import decode_object, to_native, to_piece
from commands._import_source import ImportFailed, Source

ACTIONS_MAX = 10_000
"""So many actions of one visit are read."""

Table = dict[str, str]

EVENT: Table = {
    "eventCategory": "e_c",
    "eventAction": "e_a",
    "eventName": "e_n",
    "eventValue": "e_v",
}
CONTENT: Table = {
    "contentName": "c_n",
    "contentPiece": "c_p",
    "contentTarget": "c_t",
    "contentInteraction": "c_i",
}
ORDER: Table = {
    "orderId": "ec_id",
    "revenue": "revenue",
    "revenueSubTotal": "ec_st",
    "revenueTax": "ec_tx",
    "revenueShipping": "ec_sh",
    "revenueDiscount": "ec_dt",
}

ACTIONS: Mapping[str, Table] = {
    "action": {"url": "url", "pageTitle": "action_name"},
    "search": {
        "url": "url",
        "siteSearchKeyword": "search",
        "siteSearchCategory": "search_cat",
        "siteSearchCount": "search_count",
    },
    "outlink": {"url": "link"},
    "download": {"url": "download"},
    "event": EVENT | {"url": "url", "pageTitle": "action_name"},
    "content": CONTENT | {"url": "url"},
    "13": CONTENT | {"url": "url"},
    "goal": {"url": "url", "goalId": "idgoal", "revenue": "revenue"},
    "ecommerceOrder": ORDER,
    "ecommerceAbandonedCart": {},
}
"""Type of an action -> its field -> parameter of the tracking API. Contents keep their number."""

VISIT: Table = {
    "userId": "uid",
    "visitorId": "_id",
    "languageCode": "lang",
    "resolution": "res",
    "visitIp": "cip",
}

CAMPAIGN = {
    "campaignName": "campaign_name",
    "campaignKeyword": "campaign_term",
    "campaignSource": "campaign_source",
    "campaignMedium": "campaign_medium",
    "campaignContent": "campaign_content",
    "referrerName": "campaign_name",
    "referrerKeyword": "campaign_term",
}
"""Field of a visit that a campaign brought -> column; the plugin for campaigns knows them all."""

IDENTITY = ("pageId", "goalPageId", "goalId", "orderId")
"""What tells the actions of a visit apart."""

STEP_SECONDS = 900
"""Time zones differ by multiples of this."""

OFFSET_SECONDS_MAX = 14 * 3_600


def read_visits(source: Source, rules: Rules) -> Iterator[Piece | LeftOut]:
    """Give the events of each visit, in its order.

    Errors: ImportFailed where Matomo answered with an error, or with several of its sites.
    """
    wanted = rules.options.get("id_site")
    for line, text in read_objects(source):
        visit = decode_object(text)
        if visit is None or "idVisit" not in visit:
            if visit is not None and visit.get("result") == "error":
                raise ImportFailed(f"line {line}: Matomo answered with an error, not with visits")
            yield Piece(line, NO_EVENT)
            continue
        site = str(visit.get("idSite", ""))
        wanted = site if wanted is None else wanted
        if site == wanted:
            yield from _read_actions(line, visit, rules)
        elif rules.options.get("id_site") is None:
            raise ImportFailed(f"line {line}: visits of another Matomo site; choose by --id-site")
        else:
            yield LeftOut(line, "other_site")


def _read_actions(line: int, visit: dict[str, Any], rules: Rules) -> Iterator[Piece | LeftOut]:
    """Give the events of one visit."""
    held = visit.get("actionDetails")
    # PHP writes a list with gaps as an object.
    listed = list(held.values()) if isinstance(held, dict) else held
    actions = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if not actions:
        yield LeftOut(line, "visit_empty")
    offset_seconds = find_offset(visit, actions)
    seen: Counter[tuple[str, ...]] = Counter()
    is_landed = False
    for action in actions[:ACTIONS_MAX]:
        draft = map_action(visit, action)
        if isinstance(draft, str):
            yield LeftOut(line, draft)
            continue
        if draft["name"] == "page_view" and not is_landed:
            is_landed = True
            _land(visit, draft)
        if (moment := read_number(action.get("timestamp"))) is not None:
            draft["occurred_at"] = (moment - offset_seconds) * 1000
        identity = _identify(visit, action)
        seen[identity] += 1
        event_id = "\x1f".join((rules.origin.source, *identity, str(seen[identity])))
        yield to_piece(line, to_native(draft, event_id, {}, rules), rules)
    for _ in actions[ACTIONS_MAX:]:
        yield LeftOut(line, "events_too_many")


def map_action(visit: dict[str, Any], action: dict[str, Any]) -> Draft | str:
    """Give the draft of an action, or the reason why it is none."""
    kind = str(action.get("type", ""))
    table = ACTIONS.get(kind)
    if table is None:
        return "kind_unwanted"
    sent: dict[str, Any] = {"rec": "1"}
    told = ((VISIT, visit), (table, action))
    for names, held in told:
        sent |= {to: held[name] for name, to in names.items() if held.get(name) not in (None, "")}
    for held in (visit, action):
        sent |= {name: held[name] for name in held if name.startswith("dimension") and held[name]}
    if kind.startswith("ecommerce"):
        sent["idgoal"] = "0"
    elif kind == "action":
        sent.pop("search", None)
    draft = map_event(sent, True)
    if isinstance(draft, str):
        return draft
    _add_amounts(kind, visit, action, draft)
    draft |= {"sdk_name": "matomo", "session": str(visit["idVisit"])}
    model = visit.get("deviceModel")
    if isinstance(model, str) and model and not model.startswith(("Generic", "Unknown")):
        draft["device_model"] = model
    return draft


def _add_amounts(kind: str, visit: dict[str, Any], action: dict[str, Any], draft: Draft) -> None:
    """Fill what an order, a cart or a goal is worth; a cart that was left is no revenue."""
    properties = draft["properties"]
    if kind.startswith("ecommerce") and (items := read_number(action.get("items"))) is not None:
        properties["items"] = items
    if kind == "ecommerceAbandonedCart":
        properties["value"] = read_number(action.get("revenue"))
    if kind == "goal" and isinstance(action.get("goalName"), str):
        properties["goal_name"] = action["goalName"]
    currency = visit.get("siteCurrency")
    if "revenue" in draft and isinstance(currency, str):
        draft["currency"] = currency


def _land(visit: dict[str, Any], draft: Draft) -> None:
    """Fill what a visit's first page view tells of where it came from."""
    if isinstance(visit.get("referrerUrl"), str):
        draft.setdefault("referrer", visit["referrerUrl"])
    if visit.get("referrerType") == "campaign":
        for name, column in CAMPAIGN.items():
            if isinstance(visit.get(name), str) and visit[name]:
                draft.setdefault(column, visit[name])


def _identify(visit: dict[str, Any], action: dict[str, Any]) -> tuple[str, ...]:
    """Give what makes an action itself, however often and whenever it is exported."""
    own = (str(action.get(name, "")) for name in IDENTITY)
    return (str(visit.get("idSite", "")), str(visit["idVisit"]), str(action.get("type")), *own)


def find_offset(visit: dict[str, Any], actions: list[dict[str, Any]]) -> int:
    """Give by how many seconds the actions' times are ahead.

    Matomo writes them in its site's time zone, as if that were UTC, and a visit's own times right
    (matomo-org/matomo issues 12819 and 22720): the first of both is the same moment.
    """
    moments = [one for a in actions if (one := read_number(a.get("timestamp"))) is not None]
    first = read_number(visit.get("firstActionTimestamp"))
    if not moments or first is None:
        return 0
    offset = round((min(moments) - first) / STEP_SECONDS) * STEP_SECONDS
    return offset if abs(offset) <= OFFSET_SECONDS_MAX else 0


MATOMO = Kind("matomo", "/v1/events", "events", read_visits, decode_events)
