import type { OracleTiming } from '../../domain/ports.ts';
import type { Alert, AlertSource, Answer, Series, TimeWindow } from '../../domain/telemetry.ts';
import { counted } from '../../text/plain-text.ts';
import { foldAlerts, MOST_ALERTS } from '../alerts/alert.ts';
import type { AlertClusters } from '../clusters/alert-clusters.ts';
import { doubtsOf, ONE_CLUSTER } from '../clusters/alert-clusters.ts';
import { told } from '../values/remarks.ts';
import { millisOfDuration } from '../values/time.ts';
import { isProblem } from '../wire/source-problem.ts';
import type { CompositeAlarm, MetricAlarm } from './alarm-forms.ts';
import { alertOfAlarm, ALARMS, isQuiet } from './alarm-forms.ts';
import { readMetricData } from './metric-data.ts';
import type { AwsCaller } from './aws-caller.ts';

/** Metrics of AWS come once a minute and are there a minute or two later. */
const USUAL_LAG_MS = 2 * 60_000;
const USUAL_PERIOD_S = 60;
const LONGEST_SETTLE_MS = 60 * 60_000;
/** A page holds at most 100 alarms. */
const PAGE = 100;
const MOST_PAGES = 20;

/** Alarms of CloudWatch that are in ALARM, without those whose actions are off or suppressed. */
export class CloudWatchAlarms implements AlertSource {
  readonly name: string;
  readonly #aws: AwsCaller;
  readonly #clusters: AlertClusters;
  /** By the fingerprint of their alert. */
  #alarms: ReadonlyMap<string, MetricAlarm> = new Map();
  /** Fingerprints of what people were told of, and goes on. */
  #fired: ReadonlySet<string> = new Set();

  constructor(aws: AwsCaller, clusters: AlertClusters = ONE_CLUSTER) {
    this.name = aws.client.name;
    this.#aws = aws;
    this.#clusters = clusters;
  }

  get timing(): OracleTiming {
    const spans = [...this.#alarms.values()].map(({ Period, EvaluationPeriods }) =>
      millisOfDuration((Period ?? USUAL_PERIOD_S) * (EvaluationPeriods ?? 1)),
    );
    const longest = spans.reduce((a, b) => Math.max(a, b), USUAL_PERIOD_S * 1000);
    return { lagMs: USUAL_LAG_MS, settleMs: Math.min(LONGEST_SETTLE_MS, USUAL_LAG_MS + longest) };
  }

  alerts(signal: AbortSignal): Promise<Answer<Alert[]>> {
    const { client } = this.#aws;
    return client.answer(signal, async (both) => {
      const alarms = await this.#inState('ALARM', both);
      const silent = await this.#inState('INSUFFICIENT_DATA', both);
      const loud = alarms.list.filter((alarm) => !isQuiet(alarm));
      const around = {
        region: this.#aws.region,
        page: client.fetcher.page,
        now: alarms.at,
        toOurs: (theirs: number) => client.toOurs(theirs),
      };
      const all = loud.slice(0, MOST_ALERTS).map((alarm) => ({ alarm, alert: alertOfAlarm(alarm, around) }));
      const sorted = await this.#clusters.sort(
        all.map(({ alert }) => alert),
        both,
      );
      const ours = new Set(sorted.ours);
      const pairs = all.filter(({ alert }) => ours.has(alert));
      // What was told of before its actions were turned off has not healed by that.
      const hidden = alarms.list
        .filter(isQuiet)
        .map((alarm) => alertOfAlarm(alarm, around))
        .filter(({ fingerprint }) => this.#fired.has(fingerprint))
        .map((alert) => ({ ...alert, hidden: true as const }));
      const alerts = [...pairs.map(({ alert }) => alert), ...hidden];
      this.#fired = new Set(alerts.map(({ fingerprint }) => fingerprint));
      this.#alarms = new Map(
        pairs.flatMap(({ alarm, alert }) =>
          'MetricName' in alarm || 'Metrics' in alarm ? [[alert.fingerprint, alarm as MetricAlarm] as const] : [],
        ),
      );
      const quiet = alarms.list.length - loud.length;
      return told(
        foldAlerts(alerts),
        alarms.at,
        [alarms.cut, loud.length > MOST_ALERTS ? `only ${MOST_ALERTS} of ${loud.length} alarms are taken` : undefined],
        [
          quiet > 0 ? `${counted(quiet, 'alarm')} with actions off, suppressed, or of autoscaling left out` : undefined,
          silent.list.length > 0 ? `${counted(silent.list.length, 'alarm')} without enough data to speak` : undefined,
          sorted.note,
          client.clockNote(),
        ],
        { mute: silent.list.map((alarm) => alertOfAlarm(alarm, around).name), ...doubtsOf(sorted) },
      );
    });
  }

  /** What the alarm looks at; absent for composite alarms and for such as were not told of last. */
  series({ fingerprint }: Alert, window: TimeWindow, signal: AbortSignal): Promise<Answer<Series[]>> {
    const alarm = this.#alarms.get(fingerprint);
    if (!alarm) return Promise.resolve({ state: 'absent', reason: `${this.name} has no metric of this alarm` });
    return readMetricData(this.#aws, alarm, window, signal);
  }

  /** Every page, or as many as were given. @throws SourceProblem where not even the first was */
  async #inState(
    state: string,
    signal: AbortSignal,
  ): Promise<{ list: (MetricAlarm | CompositeAlarm)[]; at: number; cut?: string }> {
    const list: (MetricAlarm | CompositeAlarm)[] = [];
    let at = this.#aws.client.clock.now();
    let token: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      try {
        const input = {
          StateValue: state,
          AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
          MaxRecords: PAGE,
          ...(token === undefined ? {} : { NextToken: token }),
        };
        const { value, at: answeredAt } = await this.#aws.call('DescribeAlarms', input, ALARMS, signal);
        if (page === 0) at = answeredAt;
        list.push(...(value.MetricAlarms ?? []), ...(value.CompositeAlarms ?? []));
        if (!value.NextToken || value.NextToken === token) return { list, at };
        token = value.NextToken;
      } catch (error) {
        if (page === 0 || !isProblem(error, 'limited', 'server', 'refused', 'unauthorized', 'unreachable')) throw error;
        return { list, at, cut: `only ${counted(page, 'page')} of alarms given: it ${error.message}` };
      }
    }
    return { list, at, cut: `only ${MOST_PAGES} pages of alarms are read` };
  }
}
