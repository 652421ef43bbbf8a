/** Where a page's consent can be heard, one function a source, in the list at the end. */

import type { Consent } from "./consent.js";

/** Listens to one source and says what it hears. */
export type Source = (say: (part: Consent) => void) => void;

const LOOK_MS = 200;
const LOOKS_MAX = 150;

type Callable = (...rest: unknown[]) => unknown;

/** What banners hand over: nothing about it is certain. */
type Told = Record<string, any>;

/** Use a global function as soon as the page has it, looked for during half a minute. */
function whenPresent(name: string, use: (found: Callable) => void, looks = 0): void {
  const found: unknown = (window as Told)[name];
  if (typeof found === "function") use(found as Callable);
  else if (looks < LOOKS_MAX) setTimeout(whenPresent, LOOK_MS, name, use, looks + 1);
}

/** IAB TCF: `__tcfapi`, once the person has chosen or an earlier choice was loaded. */
const watchTcf: Source = (say) =>
  whenPresent("__tcfapi", (tcfapi) =>
    tcfapi("addEventListener", 2, (data?: Told) => {
      const decided = /^(tcloaded|useractioncomplete)$/.test(data?.eventStatus);
      if (decided && data!.tcString) say({ tcf: `${data!.tcString}` });
    }),
  );

/** IAB GPP: `__gpp`, once its signal is ready. */
const watchGpp: Source = (say) =>
  whenPresent("__gpp", (gpp) =>
    gpp("addEventListener", (event?: Told) => {
      const ping: Told = event?.pingData ?? {};
      if (ping.signalStatus === "ready" && ping.gppString) {
        say({ gpp: `${ping.gppString}`, gpp_sid: [].concat(ping.applicableSections ?? []) });
      }
    }),
  );

/** Google consent mode: the `consent` commands in `dataLayer`; a yes by default is nobody's. */
const watchConsentMode: Source = (say) => {
  const layer: Told[] = ((window as Told).dataLayer ??= []);
  const said: Record<string, string> = {};
  const hear = (entry?: Told): void => {
    if (entry?.[0] !== "consent") return;
    const isUpdate = entry[1] === "update";
    for (const [type, state] of Object.entries<string>(entry[2] ?? {})) {
      const isNo = state === "denied" && (isUpdate || !(type in said));
      if (isNo || (isUpdate && state === "granted")) said[type] = state;
    }
    say({ google: { ...said } });
  };
  layer.forEach(hear);
  const push = layer.push;
  layer.push = (...entries) => {
    entries.forEach(hear);
    return push.apply(layer, entries);
  };
};

/** The banner vanilla-cookieconsent: what was shown and not accepted was refused. */
const watchCookieConsent: Source = (say) => {
  const hear = (event: Event): void => {
    const { categories: accepted, services }: Told = (event as CustomEvent<Told>).detail?.cookie ?? {};
    if (!Array.isArray(accepted)) return;
    const categories: Record<string, boolean> = {};
    for (const name in services) categories[name] = false;
    for (const name of accepted) categories[name] = true;
    say({ categories });
  };
  addEventListener("cc:onConsent", hear);
  addEventListener("cc:onChange", hear);
};

/** Every source that is listened to. */
export const SOURCES: readonly Source[] = [
  watchTcf,
  watchGpp,
  watchConsentMode,
  watchCookieConsent,
];
