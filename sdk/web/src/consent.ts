/**
 * The consent hooks: hear what the page's own banner was told, and hand it on.
 *
 * A banner is the site's; this listens to it. Nothing is stored, and nothing is sent unless
 * `recordConsent` is called. What was not said stays unsaid: no hook ever grants.
 */

import { SOURCES } from "./sources.js";

/** What a person said, in the form that an event's `consent` and `POST /v1/consent` take. */
export interface Consent {
  /** Purpose of the site's policy -> granted or refused. */
  purposes?: Record<string, boolean>;
  /** Version of the policy that the person was shown. */
  policy_version?: string;
  /** How the person answered, as the policy names it. */
  method?: string;
  /** IAB TCF string. */
  tcf?: string;
  /** IAB GPP string. */
  gpp?: string;
  /** Sections of the GPP string that apply. */
  gpp_sid?: number[];
  /** Google consent mode, by its own names. */
  google?: Record<string, string>;
  /** Category of the page's banner -> granted or refused. */
  categories?: Record<string, boolean>;
}

/** What `POST /v1/consent` takes: whom it is about, what was said, and how. */
export interface ConsentRecord extends Consent {
  person?: string;
  device?: string;
  advertising_id?: string;
  /** Where the proof lies, in the site's own words; never an identifier. */
  evidence?: string;
  /** Version of the text that was shown. */
  text_version?: string;
  /** When the person decided, ISO 8601. */
  decided_at?: string;
}

/** What the collector answered. */
export interface Receipt {
  receipt: Record<string, unknown>;
}

/**
 * Call `onChange` with everything said so far whenever the page's banner is told more.
 *
 * Sources may appear later than this script: each is looked for during half a minute.
 */
export function watchConsent(onChange: (consent: Consent) => void): void {
  let said: Consent = {};
  const say = (part: Consent): void => {
    const before = JSON.stringify(said);
    said = { ...said, ...part };
    if (JSON.stringify(said) !== before) onChange({ ...said });
  };
  SOURCES.forEach((watch) => watch(say));
}

/**
 * Put a grant, a change or a withdrawal on record and give the signed receipt for the person.
 *
 * Sent as plain text with the key in the address, so that no preflight is needed and it may go out
 * while the page is being left. Throws where the collector did not take it.
 */
export async function recordConsent(
  collector: string,
  key: string,
  record: ConsentRecord,
): Promise<Receipt> {
  const address = `${collector}/v1/consent?key=${encodeURIComponent(key)}`;
  const answer = await fetch(address, {
    method: "POST",
    body: JSON.stringify(record),
    headers: { "content-type": "text/plain" },
    keepalive: true,
  });
  if (!answer.ok) throw new Error(`the consent was not recorded: ${answer.status}`);
  return (await answer.json()) as Receipt;
}
