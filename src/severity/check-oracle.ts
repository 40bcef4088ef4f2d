import type { Clock } from '../domain/clock.ts';
import type { Oracle, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { Monitor } from '../gateway/monitor/monitor.ts';
import type { Upstream } from '../gateway/wire/upstream.ts';
import type { CheckSpec } from './check-spec.ts';
import { parseCheck } from './check-spec.ts';
import type { SampleResult } from '../cluster/read/check-sample.ts';
import { sampleHttp, sampleService } from '../cluster/read/check-sample.ts';
import { KubeApi } from '../gateway/wire/kube-api.ts';

const SPACING_MS = 150;
/** An answer that fails after longer than this says that others wait, too. */
const SLOW_MS = 500;
const MAX_AT_ONCE = 4;
/** A server that lets this many requests time out in a row has given its answer. */
const MAX_TIMEOUTS = 2;

/**
 * The user-request oracle over all checks of a run. http(s) checks are sent from this machine; svc checks as one
 * pinned GET through the API server's service proxy, in the gateway's probe mode. Absent without checks.
 * @param checks `NAME=URL[,status=200][,samples=N]` each
 * @throws CheckUsageError naming what is wrong with which check
 */
export function userCheckOracle(checks: string[], upstream: Upstream, clock: Clock): Oracle {
  const specs = checks.map(parseCheck);
  return new UserCheckOracle(specs, (spec, signal) => sampleOnce(spec, upstream, signal), clock);
}

function sampleOnce(spec: CheckSpec, upstream: Upstream, signal: AbortSignal): Promise<SampleResult> {
  const { target } = spec;
  if (target.kind === 'http') return sampleHttp(target.url, spec.status, signal);
  const probe = new Monitor(upstream, 'probe', { probe: { path: target.path } });
  return sampleService(new KubeApi(probe), target.path, spec.status, signal);
}

export type Sampler = (spec: CheckSpec, signal: AbortSignal) => Promise<SampleResult>;

/** Samples every check several times; the grade of a failing one is its share of failed requests. */
export class UserCheckOracle implements Oracle {
  readonly name = 'user-request';
  /** Kube-proxies, ingress controllers and connection pools follow a change of endpoints some seconds later, unseen. */
  readonly timing = { lagMs: 0, settleMs: 8_000 };
  readonly #specs: CheckSpec[];
  readonly #sample: Sampler;
  readonly #clock: Clock;

  constructor(specs: CheckSpec[], sample: Sampler, clock: Clock) {
    this.#specs = specs;
    this.#sample = sample;
    this.#clock = clock;
  }

  async evaluate(_snapshot: unknown, signal: AbortSignal): Promise<OracleVerdict> {
    if (this.#specs.length === 0) return { state: 'absent', reason: 'no check is configured' };
    const verdicts = await Promise.all(this.#specs.map((spec) => this.#evaluateOne(spec, signal)));
    const unknown = verdicts.find((verdict) => typeof verdict === 'string');
    if (unknown !== undefined) return { state: 'unknown', reason: unknown as string };
    const items = verdicts.filter(
      (verdict): verdict is SeverityItem => verdict !== null && typeof verdict !== 'string',
    );
    // Samples speak of the time at which they were taken, which is after the snapshot.
    return { state: items.length > 0 ? 'bad' : 'ok', items };
  }

  /** Null when all samples passed, the reason when nothing can be said, else the item. */
  async #evaluateOne(spec: CheckSpec, signal: AbortSignal): Promise<SeverityItem | string | null> {
    let failed = 0;
    let timeouts = 0;
    let taken = 0;
    let why = '';
    while (taken < spec.samples && timeouts < MAX_TIMEOUTS) {
      if (taken > 0) await this.#clock.sleep(SPACING_MS, signal);
      const asked = this.#clock.monotonic();
      const first = await this.#sample(spec, signal);
      const left = Math.min(spec.samples - taken - 1, MAX_AT_ONCE);
      // What takes long to fail is not waited for one after the other.
      const isSlow = first.state === 'failed' && this.#clock.monotonic() - asked > SLOW_MS;
      const more = isSlow ? Array.from({ length: left }, () => this.#sample(spec, signal)) : [];
      for (const result of [first, ...(await Promise.all(more))]) {
        taken++;
        if (result.state === 'unknown') return `check ${spec.name}: ${result.why}`;
        timeouts = result.state === 'timeout' ? timeouts + 1 : 0;
        if (result.state === 'passed') continue;
        failed++;
        why = result.why;
      }
    }
    if (failed === 0) return null;
    const message = `check ${spec.name}: ${failed} of ${taken} requests to ${spec.url} failed (${why})`;
    const asks = spec.asks ? { asks: spec.asks } : {};
    return { source: 'check', object: null, what: spec.name, grade: failed / taken, message, ...asks };
  }
}
