/**
 * Sends events in batches, again where it has to, and with a beacon when the page is left.
 *
 * In memory alone: what could not be sent when the page ends is lost, and nothing is stored.
 */

/** An event in the form of the native API. */
export type Entry = Record<string, unknown>;

const LINGER_MS = 1_000;
const BATCH_MAX = 20;
const WAITING_MAX = 500;
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 60_000;
const TURNED_AWAY_FROM = 429;

/** Gives what puts an event into the queue. `around` is what holds for all events of a request. */
export function openQueue(address: string, around: () => Entry): (event: Entry) => void {
  const waiting: Entry[] = [];
  let timer = 0;
  let retryMs = RETRY_MS;

  const send = (): void => {
    timer = 0;
    const events = waiting.splice(0, BATCH_MAX);
    if (!events[0]) return;
    const body = JSON.stringify({ ...around(), sent_at: new Date(), events });
    // A page that is hidden may end at any moment; a beacon outlives it.
    if (document.hidden && navigator.sendBeacon(address, body)) return send();
    // Plain text, so that no preflight is needed.
    fetch(address, { method: "POST", body, keepalive: true }).then(
      (answer) => settle(events, answer.status),
      () => settle(events, TURNED_AWAY_FROM),
    );
  };

  const later = (ms: number): void => {
    timer ||= setTimeout(send, ms);
  };

  // Other faults than too much or a service that is away would be met again.
  const settle = (events: Entry[], status: number): void => {
    const again = status >= TURNED_AWAY_FROM;
    if (again) waiting.unshift(...events);
    later(again ? retryMs : LINGER_MS);
    retryMs = again ? Math.min(retryMs * 2, RETRY_MS_MAX) : RETRY_MS;
  };

  addEventListener("visibilitychange", send);

  return (event) => {
    if (waiting.push(event) > WAITING_MAX) waiting.shift();
    later(LINGER_MS);
  };
}
