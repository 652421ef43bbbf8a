/** What a page's script tag says, and the start that follows from it. */

import { watchConsent } from "./consent.js";
import { start, type Watcher } from "./sanaq.js";

/** Start as the script tag says, hear the page's banner, and set the one global name `sanaq`. */
export function startTag(watchers: Record<string, Watcher>): void {
  const tag = document.currentScript as HTMLScriptElement;
  const { key = "", collector = new URL(tag.src).origin, off = "" } = tag.dataset;
  const sanaq = start({ collector, key, off: off.split(" ") }, watchers);
  watchConsent(sanaq.consent);
  Object.assign(window, { sanaq });
}
