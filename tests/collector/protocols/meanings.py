"""What vendors call differently and mean alike: which columns it fills, and who says it how."""

from __future__ import annotations

from typing import Any

from tests.collector.protocols.sending import (
    URL,
    Sent,
    amplitude,
    described,
    matomo,
    measured,
    mixpanel,
    native,
    otlp,
    plausible,
    posthog,
    rudderstack,
    segment,
    sentry,
    snowplow,
    tagged,
    umami,
    universal,
)  # fmt: skip

CAMPAIGN = {
    "campaign_source": "mail",
    "campaign_medium": "letter",
    "campaign_name": "autumn",
    "campaign_term": "boots",
    "campaign_content": "top",
}

PLACE = {"page_host": "soq.example", "page_path": "/install"}

Meaning = tuple[dict[str, Any], dict[str, Sent]]
"""What must be in which column, and who says it how."""

AD = {"ad_id": "a-17", "placement": "top"}
SALE = {"revenue": 12.5, "currency": "KZT"}
STACK = "TypeError: boom\n    at buy (shop.js:1:2)"
ERROR_PARTS = {"type": "TypeError", "value": "boom"}

MEANINGS: dict[str, Meaning] = {
    "a page is seen, with the campaign that led to it": (
        {"event_name": "page_view", "page_title": "Install", **PLACE, **CAMPAIGN},
        {
            "native": native(name="page_view", page={"url": URL, "title": "Install"}),
            "segment": segment(type="page", context={"page": {"url": URL, "title": "Install"}}),
            "segment, as properties": segment(
                type="page", properties={"url": URL, "title": "Install"}
            ),
            "rudderstack": rudderstack(
                type="page", context={"page": {"url": URL, "title": "Install"}}
            ),
            "posthog": posthog("$pageview", **{"$current_url": URL, "title": "Install"}),
            "amplitude": amplitude(
                "[Amplitude] Page Viewed",
                event_properties={
                    "[Amplitude] Page Location": URL,
                    "[Amplitude] Page Title": "Install",
                },
            ),
            "mixpanel": mixpanel(
                "$mp_web_page_view", **{"$current_url": URL, "current_page_title": "Install"}
            ),
            "otlp": otlp("browser.page_view", url__full=URL, browser__document__title="Install"),
            "umami": umami(url=URL, title="Install"),
            "matomo": matomo(url=URL, action_name="Install"),
            "snowplow": snowplow(e="pv", url=URL, page="Install"),
            "measurement protocol": measured("page_view", page_location=URL, page_title="Install"),
            "gtag": tagged(en="page_view", dl=URL, dt="Install"),
            "universal analytics": universal(t="pageview", dl=URL, dt="Install"),
        },
    ),
    "a page is seen, by who sends no title": (
        {"event_name": "page_view", **PLACE, **CAMPAIGN},
        {"plausible": plausible("pageview")},
    ),
    "a campaign in fields of its own": (
        CAMPAIGN,
        {
            "segment": segment(
                type="track",
                event="order",
                context={
                    "campaign": {
                        "source": "mail",
                        "medium": "letter",
                        "name": "autumn",
                        "term": "boots",
                        "content": "top",
                    }
                },
            ),
            "posthog": posthog(
                "order",
                **dict(
                    zip(
                        ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
                        CAMPAIGN.values(),
                        strict=True,
                    )
                ),
            ),
            "amplitude": amplitude(
                "order",
                event_properties=dict(
                    zip(
                        ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
                        CAMPAIGN.values(),
                        strict=True,
                    )
                ),
            ),
            "mixpanel": mixpanel(
                "order",
                **dict(
                    zip(
                        ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
                        CAMPAIGN.values(),
                        strict=True,
                    )
                ),
            ),
            "measurement protocol": measured(
                "campaign_details",
                source="mail",
                medium="letter",
                campaign="autumn",
                term="boots",
                content="top",
            ),
            "universal analytics": universal(
                t="pageview", cs="mail", cm="letter", cn="autumn", ck="boots", cc="top"
            ),
        },
    ),
    "a screen is seen": (
        {"event_name": "screen_view", "properties": {"screen": "Settings"}},
        {
            "native": native(name="screen_view", properties={"screen": "Settings"}),
            "segment": segment(type="screen", name="Settings"),
            "rudderstack": rudderstack(type="screen", name="Settings"),
            "posthog": posthog("$screen", **{"$screen_name": "Settings"}),
            "amplitude": amplitude(
                "[Amplitude] Screen Viewed",
                event_properties={"[Amplitude] Screen Name": "Settings"},
            ),
            "mixpanel": mixpanel("$screen_view", **{"$screen_name": "Settings"}),
            "otlp": otlp("app.screen.view", app__screen__name="Settings"),
            "snowplow": described("screen_view", {"id": "x", "name": "Settings"}),
            "measurement protocol": measured("screen_view", firebase_screen="Settings"),
            "gtag": tagged(en="screen_view", **{"ep.screen_name": "Settings"}),
            "universal analytics": universal(t="screenview", cd="Settings"),
        },
    ),
    "somebody signs in, with a trait that is declared": (
        {"event_name": "identify", "_person": "u-1", "properties": {"plan": "gold"}},
        {
            "native": native(name="identify", person="u-1", properties={"plan": "gold"}),
            "segment": segment(type="identify", userId="u-1", traits={"plan": "gold"}),
            "rudderstack": rudderstack(type="identify", userId="u-1", traits={"plan": "gold"}),
            "posthog": (
                "/posthog/batch",
                {
                    "api_key": "k",
                    "batch": [
                        {
                            "event": "$identify",
                            "distinct_id": "u-1",
                            "properties": {"$set": {"plan": "gold"}, "$anon_distinct_id": "d-1"},
                        }
                    ],
                },
            ),
            "amplitude": amplitude(
                "$identify", user_id="u-1", user_properties={"$set": {"plan": "gold"}}
            ),
            "mixpanel": (
                "/mixpanel/engage",
                [{"$token": "k", "$distinct_id": "u-1", "$set": {"plan": "gold"}}],
            ),
            "otlp": otlp("identify", user__id="u-1", plan="gold"),
            "umami": umami("identify", id="u-1", data={"plan": "gold"}),
        },
    ),
    "money is paid": (
        SALE,
        {
            "native": native(name="order", revenue=12.5, currency="KZT"),
            "segment": segment(type="track", event="order", properties=SALE),
            "rudderstack": rudderstack(type="track", event="order", properties=SALE),
            "posthog": posthog("order", **SALE),
            "amplitude": amplitude("order", event_properties=SALE),
            "amplitude, at the top": amplitude("order", **SALE),
            "amplitude, of price and quantity": amplitude(
                "revenue_amount",
                event_properties={"$price": 6.25, "$quantity": 2, "$currency": "KZT"},
            ),
            "mixpanel": mixpanel("order", **SALE),
            "otlp": otlp("order", **SALE),
            "plausible": plausible("order", **{"$": {"amount": "12.5", "currency": "KZT"}}),
            "umami": umami(name="order", data=SALE),
            "snowplow": snowplow(e="tr", tr_tt="12.5", tr_cu="KZT"),
            "measurement protocol": measured("purchase", value=12.5, currency="KZT"),
            "gtag": tagged(en="purchase", cu="KZT", **{"epn.value": 12.5}),
            "universal analytics": universal(t="transaction", tr="12.5", cu="KZT"),
        },
    ),
    "money is paid, by who names no currency": (
        {"event_name": "order", "revenue": 12.5},
        {"matomo": matomo(idgoal=0, ec_id="A-1", revenue="12.5")},
    ),
    "an advert is shown": (
        {"event_name": "ad_impression", "properties": AD},
        {
            "native": native(name="ad_impression", properties=AD),
            "segment": segment(type="track", event="ad_impression", properties=AD),
            "rudderstack": rudderstack(type="track", event="ad_impression", properties=AD),
            "posthog": posthog("ad_impression", **AD),
            "amplitude": amplitude("ad_impression", event_properties=AD),
            "mixpanel": mixpanel("ad_impression", **AD),
            "otlp": otlp("ad_impression", **AD),
            "plausible": plausible("ad_impression", p=AD),
            "umami": umami(name="ad_impression", data=AD),
            "snowplow": described("ad_impression", {"bannerId": "a-17", "zoneId": "top"}),
            "measurement protocol": measured("ad_impression", **AD),
            "gtag": tagged(en="ad_impression", **{"ep.ad_id": "a-17", "ep.placement": "top"}),
        },
    ),
    "an advert is shown, by who names it alone": (
        {"event_name": "ad_impression", "properties": {"ad_id": "a-17"}},
        {
            "matomo": matomo(url=URL, c_n="a-17"),
            "measurement protocol": measured("ad_impression", ad_unit_name="a-17"),
        },
    ),
    "something fails": (
        {
            "table": "diagnostics",
            "kind": "error",
            "event_name": "error",
            "exception_type": "TypeError",
            "exception_message": "boom",
        },
        {
            "native": native(
                name="error", kind="error", exception={"type": "TypeError", "message": "boom"}
            ),
            "sentry": sentry(exception={"values": [ERROR_PARTS]}),
            "posthog": posthog("$exception", **{"$exception_list": [ERROR_PARTS]}),
            "otlp": otlp("", 17, exception__type="TypeError", exception__message="boom"),
            "matomo": matomo(url=URL, ca=1, cra="boom", cra_tp="TypeError", cra_st=STACK),
            "snowplow": described(
                "application_error",
                {"message": "boom", "exceptionName": "TypeError", "programmingLanguage": "JAVA"},
                "1-0-2",
            ),
        },
    ),
    "something fails, by who says nothing but that": (
        {"table": "diagnostics", "kind": "error", "exception_message": "boom"},
        {
            "measurement protocol": measured("exception", description="boom"),
            "gtag": tagged(en="exception", **{"ep.description": "boom"}),
            "universal analytics": universal(t="exception", exd="boom"),
        },
    ),
}
