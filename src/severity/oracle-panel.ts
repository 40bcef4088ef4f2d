import type { Clock } from '../domain/clock.ts';
import { ClusterError, messageOf } from '../domain/cluster-error.ts';
import type { Oracle, OracleVerdict, SeverityReading } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';

/**
 * What several oracles say of one snapshot, as one severity. An oracle that is absent at first stays out of all later ones; one
 * that answered before and does not now makes severity unknown (unknown is never healthy).
 */
export class OraclePanel {
  readonly #oracles: readonly Oracle[];
  readonly #clock: Clock;
  readonly #absentMs: number;
  readonly #known = new Set<string>();
  /** Why it has nothing to look at, and when it said so last, monotonic. */
  readonly #absent = new Map<string, { reason: string; at: number }>();
  #isFirst = true;

  /** @param absentMs one that is absent is asked again after this long: what it looks at may have come */
  constructor(oracles: readonly Oracle[], clock: Clock, absentMs: number) {
    this.#oracles = oracles;
    this.#clock = clock;
    this.#absentMs = absentMs;
  }

  isAbsent(name: string): boolean {
    return this.#absent.has(name);
  }

  /** @throws ClusterError aborted */
  async judge(snapshot: ClusterSnapshot, signal: AbortSignal): Promise<SeverityReading> {
    const now = this.#clock.monotonic();
    const asked = this.#oracles.filter(({ name }) => {
      const absent = this.#absent.get(name);
      return absent === undefined || now - absent.at >= this.#absentMs;
    });
    const verdicts = await Promise.all(asked.map((oracle) => evaluate(oracle, snapshot, signal)));
    const states: SeverityReading['oracles'] = {};
    const items: SeverityItem[] = [];
    const takenAt = Date.parse(snapshot.takenAt) || 0;
    let asOf = takenAt;
    let unknown = '';
    const notes: string[] = [];
    for (const [index, { name, timing }] of asked.entries()) {
      const verdict = verdicts[index]!;
      states[name] = verdict.state;
      if ('items' in verdict) {
        this.#absent.delete(name);
        this.#known.add(name);
        items.push(...verdict.items);
        notes.push(...(verdict.notes ?? []).map((note) => `${name}: ${note}`));
        asOf = Math.min(asOf, verdict.asOf ?? takenAt - (timing?.lagMs ?? 0));
      } else if (this.#isAbsence(name, verdict.state)) {
        const reason = verdict.state === 'absent' ? verdict.reason : this.#absent.get(name)!.reason;
        this.#absent.set(name, { reason, at: now });
      } else unknown ||= `${name}: ${verdict.reason}${this.#known.has(name) ? ' (it answered before)' : ''}`;
    }
    this.#isFirst = false;
    for (const name of this.#absent.keys()) states[name] = 'absent';
    const absent = Object.fromEntries([...this.#absent].map(([name, { reason }]) => [name, reason]));
    return {
      severity: unknown ? { known: false, reason: unknown } : { known: true, items },
      snapshot,
      oracles: states,
      asOf,
      ...(unknown ? { seen: items } : {}),
      ...(this.#absent.size > 0 ? { absent } : {}),
      ...(notes.length > 0 ? { notes } : {}),
    };
  }

  /** One that never had anything to look at misses nothing while it is not answered. */
  #isAbsence(name: string, state: OracleVerdict['state']): boolean {
    return this.#absent.has(name) || (state === 'absent' && this.#isFirst);
  }
}

async function evaluate(oracle: Oracle, snapshot: ClusterSnapshot, signal: AbortSignal): Promise<OracleVerdict> {
  try {
    return await oracle.evaluate(snapshot, signal);
  } catch (error) {
    if (signal.aborted) throw new ClusterError('aborted', 'reading the severity was cancelled');
    return { state: 'unknown', reason: messageOf(error) };
  }
}
