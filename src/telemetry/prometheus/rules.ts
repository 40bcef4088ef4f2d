import * as z from 'zod/mini';
import type { OracleTiming } from '../../domain/ports.ts';
import { lookBackOf } from '../../text/promql-window.ts';
import { untrustedLine } from '../../text/redact.ts';
import { millisOfDuration, timeOf } from '../values/time.ts';
import { named } from '../values/untrusted.ts';
import type { Pairs } from '../wire/fetcher.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { isProblem } from '../wire/source-problem.ts';
import { askPrometheus } from './prometheus-api.ts';

/** A rule as the server runs it. */
export interface AlertRule {
  /** Of an alert, or of the metric that it records. */
  name: string;
  /** It records a metric, from which alerts may be made. */
  records: boolean;
  /** PromQL. */
  query: string;
  /** How often it is evaluated, ms. */
  intervalMs: number;
  /** How long its condition must hold before it fires, ms. */
  forMs: number;
  /** How long it fires after its condition is over, ms. */
  keepFiringMs: number;
  /** Why it could not be evaluated; null: it was. */
  error: string | null;
  /** On our clock, ms since the epoch; null: never yet. */
  evaluatedAt: number | null;
}

const SECONDS = z.number().check(z.nonnegative());
const RULE = z.object({
  type: z.optional(z.string()),
  name: z.string(),
  query: z.optional(z.string()),
  duration: z.optional(SECONDS),
  keepFiringFor: z.optional(SECONDS),
  health: z.optional(z.string()),
  lastError: z.optional(z.string()),
  lastEvaluation: z.optional(z.string()),
});
/** https://prometheus.io/docs/prometheus/latest/querying/api/#rules */
const RULES = z.object({
  groups: z.nullable(
    z.array(z.object({ interval: z.optional(SECONDS), rules: z.optional(z.nullable(z.array(RULE))) })),
  ),
});

const USUAL_INTERVAL_S = 60;
export const MOST_RULES = 20_000;

/** Rules of alerts, and those that record, unless all of them are too much for one answer. @throws SourceProblem */
export async function readRules(client: SourceClient, signal: AbortSignal): Promise<AlertRule[]> {
  const ask = (pairs: Pairs) => askPrometheus(client, '/api/v1/rules', pairs, RULES, signal);
  const { value } = await ask([]).catch((error: unknown) => {
    if (!isProblem(error, 'too-large')) throw error;
    return ask([['type', 'alert']]);
  });
  const rules: AlertRule[] = [];
  for (const { interval = USUAL_INTERVAL_S, rules: listed } of value.groups ?? []) {
    for (const rule of listed ?? []) {
      if (rules.length === MOST_RULES) return rules;
      const evaluated = timeOf(rule.lastEvaluation);
      rules.push({
        name: named(rule.name),
        records: rule.type === 'recording',
        query: (rule.query ?? '').slice(0, 10_000),
        intervalMs: millisOfDuration(interval),
        forMs: millisOfDuration(rule.duration ?? 0),
        keepFiringMs: millisOfDuration(rule.keepFiringFor ?? 0),
        error: rule.health === 'err' ? untrustedLine(rule.lastError, 120) || 'it does not say why' : null,
        evaluatedAt: evaluated === null ? null : client.toOurs(evaluated),
      });
    }
  }
  return rules;
}

/** What an alert may look back where its rule is not known: the window of most rates. */
const USUAL_LOOK_BACK_MS = 5 * 60_000;
const LONGEST_SETTLE_MS = 60 * 60_000;
/**
 * How alerts follow what they watch.
 * @param firing rules of the alerts that fire. @param all every rule that is known; none: Prometheus's defaults are taken
 */
export function timingOf(firing: readonly AlertRule[], all: readonly AlertRule[], scrapeMs: number): OracleTiming {
  const intervals = (firing.length > 0 ? firing : all).map(({ intervalMs }) => intervalMs);
  const lagMs = scrapeMs + (intervals.length > 0 ? longest(intervals) : USUAL_INTERVAL_S * 1000);
  if (firing.length === 0) return { lagMs, settleMs: lagMs + USUAL_LOOK_BACK_MS };
  const slowest = longest(firing.map((rule) => lookBackOf(rule.query) + rule.keepFiringMs));
  return { lagMs, settleMs: Math.min(LONGEST_SETTLE_MS, lagMs + slowest) };
}

function longest(times: readonly number[]): number {
  return times.reduce((a, b) => Math.max(a, b), 0);
}
