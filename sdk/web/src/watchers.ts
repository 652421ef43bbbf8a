/** What the SDK watches by itself, one function each, in the lists at the end. */

import type { Entry } from "./queue.js";
import type { Watcher } from "./sanaq.js";

const FILES = /\.(pdf|docx?|xlsx?|pptx?|csv|txt|zip|rar|gz|exe|dmg|apk|mp[34])$/i;
const VISIBLE_SHARE = 0.5;
const VISIBLE_MS = 1_000;

/** Call when the page is hidden or left, which is the last moment that is told of. */
function onHide(leave: () => void): void {
  // Before the queue hears it, so that it goes along.
  addEventListener("visibilitychange", () => document.hidden && leave(), true);
}

/** Page views, those without a load included (`history.pushState`, back and forward). */
const pages: Watcher = (tell) => {
  let seen = "";
  const view = (): void => {
    const path = location.pathname + location.search;
    if (path !== seen) tell("page_view");
    seen = path;
  };
  const push = history.pushState;
  history.pushState = function (...rest): void {
    push.apply(this, rest);
    view();
  };
  addEventListener("popstate", view);
  // A page that is only rendered ahead was not viewed.
  if ("prerendering" in document && document.prerendering) {
    document.addEventListener("prerenderingchange", view, { once: true });
  } else view();
};

/** Pages that the site answered with 404. */
const missing: Watcher = (tell) => {
  const [load] = performance.getEntriesByType("navigation") as unknown as Entry[];
  if (load?.responseStatus === 404) tell("not_found");
};

/** Links that lead away, and files. */
const links: Watcher = (tell) => {
  const hear = (event: Event): void => {
    const link = (event.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
    if (!link || !/^http/.test(link.protocol)) return;
    const url = link.origin + link.pathname;
    if (FILES.test(link.pathname)) tell("download", { url });
    else if (link.host !== location.host) tell("outbound_click", { url });
  };
  addEventListener("click", hear, true);
  addEventListener("auxclick", hear, true);
};

/** Errors and promises that nobody caught. */
const errors: Watcher = (tell) => {
  const hear = (fault: unknown): void => {
    const { name: type, message = `${fault}`, stack } = Object(fault) as Partial<Error>;
    tell("error", undefined, { kind: "error", exception: { type, message, stack } });
  };
  addEventListener("error", (event) => hear(event.error ?? event.message));
  addEventListener("unhandledrejection", (event) => hear(event.reason));
};

/** Time that the page was looked at, and how far it was scrolled, told when it is hidden. */
const engagement: Watcher = (tell) => {
  let since = Date.now();
  let depth = 0;
  const look = (): void => {
    const { scrollHeight } = document.documentElement;
    depth = Math.max(depth, Math.round(((scrollY + innerHeight) / scrollHeight) * 100));
  };
  addEventListener("scroll", look, { passive: true });
  onHide(() => {
    look();
    const seconds = Math.round((Date.now() - since) / 1_000);
    tell("engagement", { seconds, scroll_percent: Math.min(depth, 100) });
  });
  addEventListener("visibilitychange", () => (since = Date.now()));
};

/** Web vitals, told once, when the page is first hidden. Source: web.dev/vitals. */
const vitals: Watcher = (tell) => {
  const found: Record<string, number> = {};
  const observe = (type: string, hear: (entry: PerformanceEntry & Entry) => void): void => {
    const options = { type, buffered: true, durationThreshold: 40 };
    try {
      new PerformanceObserver((list) =>
        list.getEntries().forEach((entry) => hear(entry as PerformanceEntry & Entry)),
      ).observe(options);
    } catch {
      // The browser does not measure this one.
    }
  };
  observe("navigation", (load) => (found.TTFB = load.responseStart as number));
  observe("paint", (paint) => {
    if (paint.name === "first-contentful-paint") found.FCP = paint.startTime;
  });
  observe("largest-contentful-paint", (paint) => (found.LCP = paint.startTime));
  observe("event", (act) => {
    if (act.interactionId) found.INP = Math.max(found.INP ?? 0, act.duration);
  });
  observe("layout-shift", (shift) => {
    if (!shift.hadRecentInput) found.CLS = (found.CLS ?? 0) + (shift.value as number);
  });
  let told = false;
  onHide(() => {
    const measurements = Object.entries(found).map(([name, value]) => ({
      name,
      value,
      unit: name === "CLS" ? "" : "ms",
    }));
    if (!told && measurements.length) {
      told = true;
      tell("performance", undefined, { kind: "performance", measurements });
    }
  });
};

/** Adverts (`data-ad`): seen when half of one was visible for a second, and followed. */
const adverts: Watcher = (tell) => {
  const name = (advert: Element): Entry => ({
    ad_id: advert.getAttribute("data-ad"),
    campaign_id: advert.getAttribute("data-campaign"),
    placement: advert.getAttribute("data-placement"),
  });
  const timers = new Map<Element, number>();
  const sight = new IntersectionObserver(
    (entries) =>
      entries.forEach(({ target, isIntersecting }) => {
        clearTimeout(timers.get(target));
        if (!isIntersecting) return;
        const see = (): void => {
          sight.unobserve(target);
          tell("ad_impression", name(target));
        };
        timers.set(target, window.setTimeout(see, VISIBLE_MS));
      }),
    { threshold: VISIBLE_SHARE },
  );
  const look = (): void =>
    document.querySelectorAll("[data-ad]").forEach((advert) => {
      if (!timers.has(advert)) {
        timers.set(advert, 0);
        sight.observe(advert);
      }
    });
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  look();
  const follow = (event: Event): void => {
    const advert = (event.target as Element).closest?.("[data-ad]");
    if (advert) tell("ad_click", name(advert));
  };
  addEventListener("click", follow, true);
};

/** What the standard build watches, by name. */
export const WATCHERS: Record<string, Watcher> = { pages, missing, links, errors, engagement };

/** What the full build watches besides. */
export const MORE_WATCHERS: Record<string, Watcher> = { vitals, adverts };
