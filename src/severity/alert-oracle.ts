import type { Clock } from '../domain/clock.ts';
import type { OracleTiming, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { itemId } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Alert, AlertSource } from '../domain/telemetry.ts';
import { alertItems, unplacedAlerts } from '../signals/alerts/alert-items.ts';
import { counted, oneLine } from '../text/plain-text.ts';
import { FreshAlerts } from './fresh-alerts.ts';
import type { Moving } from './health-findings.ts';
import type { PatientOracle } from './health-oracle.ts';
import { PendingSince } from './pending-since.ts';

/** Where nobody tells how long a pending alert still waits, it is not waited for. */
const NOT_TOLD_MS = 0;

/**
 * Alerts that fire in the scope are items of severity. Pending ones are early signs and no items, unless they began since
 * the first reading: what a change brought about is waited for, and counts until it is over. A source that does not answer
 * makes severity unknown. Absent where there is none. What is known only in part since the beginning, and alerts that name
 * nothing of the cluster, are told.
 */
export class AlertOracle implements PatientOracle {
  readonly name = 'alerts';
  readonly #alerts: FreshAlerts | null;
  readonly #pending: PendingSince;
  readonly #pendingCounts: boolean;
  /** Fingerprints of what this oracle saw fire: a silence does not heal it. */
  readonly #fired = new Set<string>();
  /** The first answer was no whole one; null: there was none yet. */
  #cutAtFirst: boolean | null = null;

  /**
   * @param alerts several oracles may share what is asked for
   * @param pendingCounts false for who changes nothing: what is pending is then an early sign, whenever it began
   */
  constructor(alerts: AlertSource | FreshAlerts | null, clock: Clock, pendingCounts = true) {
    this.#pendingCounts = pendingCounts;
    this.#pending = new PendingSince(pendingCounts);
    this.#alerts = alerts && !(alerts instanceof FreshAlerts) ? new FreshAlerts(alerts, clock) : alerts;
  }

  /** Of the rules whose alerts fire now, as far as they are known. */
  get timing(): OracleTiming {
    const { lagMs, settleMs } = this.#alerts?.source.timing ?? { lagMs: 0, settleMs: 0 };
    return { lagMs, settleMs, settlesLate: true };
  }

  /** What began to be pending since the first reading. */
  moving(): Moving[] {
    return this.#pending.moving;
  }

  early(): Moving[] {
    return this.#pending.early;
  }

  async evaluate(snapshot: ClusterSnapshot, signal: AbortSignal): Promise<OracleVerdict> {
    if (!this.#alerts) return { state: 'absent', reason: 'no source of alerts is configured' };
    const answer = await this.#alerts.ask(signal);
    if (answer.state !== 'ok') return answer;
    this.#cutAtFirst ??= answer.cut !== undefined;
    // What is missing since the first look may be just what fires.
    if (answer.cut !== undefined && !this.#cutAtFirst && this.#pendingCounts)
      return { state: 'unknown', reason: answer.cut };
    const value = answer.value.map((alert) => this.#unhidden(alert));
    for (const { state, hidden, fingerprint } of value) if (state === 'firing' && !hidden) this.#fired.add(fingerprint);
    const firing = itemsOf(value, 'firing', snapshot);
    this.#pending.look(pendingOf(value, snapshot, new Set(firing.map(itemId))));
    const items = [...firing, ...this.moving()];
    const asOf = answer.asOf - this.timing.lagMs;
    const told = [answer.cut, answer.note, unplacedNote(value, snapshot)].filter((text) => text !== undefined);
    return {
      state: items.length > 0 ? 'bad' : 'ok',
      items,
      asOf,
      ...(told.length > 0 ? { notes: told } : {}),
    };
  }

  /** For who judges changes, what was seen to fire goes on doing so; for who only looks it is over once somebody hides it. */
  #unhidden({ hidden, ...alert }: Alert): Alert {
    const counts = this.#pendingCounts && this.#fired.has(alert.fingerprint);
    return hidden && !counts ? { ...alert, hidden } : alert;
  }
}

function pendingOf(alerts: readonly Alert[], snapshot: ClusterSnapshot, firing: ReadonlySet<string>): Moving[] {
  const ends = new Map(alerts.map(({ name, startsAt, firesAt }) => [`${name} ${startsAt}`, firesAt]));
  return itemsOf(alerts, 'pending', snapshot)
    .filter((item) => !firing.has(itemId(item)))
    .map((item) => ({
      ...item,
      message: `${item.message} (pending)`,
      until: ends.get(`${item.what} ${item.since}`) ?? NOT_TOLD_MS,
    }));
}

function unplacedNote(alerts: readonly Alert[], snapshot: ClusterSnapshot): string | undefined {
  const [first, ...others] = unplacedAlerts(alerts, snapshot);
  if (!first) return undefined;
  const many = counted(others.length + 1, 'alert');
  return `${many} of no namespace and nothing that is known, not counted, such as ${oneLine(first.name, 120)}`;
}

function itemsOf(alerts: readonly Alert[], state: Alert['state'], snapshot: ClusterSnapshot): SeverityItem[] {
  const chosen = alerts
    .filter((alert) => alert.state === state)
    .map((alert) => ({ ...alert, state: 'firing' as const }));
  return alertItems(chosen, snapshot, snapshot.namespaces);
}
