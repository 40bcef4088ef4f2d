import * as z from 'zod/mini';
import type { OracleTiming } from '../../domain/ports.ts';
import type { Alert, AlertSource, Answer } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { alertOf, foldAlerts, isWatchdog, MOST_ALERTS } from '../alerts/alert.ts';
import type { AlertClusters } from '../clusters/alert-clusters.ts';
import { doubtsOf, ONE_CLUSTER } from '../clusters/alert-clusters.ts';
import { CLUSTER_LABELS, valueOf } from '../clusters/cluster-labels.ts';
import { timingOf } from '../prometheus/rules.ts';
import { told } from '../values/remarks.ts';
import { timeOf } from '../values/time.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';

const NAMES = z.optional(z.nullable(z.array(z.unknown())));
const ALERT = z.object({
  labels: z.record(z.string(), z.unknown()),
  annotations: z.optional(z.unknown()),
  startsAt: z.string(),
  endsAt: z.optional(z.nullable(z.string())),
  updatedAt: z.optional(z.nullable(z.string())),
  generatorURL: z.optional(z.unknown()),
  status: z.optional(
    z.object({ state: z.optional(z.unknown()), silencedBy: NAMES, inhibitedBy: NAMES }),
  ),
}); // prettier-ignore
/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, `gettableAlerts` */
const ALERTS = z.array(ALERT);

/** What an end may be behind the newest word of the source and still be none. */
const TOLERANCE_MS = 2_000;

/** Alerts of Alertmanager, API v2, without those that are silenced or inhibited, and without watchdogs. */
export class AlertmanagerAlerts implements AlertSource {
  readonly name: string;
  readonly #client: SourceClient;
  readonly #scrapeMs: () => number;
  readonly #clusters: AlertClusters;
  /** Those that were heard, one for each cluster that is ours or may be. */
  #watchdogs: readonly Alert[] = [];
  /** Fingerprints of what fired while nobody hid it, and goes on. */
  #fired: ReadonlySet<string> = new Set();

  /** @param scrapeMs how often targets are read, as it is known by now */
  constructor(client: SourceClient, scrapeMs: () => number = () => 60_000, clusters: AlertClusters = ONE_CLUSTER) {
    this.name = client.name;
    this.#client = client;
    this.#scrapeMs = scrapeMs;
    this.#clusters = clusters;
  }

  /** Of Prometheus's defaults: it does not tell Alertmanager how its rules work. */
  get timing(): OracleTiming {
    return timingOf([], [], this.#scrapeMs());
  }

  alerts(signal: AbortSignal): Promise<Answer<Alert[]>> {
    const client = this.#client;
    return client.answer(signal, async (both) => {
      const reply = await client.json(
        {
          path: '/api/v2/alerts',
          query: [
            ['active', 'true'],
            // What fired before it was hidden has not healed by that.
            ['silenced', String(this.#fired.size > 0)],
            ['inhibited', String(this.#fired.size > 0)],
            ['unprocessed', 'false'],
          ],
          signal: both,
        },
        ALERTS,
      );
      const theirNow = reply.sourceTime ?? newest(reply.value);
      const lasting = reply.value.filter((one) => !hasEnded(one, theirNow));
      const there = lasting.filter((one) => !isHidden(one));
      const alertFrom = (one: z.infer<typeof ALERT>) =>
        alertOf({
          state: 'firing',
          labels: one.labels,
          annotations: one.annotations,
          startsAt: Math.min(reply.at, client.toOurs(timeOf(one.startsAt) ?? reply.at)),
          link: one.generatorURL,
        });
      const all = there.slice(0, MOST_ALERTS).map(alertFrom);
      const hidden = lasting
        .filter(isHidden)
        .map(alertFrom)
        .filter(({ fingerprint }) => this.#fired.has(fingerprint))
        .map((alert) => ({ ...alert, hidden: true as const }));
      const early = there.filter(({ startsAt }) => (timeOf(startsAt) ?? 0) > (theirNow ?? reply.at) + TOLERANCE_MS);
      const sorted = await this.#clusters.sort(all, both);
      await this.#mindWatchdogs([...sorted.ours, ...sorted.doubtful].filter(isWatchdog), both);
      const cut = there.length > MOST_ALERTS ? `only ${MOST_ALERTS} of ${there.length} alerts are taken` : undefined;
      const ahead = early.length > 0 ? `${counted(early.length, 'alert')} said to begin in the future` : undefined;
      const firing = sorted.ours.filter((alert) => !isWatchdog(alert));
      this.#fired = new Set([...firing, ...hidden].map(({ fingerprint }) => fingerprint));
      return told(
        foldAlerts([...firing, ...hidden]),
        reply.at,
        [cut],
        [ahead, sorted.note, client.clockNote()],
        doubtsOf(sorted),
      );
    });
  }

  /** @throws SourceProblem when an alert that always fires was there and is gone */
  async #mindWatchdogs(there: readonly Alert[], signal: AbortSignal): Promise<void> {
    const heard = new Map(there.map((alert) => [clusterOf(alert), alert]));
    // Those of clusters that are known by now to be others' are not missed.
    const { ours, doubtful } = await this.#clusters.sort(this.#watchdogs, signal);
    if ([...ours, ...doubtful].some((alert) => !heard.has(clusterOf(alert))))
      throw new SourceProblem('not-understood', 'no longer hears its watchdog: see whether Prometheus reaches it');
    this.#watchdogs = [...heard.values()];
  }
}

/** The same for watchdogs of one cluster. */
function clusterOf({ labels }: Alert): string {
  return JSON.stringify(CLUSTER_LABELS.map((label) => valueOf(labels, label)));
}

/** Servers that do not know the parameters tell of all. */
function isHidden({ status }: z.infer<typeof ALERT>): boolean {
  return (status?.silencedBy?.length ?? 0) > 0 || (status?.inhibitedBy?.length ?? 0) > 0;
}

/** By the source's own clock, never by ours: a wrong one here would end everything. */
function hasEnded({ endsAt }: z.infer<typeof ALERT>, theirNow: number | null): boolean {
  const end = timeOf(endsAt);
  return end !== null && theirNow !== null && end < theirNow - TOLERANCE_MS;
}

/** The last moment that the source speaks of as past. */
function newest(alerts: readonly z.infer<typeof ALERT>[]): number | null {
  const times = alerts.map(({ updatedAt }) => timeOf(updatedAt)).filter((time) => time !== null);
  return times.length > 0 ? times.reduce((a, b) => Math.max(a, b)) : null;
}
