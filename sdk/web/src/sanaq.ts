/**
 * The web SDK: what happens on a page, told to a collector of Sanaq.
 *
 * Before permission nothing is stored and no id is sent: events are counted as visits by the
 * collector, or not at all, as its policy says. With `consent({purposes: {analytics: true}})` a
 * random device id is kept in the page's storage; with `false` it is removed.
 */

import type { Consent } from "./consent.js";
import { openQueue, type Entry } from "./queue.js";

/** What a collector is called, and what is switched off. */
export interface Options {
  /** Address of the collector: an origin, or a path on the page's own origin. */
  collector: string;
  /** A browser key of the site. */
  key: string;
  /** Names of what is not to be watched: any of `WATCHERS`. */
  off?: readonly string[];
}

/** What a page may call. */
export interface Sanaq {
  /** Tell of an event of the site's own. */
  (name: string, properties?: Record<string, unknown>, more?: Entry): void;
  /** Say what the person decided; what was said before stays unless it is said anew. */
  consent(said: Consent): void;
}

/** Watches something on the page and tells of it. */
export type Watcher = (tell: Sanaq) => void;

const STORED = "sanaq";

/** Start to watch; give what the page may call. */
export function start(options: Options, watchers: Record<string, Watcher>): Sanaq {
  let said: Consent = {};
  let device: string | null = null;
  const address = `${options.collector}/v1/events?key=${options.key}`;
  const put = openQueue(address, () => ({ consent: said, context: { locale: navigator.language } }));

  let referrer: string | undefined = document.referrer;
  const tell = ((name, properties, more) => {
    put({
      name,
      properties,
      event_id: newId(),
      occurred_at: new Date(),
      page: { url: location.href, referrer, title: document.title },
      ...(device && { device }),
      ...more,
    });
    // Pages that follow by script come from this site, and say so by saying nothing.
    referrer = undefined;
  }) as Sanaq;

  tell.consent = (more) => {
    said = { ...said, ...more, purposes: { ...said.purposes, ...more.purposes } };
    device = keepDevice(said.purposes?.analytics);
  };

  for (const [name, watch] of Object.entries(watchers)) {
    if (!options.off?.includes(name)) watch(tell);
  }
  return tell;
}

/** Keep a device id where that was permitted, remove it where it was refused; give it. */
function keepDevice(permitted?: boolean): string | null {
  try {
    if (permitted) return (localStorage[STORED] ??= newId());
    if (permitted === false) delete localStorage[STORED];
  } catch {
    // Storage is closed to the page: then there is no id.
  }
  return null;
}

/** Give a random UUID, also on pages without a secure context, where `randomUUID` is not there. */
function newId(): string {
  const address = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(address);
  return address.slice(-36);
}
