import type { Clock } from '../domain/clock.ts';
import type { OracleTiming, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { itemId } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Alert, AlertSource, Answer } from '../domain/telemetry.ts';
import { ANYTHING } from '../domain/telemetry.ts';
import { ClusterView } from '../kube/cluster-view.ts';
import { alertItems, alertsInScope, unplacedAlerts } from '../signals/alerts/alert-items.ts';
import { counted, oneLine } from '../text/plain-text.ts';
import { FreshAlerts } from './fresh-alerts.ts';
import type { Moving } from './health-findings.ts';
import type { PatientOracle } from './health-oracle.ts';
import { PendingSince } from './pending-since.ts';

/** Where nobody tells how long a pending alert still waits, it is not waited for. */
const NOT_TOLD_MS = 0;
/** Alerts that a note names. */
const NAMED = 3;
/** Characters of an alert's name. */
const NAME = 120;
const NOT_OVER = 'whether that is over is not known, for what tells of it cannot speak now';

/**
 * Alerts that fire in the scope are items of severity. Pending ones are early signs and no items, unless they began since
 * the first reading: what a change brought about is waited for, and counts until it is over. A source that does not answer
 * makes severity unknown, and so does what fired and ends while its rule cannot be evaluated; who only looks goes on telling
 * of it. Absent where there is no source. What is known only in part since the beginning, and alerts that name nothing of the
 * cluster, are told.
 */
export class AlertOracle implements PatientOracle {
  readonly name = 'alerts';
  readonly #alerts: FreshAlerts | null;
  readonly #pending: PendingSince;
  readonly #pendingCounts: boolean;
  /** Fingerprints of what this oracle saw fire: a silence does not heal it. */
  readonly #fired = new Set<string>();
  /** What was missing in the first answer, and in all since; null: there was none yet. */
  #missing: ReadonlySet<string> | null = null;
  /** What fired at the last look, by identity. */
  #told: readonly SeverityItem[] = [];

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
    const doubts = doubtsIn(answer, snapshot);
    const missing = new Set([...missingIn(answer), ...doubts.names]);
    const before = this.#missing ?? missing;
    const isMore = [...missing].some((name) => !before.has(name));
    this.#missing = new Set([...before].filter((name) => missing.has(name)));
    // What is missing since the first look may be just what fires.
    if (isMore && this.#pendingCounts)
      return { state: 'unknown', reason: answer.cut ?? doubts.reason ?? 'a part of the alerts is missing' };
    const value = answer.value.map((alert) => this.#unhidden(alert));
    for (const { state, hidden, fingerprint } of value) if (state === 'firing' && !hidden) this.#fired.add(fingerprint);
    const fires = itemsOf(value, 'firing', snapshot);
    const isAnything = missing.has(ANYTHING) && !before.has(ANYTHING);
    const untold = this.#untold(fires, isAnything, [...missing, ...(answer.names?.mute ?? [])]);
    const [first] = untold;
    if (first && this.#pendingCounts) return { state: 'unknown', reason: `${first.message}: ${NOT_OVER}` };
    const firing = [...fires, ...untold];
    this.#told = firing;
    this.#pending.look(pendingOf(value, snapshot, new Set(firing.map(itemId))));
    const items = [...firing, ...this.moving()];
    const asOf = answer.asOf - this.timing.lagMs;
    const told = [answer.cut, answer.note, doubts.reason, unplacedNote(value, snapshot), ...untold.map(untoldNote)];
    const notes = told.filter((text) => text !== undefined);
    return {
      state: items.length > 0 ? 'bad' : 'ok',
      items,
      asOf,
      ...(notes.length > 0 ? { notes } : {}),
    };
  }

  /** What fired at the last look, does not any more, and is not known to be over. */
  #untold(fires: readonly SeverityItem[], isAnything: boolean, mute: readonly string[]): SeverityItem[] {
    const there = new Set(fires.map(itemId));
    const names = new Set(mute.map((name) => oneLine(name, NAME)));
    return this.#told.filter((item) => !there.has(itemId(item)) && (isAnything || names.has(item.what)));
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

/** Names of what an answer lacks; what has no name may be anything. */
function missingIn({ cut, names }: Extract<Answer<Alert[]>, { state: 'ok' }>): ReadonlySet<string> {
  return new Set(names?.missing ?? (cut === undefined ? [] : [ANYTHING]));
}

/** Of alerts that are the target's or another cluster's those that would be of the scope. */
function doubtsIn({ names }: Extract<Answer<Alert[]>, { state: 'ok' }>, snapshot: ClusterSnapshot) {
  const { alerts = [], reason } = names?.doubtful ?? {};
  const view = new ClusterView(snapshot);
  const own = alertsInScope(alerts, view, snapshot.namespaces).flatMap(({ alert }) => [
    alert.name,
    // Another of the same name may be ours, too.
    `${alert.name} ${alert.fingerprint}`,
  ]);
  return own.length > 0 || unplacedAlerts(alerts, snapshot).length > 0
    ? { names: own, reason }
    : { names: [], reason: undefined };
}

function untoldNote({ what }: SeverityItem): string {
  return `${what} fired, and ${NOT_OVER}`;
}

/** They are neither counted nor left out in silence: nobody can say whom they concern. */
function unplacedNote(alerts: readonly Alert[], snapshot: ClusterSnapshot): string | undefined {
  const unplaced = unplacedAlerts(alerts, snapshot);
  if (unplaced.length === 0) return undefined;
  const names = [...new Set(unplaced.map(({ name }) => oneLine(name, NAME)))];
  const left = names.length - NAMED;
  const told = `${names.slice(0, NAMED).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
  const many = counted(unplaced.length, 'alert');
  return unplaced.length === 1
    ? `of ${many} that fires it is unknown whether it concerns the target, for it names no namespace and nothing of it: ${told}`
    : `of ${many} that fire it is unknown whether they concern the target, for they name no namespace and nothing of it: ${told}`;
}

function itemsOf(alerts: readonly Alert[], state: Alert['state'], snapshot: ClusterSnapshot): SeverityItem[] {
  const chosen = alerts
    .filter((alert) => alert.state === state)
    .map((alert) => ({ ...alert, state: 'firing' as const }));
  return alertItems(chosen, snapshot, snapshot.namespaces);
}
