"""The overview as a page: `/sites/<site>?from=…&to=…`, and where the first page leads.

Answers the whole page to everyone; htmx takes the part it wants out of it, so that with and
without scripts the same thing is shown.
"""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.settings import HostPort
from dashboards.accounts import require_account
from dashboards.breakdowns import Breakdown
from dashboards.figures import VISITORS_MIN, breakdown_query, load_query
from dashboards.forms import give_csrf, keep_csrf
from dashboards.overview import Overview, build_overview
from dashboards.periods import DAY, PERIOD_DAYS, PERIOD_DEFAULT, Period, relative_period
from dashboards.services import Services
from dashboards.view import View, read_view, site_address
from dashboards.words import write_days, write_offset
from storage.registry.sites import Site, find_site, load_sites

PERIOD_TITLES = {"today": "Today", "7d": "7 days", "28d": "28 days"}
"""What the relative periods are called; their words are those of `PERIOD_DAYS`."""

FIRST_EVENT = """\
curl {address}/v1/events \\
  -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" \\
  -A "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0" \\
  -d '{{"events": [{{"name": "page_view",
       "occurred_at": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'",
       "page": {{"url": "https://{site}.example/"}}}}]}}'"""
"""The request that a site without events is taught; with curl's own user agent it is a bot's."""

WAITING = "section#waiting"
"""What htmx calls the part of the page that asks again and again whether an event has come."""


async def show_first(request: Request) -> Response:
    """Lead to the first site, or say how to make one."""
    account = await require_account(request)
    services: Services = request.app.state.services
    sites = await run_in_threadpool(load_sites, services.registry)
    if sites:
        return RedirectResponse(site_address(next(iter(sites))), 303)
    csrf = give_csrf(request)
    page = services.templates.page(
        request,
        "message.html",
        account=account,
        csrf=csrf,
        title="No site yet",
        text="A site is whatever sends events: a website, an app. Make one on the machine that "
        "runs Sanaq, then load this page again.",
        command="sanaq site add shop --timezone Asia/Almaty",
        address="",
    )
    return keep_csrf(request, page, csrf)


async def show_overview(request: Request) -> Response:
    """Show one site's figures over the period that the address says."""
    account = await require_account(request)
    services: Services = request.app.state.services
    name = request.path_params["site"]
    site = await run_in_threadpool(find_site, services.registry, name)
    if site is None:
        return _no_site(request, services, account)
    csrf = give_csrf(request)
    values = await run_in_threadpool(_read_values, services, site, dict(request.query_params))
    if request.headers.get("hx-source") == WAITING and _is_waiting(values["page"]):
        # Nothing to show anew: the page stays as it is, and so does what is marked in it.
        return Response(status_code=204)
    page = services.templates.page(request, "overview.html", account=account, csrf=csrf, **values)
    return keep_csrf(request, page, csrf)


def _is_waiting(page: Overview) -> bool:
    return page.latest is not None and page.latest.events == 0


def _no_site(request: Request, services: Services, account: Any) -> Response:
    return services.templates.page(
        request,
        "message.html",
        404,
        account=account,
        csrf=give_csrf(request),
        title="There is no such site",
        text="It may have been renamed, or the address is mistyped.",
        command="",
        address="/",
        address_text="Go to the first site",
    )


def _read_values(services: Services, site: Site, query: dict[str, str]) -> dict[str, Any]:
    """Read the figures and everything else that the template names. Blocks."""
    now = services.clock()
    view, was_replaced = read_view(site.name, query, now, site.zone)
    page = build_overview(services.reads, view, now)
    previous = view.period.previous()
    sites = load_sites(services.registry)
    return {
        "page": page,
        "was_replaced": was_replaced,
        "span_text": write_days(view.period.first, view.period.last),
        "span_before_text": write_days(previous.first, previous.last),
        "offset_text": write_offset(site.zone, now),
        "read_at_text": f"{now.astimezone(site.zone):%H:%M:%S}",
        "visitors_min": VISITORS_MIN,
        "sites": [(name, site_address(name)) for name in sites],
        "site_address": site_address(site.name),
        "periods": _period_choices(view, page),
        "kept": _kept_fields(view),
        "has_later": now >= view.period.end,
        "totals_sql": load_query("totals"),
        "list_sql": _list_sql,
        "first_event_curl": _write_curl(services.settings.collector, site.name),
        **_latest_values(page),
    }


def _period_choices(view: View, page: Overview) -> list[tuple[str, str, str]]:
    """Word, title and address of each relative period."""
    zone = view.period.zone
    return [
        (word, PERIOD_TITLES[word], view.address(period=relative_period(word, page.now, zone)))
        for word in PERIOD_DAYS
    ]


def _kept_fields(view: View) -> list[tuple[str, str]]:
    """What a form must carry along so that other dates change nothing but the dates."""
    fields = {"metric": view.metric, **view.tabs, "all": view.whole_panel}
    return [(name, value) for name, value in fields.items() if value]


def _latest_values(page: Overview) -> dict[str, Any]:
    """Where the newest events lie: the default period's length, up to their day."""
    day = page.latest_day
    if day is None:
        return {"latest_text": "", "latest_address": ""}
    first = day - DAY * (PERIOD_DAYS[PERIOD_DEFAULT] - 1)
    period = Period(first, day, page.view.period.zone)
    return {
        "latest_text": write_days(day, day),
        "latest_address": page.view.address(period=period),
    }


def _list_sql(breakdown: Breakdown) -> str:
    return breakdown_query(breakdown)


def _write_curl(collector: HostPort, site: str) -> str:
    return FIRST_EVENT.format(address=f"http://{collector}", site=site.replace("_", "-"))
