/** The module: `start(options, WATCHERS)` begins, `watchConsent(sanaq.consent)` hears the banner. */

export { recordConsent, watchConsent } from "./consent.js";
export type { Consent, ConsentRecord, Receipt } from "./consent.js";
export { start } from "./sanaq.js";
export type { Options, Sanaq, Watcher } from "./sanaq.js";
export { MORE_WATCHERS, WATCHERS } from "./watchers.js";
