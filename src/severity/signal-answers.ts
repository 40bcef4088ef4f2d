import type { Clock } from '../domain/clock.ts';
import type { Answer, MetricSource, Series } from '../domain/telemetry.ts';
import { askMetrics } from '../signals/ask-metrics.ts';
import type { Answers, Scene } from '../signals/incident-types/incident-type.ts';
import { incidentAsks } from '../signals/incident-types/incident-types.ts';
import { toldOfLimit } from '../signals/time-limit.ts';

/** What was asked, and when; milliseconds since the epoch. */
export interface Asked {
  answers: Answers;
  at: number;
}

/** Who only looks asks as often as conditions of minutes are worth it. */
const LOOK_FRESH_MS = 60_000;
const LEAST_FRESH_MS = 3_000;
const LONGEST_FRESH_MS = 15_000;
/** What a whole kind of metrics has not told of is asked for again after this long. */
const EMPTY_AGAIN_MS = 300_000;
/** Of all questions of one look. */
const LIMIT_MS = 15_000;

/** Answers that the incident types are judged by, asked for no more often than they change. */
export class SignalAnswers {
  readonly #metrics: MetricSource;
  readonly #clock: Clock;
  readonly #judgesChanges: boolean;
  #asked: (Asked & { readAt: number; scope: string }) | null = null;
  /** Kinds of request metrics that nobody exports, and when that was found. */
  #empty: { answers: Map<string, Answer<Series[]>>; readAt: number } | null = null;

  constructor(metrics: MetricSource, clock: Clock, judgesChanges: boolean) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#judgesChanges = judgesChanges;
  }

  /**
   * @param anew for another time than what was asked last
   * @returns `unknown`: one that was not answered, or not in full, and why
   * @throws on cancel
   */
  async ask(scene: Scene, anew: boolean, signal: AbortSignal): Promise<Asked | { unknown: string }> {
    const now = this.#clock.monotonic();
    const scope = scene.namespaces.join(' ');
    const last = this.#asked;
    if (!anew && last?.scope === scope && now - last.readAt < this.#freshMs) return last;
    const answers = await this.#all(scene, signal);
    const problem = [...answers].map(([key, answer]) => problemOf(key, answer)).find((text) => text !== null);
    this.#asked = problem === undefined ? { answers, at: scene.now, readAt: now, scope } : null;
    return this.#asked ?? { unknown: problem! };
  }

  get #freshMs(): number {
    if (!this.#judgesChanges) return LOOK_FRESH_MS;
    return Math.min(LONGEST_FRESH_MS, Math.max(LEAST_FRESH_MS, this.#metrics.lagMs));
  }

  async #all(scene: Scene, signal: AbortSignal): Promise<Answers> {
    const now = this.#clock.monotonic();
    if (this.#empty && now - this.#empty.readAt >= EMPTY_AGAIN_MS) this.#empty = null;
    const known = this.#empty?.answers ?? new Map<string, Answer<Series[]>>();
    const asks = incidentAsks(scene).filter(({ key }) => !known.has(key));
    const told = toldOfLimit(this.#clock, LIMIT_MS, signal, (both) => askMetrics(this.#metrics, asks, both));
    const answers = new Map([...known, ...(await told)]);
    this.#empty ??= { answers: emptyKinds(answers), readAt: now };
    return answers;
  }
}

function problemOf(key: string, answer: Answer<Series[]>): string | null {
  if (answer.state === 'unknown') return answer.reason;
  return answer.state === 'ok' && answer.cut ? `what is told of ${key} is not here in full: ${answer.cut}` : null;
}

/** Answers of kinds of request metrics of which no part was told. */
function emptyKinds(answers: Answers): Map<string, Answer<Series[]>> {
  const told = new Set<string>();
  const kindOf = (key: string): string => key.split('/').slice(0, 2).join('/');
  for (const [key, answer] of answers) if (answer.state !== 'ok' || answer.value.length > 0) told.add(kindOf(key));
  return new Map([...answers].filter(([key]) => key.startsWith('requests/') && !told.has(kindOf(key))));
}
