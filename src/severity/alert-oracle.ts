import type { Clock } from '../domain/clock.ts';
import type { OracleTiming, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { itemId } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Alert, AlertSource, Answer } from '../domain/telemetry.ts';
import { alertItems } from '../signals/alerts/alert-items.ts';
import type { Moving } from './health-findings.ts';
import type { PatientOracle } from './health-oracle.ts';

/** Where nobody tells how long a pending alert still waits, it is not waited for. */
const NOT_TOLD_MS = 0;
/** Of the interval in which rules are evaluated: an answer that is younger would say the same again. */
const FRESH_SHARE = 0.25;
const LONGEST_FRESH_MS = 15_000;

/**
 * Alerts that fire in the scope are items of severity. Pending ones are early signs and no items, unless they began since
 * the first reading: what a change brought about is waited for, and counts until it is over. A source that does not answer
 * makes severity unknown. Absent where there is none.
 */
export class AlertOracle implements PatientOracle {
  readonly name = 'alerts';
  readonly #source: AlertSource | null;
  readonly #clock: Clock;
  readonly #pendingCounts: boolean;
  #answer: { value: Answer<Alert[]>; askedAt: number } | null = null;
  /** Identities of what was pending at the first reading, and since it has been so without a break. */
  #pending: ReadonlySet<string> | null = null;
  #moving: Moving[] = [];

  /** @param pendingCounts false for who changes nothing: what is pending is then an early sign, whenever it began */
  constructor(source: AlertSource | null, clock: Clock, pendingCounts = true) {
    this.#pendingCounts = pendingCounts;
    this.#source = source;
    this.#clock = clock;
  }

  /** Of the rules whose alerts fire now, as far as they are known. */
  get timing(): OracleTiming {
    const { lagMs, settleMs } = this.#source?.timing ?? { lagMs: 0, settleMs: 0 };
    return { lagMs, settleMs, settlesLate: true };
  }

  /** What began to be pending since the first reading. */
  moving(): Moving[] {
    return this.#moving;
  }

  async evaluate(snapshot: ClusterSnapshot, signal: AbortSignal): Promise<OracleVerdict> {
    if (!this.#source) return { state: 'absent', reason: 'no source of alerts is configured' };
    const answer = await this.#ask(this.#source, signal);
    if (answer.state !== 'ok') return answer;
    const { value } = answer;
    const firing = itemsOf(value, 'firing', snapshot);
    this.#moving = !this.#pendingCounts ? [] : this.#begun(value, snapshot, new Set(firing.map(itemId)));
    const items = [...firing, ...this.#moving];
    const asOf = answer.asOf - this.timing.lagMs;
    return { state: items.length > 0 ? 'bad' : 'ok', items, asOf };
  }

  /** Pending alerts that are no early signs of before. */
  #begun(alerts: readonly Alert[], snapshot: ClusterSnapshot, firing: ReadonlySet<string>): Moving[] {
    const pending = itemsOf(alerts, 'pending', snapshot).filter((item) => !firing.has(itemId(item)));
    const ids = new Set(pending.map(itemId));
    const before = this.#pending ?? ids;
    this.#pending = new Set([...before].filter((id) => ids.has(id)));
    const ends = new Map(alerts.map(({ name, startsAt, firesAt }) => [`${name} ${startsAt}`, firesAt]));
    return pending
      .filter((item) => !before.has(itemId(item)))
      .map((item) => ({
        ...item,
        message: `${item.message} (pending)`,
        until: ends.get(`${item.what} ${item.since}`) ?? NOT_TOLD_MS,
      }));
  }

  /** Rules are evaluated now and then: between two of them every answer is the same. */
  async #ask(source: AlertSource, signal: AbortSignal): Promise<Answer<Alert[]>> {
    const now = this.#clock.monotonic();
    const fresh = Math.min(LONGEST_FRESH_MS, source.timing.lagMs * FRESH_SHARE);
    if (this.#answer?.value.state === 'ok' && now - this.#answer.askedAt < fresh) return this.#answer.value;
    const value = await source.alerts(signal);
    this.#answer = { value, askedAt: now };
    return value;
  }
}

function itemsOf(alerts: readonly Alert[], state: Alert['state'], snapshot: ClusterSnapshot): SeverityItem[] {
  const chosen = alerts
    .filter((alert) => alert.state === state)
    .map((alert) => ({ ...alert, state: 'firing' as const }));
  return alertItems(chosen, snapshot, snapshot.namespaces);
}
