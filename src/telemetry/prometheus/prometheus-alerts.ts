import * as z from 'zod/mini';
import type { OracleTiming } from '../../domain/ports.ts';
import type { Alert, AlertSource, Answer } from '../../domain/telemetry.ts';
import { ANYTHING } from '../../domain/telemetry.ts';
import { asText, counted, oneLine } from '../../text/plain-text.ts';
import { alertOf, foldAlerts, isWatchdog, MOST_ALERTS } from '../alerts/alert.ts';
import type { AlertClusters } from '../clusters/alert-clusters.ts';
import { doubtsOf, ONE_CLUSTER } from '../clusters/alert-clusters.ts';
import { told } from '../values/remarks.ts';
import { timeOf } from '../values/time.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { isProblem, SourceProblem } from '../wire/source-problem.ts';
import { askPrometheus } from './prometheus-api.ts';
import { troublesOf } from './rule-troubles.ts';
import type { AlertRule } from './rules.ts';
import { readRules, timingOf } from './rules.ts';

/** https://prometheus.io/docs/prometheus/latest/querying/api/#alerts */
const ALERTS = z.object({
  alerts: z.nullable(
    z.array(
      z.object({
        labels: z.record(z.string(), z.unknown()),
        annotations: z.optional(z.unknown()),
        state: z.string(),
        activeAt: z.optional(z.nullable(z.string())),
      }),
    ),
  ),
});

/** Rules change when somebody deploys some: they are read again after this long. */
const RULES_LAST_MS = 60_000;
/** The same while some wait for their evaluation. */
const WAITING_RULES_LAST_MS = 5_000;

/** Alerts that Prometheus's own rules give, pending ones too. It knows nothing of silences: those are Alertmanager's. */
export class PrometheusAlerts implements AlertSource {
  readonly name: string;
  readonly #client: SourceClient;
  readonly #scrapeMs: () => number;
  readonly #clusters: AlertClusters;
  #rules: { list: AlertRule[]; readAt: number } | null = null;
  #rulesWait = false;
  #firing: ReadonlySet<string> = new Set();
  /** Names of alerts that fired and do not any more, for they have no rule now. */
  #orphans: ReadonlySet<string> = new Set();

  /** @param scrapeMs how often targets are read, as it is known by now */
  constructor(client: SourceClient, scrapeMs: () => number, clusters: AlertClusters = ONE_CLUSTER) {
    this.name = client.name;
    this.#client = client;
    this.#scrapeMs = scrapeMs;
    this.#clusters = clusters;
  }

  /** Of the rules of the alerts that fired last. */
  get timing(): OracleTiming {
    return this.timingFor(this.#firing);
  }

  /** @param names of alerts that fire, whoever tells of them */
  timingFor(names: ReadonlySet<string>): OracleTiming {
    const all = this.#rules?.list.filter(({ records }) => !records) ?? [];
    const firing = all.filter(({ name }) => names.has(name));
    return timingOf(firing, all, this.#scrapeMs());
  }

  /** The rule that an alert comes from, as far as it was read. */
  ruleOf(name: string): AlertRule | null {
    return this.#rules?.list.find((rule) => !rule.records && rule.name === name) ?? null;
  }

  alerts(signal: AbortSignal): Promise<Answer<Alert[]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const reply = await askPrometheus(client, '/api/v1/alerts', [], ALERTS, both);
      const listed = reply.value.alerts ?? [];
      const names = new Set(listed.map(({ labels }) => asText(labels['alertname'])));
      const over = [...this.#firing, ...this.#orphans].filter((name) => !names.has(name));
      // An alert ends with its rule, too, whatever becomes of what it watched.
      if (over.some((name) => this.#firing.has(name))) this.#rules = null;
      const rules = await this.#currentRules(both);
      const alerting = rules?.filter(({ records }) => !records);
      if (alerting) this.#orphans = new Set(over.filter((name) => !alerting.some((rule) => rule.name === name)));
      if (alerting?.length === 0 && listed.length === 0 && this.#orphans.size === 0)
        return { state: 'absent', reason: `${client.name} has no alerting rules` };
      if (!rules && listed.length === 0)
        throw new SourceProblem('not-understood', 'names no alert, and its rules cannot be read: it may have none');
      const all = listed
        .filter(({ state }) => state === 'firing' || state === 'pending')
        .slice(0, MOST_ALERTS)
        .map(({ labels, annotations, state, activeAt }) =>
          this.#withFiring(
            alertOf({
              state: state === 'firing' ? 'firing' : 'pending',
              labels,
              annotations,
              startsAt: this.#startOf(activeAt, reply.at),
              link: undefined,
            }),
          ),
        );
      const sorted = await this.#clusters.sort(all, both);
      const alerts = sorted.ours.filter((alert) => !isWatchdog(alert));
      this.#firing = new Set(alerts.filter(({ state }) => state === 'firing').map(({ name }) => name));
      const tooMany =
        listed.length > MOST_ALERTS ? `only ${MOST_ALERTS} of ${listed.length} alerts are taken` : undefined;
      const troubles = troublesOf(rules ?? [], reply.at, RULES_LAST_MS);
      this.#rulesWait = troubles.passes;
      return told(
        foldAlerts(alerts),
        reply.at,
        [tooMany, reply.warning, this.#orphaned(), ...troubles.texts],
        [rules ? undefined : 'its rules cannot be read', sorted.note, client.clockNote()],
        {
          missing: [...(tooMany || reply.warning ? [ANYTHING] : []), ...this.#orphans, ...troubles.names],
          ...doubtsOf(sorted),
        },
      );
    });
  }

  #orphaned(): string | undefined {
    const [first] = this.#orphans;
    if (first === undefined) return undefined;
    const many = counted(this.#orphans.size, 'alert');
    return `${many} fired and has no rule any more, such as ${oneLine(first, 120)}`;
  }

  #withFiring(alert: Alert): Alert {
    const rule = alert.state === 'pending' ? this.ruleOf(alert.name) : null;
    return rule ? { ...alert, firesAt: alert.startsAt + rule.forMs + rule.intervalMs } : alert;
  }

  #startOf(activeAt: string | null | undefined, now: number): number {
    const theirs = timeOf(activeAt);
    return theirs === null ? now : Math.min(now, this.#client.toOurs(theirs));
  }

  /** Null where they cannot be read. */
  async #currentRules(signal: AbortSignal): Promise<AlertRule[] | null> {
    const now = this.#client.clock.monotonic();
    const lastMs = this.#rulesWait ? WAITING_RULES_LAST_MS : RULES_LAST_MS;
    if (this.#rules && now - this.#rules.readAt < lastMs) return this.#rules.list;
    try {
      this.#rules = { list: await readRules(this.#client, signal), readAt: now };
    } catch (error) {
      if (!isProblem(error, 'missing', 'refused', 'forbidden', 'not-understood', 'too-large', 'server')) throw error;
      return null;
    }
    return this.#rules.list;
  }
}
