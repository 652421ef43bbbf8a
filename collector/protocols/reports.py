"""Reports that browsers send by themselves: CSP, NEL, deprecation, intervention, crash and others.

No key: the site is the one that lists the origin of the page, which browsers send with a report;
where they say `null`, the address of the report itself tells. Sources: Reporting API, CSP level 3
(`report-uri` and `report-to`), Network Error Logging; reports of Chromium as captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from collector.outcomes import BadRequest
from collector.protocols.bodies import object_in, read_json, text_in
from collector.protocols.fields import Draft, FieldMap, read_number, read_text
from collector.protocols.identifying import reduce_url
from collector.protocols.maker import Maker
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request, read_query
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

KINDS = {
    "csp-violation": "error",
    "deprecation": "log",
    "intervention": "log",
    "permissions-policy-violation": "error",
    "document-policy-violation": "error",
    "integrity-violation": "error",
    "coop": "error",
    "coep": "error",
    "network-error": "error",
    "crash": "crash",
}
"""Type of a report -> kind of our diagnostic; other types are not collected."""

FIELDS = FieldMap(
    {
        "url": "url",
        "user_agent": "user_agent",
        "body.message": "exception_message",
        "body.stack": "exception_stack",
        "body.stacktrace": "exception_stack",
        "body.server_ip": "other_id",
    }
)

KEPT = {
    "disposition": "disposition",
    "effectiveDirective": "directive",
    "policyId": "policy",
    "id": "feature",
    "reason": "reason",
    "phase": "phase",
    "protocol": "protocol",
    "method": "method",
    "type": "network_type",
    "status_code": "http_status",
    "statusCode": "http_status",
    "lineNumber": "line",
    "columnNumber": "column",
    "is_top_level": "is_top_level",
    "visibility_state": "visibility_state",
}
"""Field of a report's body -> property."""

URLS = {"blockedURL": "blocked", "sourceFile": "source"}
"""Likewise of addresses, of which no query stays."""

CSP = {
    "document-uri": "documentURL",
    "referrer": "referrer",
    "blocked-uri": "blockedURL",
    "effective-directive": "effectiveDirective",
    "violated-directive": "effectiveDirective",
    "source-file": "sourceFile",
    "line-number": "lineNumber",
    "column-number": "columnNumber",
    "status-code": "statusCode",
    "disposition": "disposition",
}
"""Field of the older form of CSP's report -> its name in the newer one; the first that is there."""

DROPPED = {
    "body.sample, body.originalPolicy": "what stood in the page; the site's own header",
    "body.referrer": "not needed to mend anything",
    "body.server_ip": "an address, looked for in texts",
    "body.sampling_fraction, body.crash_report_api": "speak of the sender's settings",
    "network-error of type ok": "a success is no error (`kind_unwanted`)",
}

AGE_MS_MAX = 604_800_000
"""Older ages are none."""

NETWORK_FINE = "ok"


def decode_reports(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a list of reports, or one report of either form.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    maker = Maker("reports", sender, terms)
    at = sender.received_at_ms
    return maker.add_all(read_reports(request), lambda item: map_report(item, at))


def read_reports(request: Request) -> list[Any]:
    """Give the reports of a body, those of the older form of CSP as the newer one writes them.

    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    body = read_json(request.body)
    reports = body if isinstance(body, list) else [body]
    if not isinstance(body, list | dict):
        raise BadRequest("body_invalid")
    return [_to_newer(one) if isinstance(one, dict) else one for one in reports]


def _to_newer(report: dict[str, Any]) -> dict[str, Any]:
    """Give a report in the newer form."""
    old = report.get("csp-report")
    if not isinstance(old, dict):
        return report
    body: dict[str, Any] = {}
    for name, newer in CSP.items():
        if name in old:
            body.setdefault(newer, old[name])
    return {"type": "csp-violation", "url": body.get("documentURL"), "body": body}


def map_report(item: dict[str, Any], received_at_ms: int) -> Draft | str:
    """Give the draft of a report, or why there is none."""
    name = text_in(item, "type")
    if not name:
        return "event_invalid"
    body = object_in(item, "body")
    network = text_in(body, "type") if name == "network-error" else ""
    if name not in KINDS or network == NETWORK_FINE:
        return "kind_unwanted"
    kind = KINDS[name]
    draft: Draft = {"name": kind, "kind": kind, "exception_type": name, "sdk_name": "browser"}
    draft["properties"] = _properties_of(body)
    age = read_number(item.get("age"))
    if age is not None and 0 <= age <= AGE_MS_MAX:
        draft["occurred_at_ms"] = received_at_ms - round(age)
    if (elapsed := read_number(body.get("elapsed_time"))) is not None:
        draft["measurements"] = [{"name": "elapsed", "value": elapsed, "unit": "ms"}]
    FIELDS.read(item, draft)
    draft.setdefault("exception_message", _tell(name, network, draft["properties"]))
    return draft


def _tell(name: str, network: str, properties: Mapping[str, Any]) -> str:
    """Give a sentence for a report that brings none."""
    if network:
        return " ".join(filter(None, (network, str(properties.get("http_status") or ""))))
    told = (properties.get(part) for part in ("directive", "blocked", "reason", "policy"))
    return " ".join([name, *(str(one) for one in told if one)])


def _properties_of(body: dict[str, Any]) -> dict[str, Any]:
    """Give what is kept of a report's body."""
    properties: dict[str, Any] = {}
    for field, name in KEPT.items():
        value = body.get(field)
        if isinstance(value, bool | int | float) or (value := read_text(value)) is not None:
            properties.setdefault(name, value)
    for field, name in URLS.items():
        if text := text_in(body, field):
            properties[name] = reduce_url(text, frozenset())
    return properties


def find_origin(request: Request) -> str:
    """Give the origin of the page that the first report speaks of, '' where none tells it."""
    try:
        reports = read_reports(request)
    except BadRequest:
        return ""
    first = reports[0] if reports and isinstance(reports[0], dict) else {}
    try:
        parts = urlsplit(text_in(first, "url"))
    except ValueError:
        return ""
    is_page = parts.scheme in ("http", "https") and "@" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}".lower() if is_page else ""


def find_key(request: Request) -> str:
    """Give the key of a `report-uri` as Sentry writes them."""
    return read_query(request).get("sentry_key", "")


def answer_nothing(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer that there is nothing to say; browsers look at the status alone."""
    return Answer(status=204)


def _endpoint(path: str) -> Endpoint:
    # Reports are about a page, not about who looked at it.
    return Endpoint(
        path,
        decode_reports,
        answer_nothing,
        is_open=True,
        find_origin=find_origin,
        takes_cookie=False,
    )


PROTOCOL = Protocol(
    "reports",
    (
        _endpoint("/reports"),
        _endpoint("/reports/{group}"),
        _endpoint("/v1/reports"),
        _endpoint("/v1/reports/{group}"),
        Endpoint(
            "/api/{project}/security",
            decode_reports,
            answer_nothing,
            find_key=find_key,
            takes_cookie=False,
        ),
    ),
    fields=FIELDS.table,
    dropped=DROPPED,
)
