import * as z from 'zod/mini';
import type { Alert } from '../../domain/telemetry.ts';
import { alertOf } from '../alerts/alert.ts';
import { momentAt, timeOf } from '../values/time.ts';
import { boundedLabels, named } from '../values/untrusted.ts';

const TEXT = z.optional(z.nullable(z.string()));
const NUMBER = z.optional(z.nullable(z.number()));
const MOMENT = z.optional(z.nullable(z.union([z.number(), z.string()])));
const DIMENSIONS = z.optional(z.nullable(z.array(z.object({ Name: z.string(), Value: z.string() }))));

const COMMON = {
  AlarmName: z.string(),
  AlarmDescription: TEXT,
  StateReason: TEXT,
  StateUpdatedTimestamp: MOMENT,
  StateTransitionedTimestamp: MOMENT,
  ActionsEnabled: z.optional(z.nullable(z.boolean())),
};
const METRIC_ALARM = z.object({
  ...COMMON,
  Namespace: TEXT,
  MetricName: TEXT,
  Dimensions: DIMENSIONS,
  Statistic: TEXT,
  ExtendedStatistic: TEXT,
  Period: NUMBER,
  EvaluationPeriods: NUMBER,
  Threshold: NUMBER,
  ComparisonOperator: TEXT,
  /** Of metric math: taken as it is to ask for the same. */
  Metrics: z.optional(z.nullable(z.array(z.unknown()))),
});
const COMPOSITE_ALARM = z.object({ ...COMMON, ActionsSuppressedBy: TEXT });

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
export const ALARMS = z.object({
  MetricAlarms: z.optional(z.nullable(z.array(METRIC_ALARM))),
  CompositeAlarms: z.optional(z.nullable(z.array(COMPOSITE_ALARM))),
  NextToken: TEXT,
});
export type MetricAlarm = z.infer<typeof METRIC_ALARM>;
export type CompositeAlarm = z.infer<typeof COMPOSITE_ALARM>;

/** Alarms that autoscaling makes for itself: that one of them is in ALARM is how it works. */
const OF_AUTOSCALING = /^TargetTracking-/;
/** Dimensions of Container Insights by the labels that others use. */
const LABELS: Readonly<Record<string, string>> = {
  Namespace: 'namespace',
  PodName: 'pod',
  Service: 'service',
  NodeName: 'node',
  ClusterName: 'cluster',
  ContainerName: 'container',
};

/** Whether people are not told of it, though it is in ALARM. */
export function isQuiet(alarm: MetricAlarm | CompositeAlarm): boolean {
  const suppressed = 'ActionsSuppressedBy' in alarm && Boolean(alarm.ActionsSuppressedBy);
  return alarm.ActionsEnabled === false || suppressed || OF_AUTOSCALING.test(alarm.AlarmName);
}

export interface AlarmSurroundings {
  region: string;
  /** Address of the console; null: none. */
  page: string | null;
  /** Milliseconds since the epoch, on our clock. */
  now: number;
  toOurs(theirs: number): number;
}

export function alertOfAlarm(alarm: MetricAlarm | CompositeAlarm, around: AlarmSurroundings): Alert {
  const metric = 'MetricName' in alarm ? alarm : null;
  const dimensions = metric?.Dimensions ?? [];
  const startedAt = momentOf(alarm.StateTransitionedTimestamp) ?? momentOf(alarm.StateUpdatedTimestamp);
  return alertOf({
    state: 'firing',
    labels: {
      alertname: alarm.AlarmName,
      region: around.region,
      ...(metric?.MetricName ? { metric: metric.MetricName } : {}),
      ...(metric?.Namespace ? { metric_namespace: metric.Namespace } : {}),
      ...boundedLabels(
        Object.fromEntries(
          dimensions.map(({ Name, Value }) => [Object.hasOwn(LABELS, Name) ? LABELS[Name]! : Name, Value]),
        ),
      ),
    },
    annotations: {
      ...(alarm.AlarmDescription ? { description: alarm.AlarmDescription } : {}),
      ...(alarm.StateReason ? { reason: alarm.StateReason } : {}),
    },
    startsAt: startedAt === null ? around.now : Math.min(around.now, around.toOurs(startedAt)),
    link:
      around.page === null
        ? undefined
        : `${around.page}#alarmsV2:alarm/${encodeURIComponent(named(alarm.AlarmName, 255))}`,
  });
}

/** Seconds since the epoch, as AWS JSON has them, or ISO 8601; in ms. */
export function momentOf(time: number | string | null | undefined): number | null {
  if (typeof time === 'string') return timeOf(time);
  return typeof time === 'number' && time > 0 ? momentAt(time * 1000) : null;
}
