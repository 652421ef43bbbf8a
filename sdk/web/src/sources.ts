/** Where a page's consent can be heard, one function a source, in the list at the end. */

import type { Consent } from "./consent.js";

/** Listens to one source, says what it hears, and gives what stops it. */
export type Source = (say: (part: Consent) => void) => () => void;

const LOOK_MS = 200;
const LOOK_MS_MAX = 30_000;

type Callable = (...rest: unknown[]) => unknown;

/** Use a global function as soon as the page has it; give what stops looking. */
function whenPresent(name: string, use: (found: Callable) => () => void): () => void {
  let stop = (): void => clearInterval(timer);
  let looked_ms = 0;
  const look = (): void => {
    const found: unknown = Reflect.get(window, name);
    looked_ms += LOOK_MS;
    if (typeof found === "function" || looked_ms > LOOK_MS_MAX) clearInterval(timer);
    if (typeof found === "function") stop = use(found as Callable);
  };
  const timer = setInterval(look, LOOK_MS);
  look();
  return () => stop();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** IAB TCF: `__tcfapi`, once the person has chosen or an earlier choice was loaded. */
const watchTcf: Source = (say) =>
  whenPresent("__tcfapi", (tcfapi) => {
    let listener: unknown;
    tcfapi("addEventListener", 2, (data: unknown, success: unknown) => {
      if (!success || !isRecord(data)) return;
      listener = data.listenerId;
      const decided = data.eventStatus === "tcloaded" || data.eventStatus === "useractioncomplete";
      if (decided && typeof data.tcString === "string") say({ tcf: data.tcString });
    });
    return () => void tcfapi("removeEventListener", 2, () => undefined, listener);
  });

/** IAB GPP: `__gpp`, once its signal is ready. */
const watchGpp: Source = (say) =>
  whenPresent("__gpp", (gpp) => {
    let listener: unknown;
    const hear = (event: unknown, success: unknown): void => {
      if (!success || !isRecord(event)) return;
      listener = event.listenerId ?? listener;
      const ping = event.pingData;
      if (!isRecord(ping) || ping.signalStatus !== "ready") return;
      if (typeof ping.gppString !== "string") return;
      const sections = Array.isArray(ping.applicableSections) ? ping.applicableSections : [];
      say({ gpp: ping.gppString, gpp_sid: sections.filter(Number.isInteger) as number[] });
    };
    gpp("addEventListener", hear);
    return () => void gpp("removeEventListener", () => undefined, listener);
  });

/** Google consent mode: the `consent` commands in `dataLayer`; a yes by default is nobody's. */
const watchConsentMode: Source = (say) => {
  const page = window as unknown as { dataLayer?: unknown[] };
  const layer = (page.dataLayer ??= []);
  const said: Record<string, string> = {};
  const hear = (entry: unknown): void => {
    const command = isRecord(entry) ? Array.from(entry as unknown as ArrayLike<unknown>) : [];
    const [name, action, states] = command;
    if (name !== "consent" || !isRecord(states)) return;
    for (const [type, state] of Object.entries(states)) {
      const isAnswer = action === "update" && state === "granted";
      const isNo = state === "denied" && (action === "update" || !(type in said));
      if (isAnswer || isNo) said[type] = state as string;
    }
    say({ google: { ...said } });
  };
  layer.forEach(hear);
  const push = layer.push;
  const ours = (...entries: unknown[]): number => {
    entries.forEach(hear);
    return push.apply(layer, entries);
  };
  layer.push = ours;
  return () => {
    if (layer.push === ours) layer.push = push;
  };
};

/** The banner vanilla-cookieconsent: what was shown and not accepted was refused. */
const watchCookieConsent: Source = (say) => {
  const hear = (event: Event): void => {
    const cookie: unknown = (event as CustomEvent<{ cookie?: unknown }>).detail?.cookie;
    if (!isRecord(cookie) || !Array.isArray(cookie.categories)) return;
    const shown = isRecord(cookie.services) ? Object.keys(cookie.services) : [];
    const categories: Record<string, boolean> = {};
    for (const name of shown) categories[name] = false;
    for (const name of cookie.categories) categories[String(name)] = true;
    say({ categories });
  };
  const names = ["cc:onConsent", "cc:onChange"];
  names.forEach((name) => window.addEventListener(name, hear));
  return () => names.forEach((name) => window.removeEventListener(name, hear));
};

/** Every source that is listened to. */
export const SOURCES: readonly Source[] = [
  watchTcf,
  watchGpp,
  watchConsentMode,
  watchCookieConsent,
];
