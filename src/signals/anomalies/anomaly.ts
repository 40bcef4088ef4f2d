import type { ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { ChartMark, Signal } from '../../domain/signals.ts';
import type { Sample } from '../../domain/telemetry.ts';
import type { Unit } from '../../text/amount.ts';
import { amountPair, amountText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { chartOf } from '../charts/chart.ts';
import { cloudOf, distanceFor, squaredDistance } from '../statistics/covariance.ts';
import { IsolationForest } from '../statistics/isolation-forest.ts';
import { median, quantileOf, robustSpread, sortedFinite } from '../statistics/robust.ts';
import { inOrder } from '../baselines/rates.ts';
import { episodes, recurrenceLevel, sustained } from '../baselines/sustained.ts';
import type { BaselineSpan } from '../baselines/usual.ts';
import { within } from '../baselines/usual.ts';

/** What is looked at together. */
export type Feature = 'latency' | 'errors' | 'saturation' | 'traffic';

/** Series of one service; each oldest first. One that nobody tells is left out. */
export type FeatureSeries = Partial<Record<Feature, readonly Sample[]>>;

export type AnomalyVerdict =
  | { state: 'usual' }
  | { state: 'unusual'; signal: Signal }
  /** One sentence without a full stop. */
  | { state: 'unknown'; reason: string };

interface Look {
  label: string;
  unit: Unit;
  /** A deviation is at least this, and at least this part of the centre. */
  least: number;
  leastPart: number;
  /** Only more is bad, or less is, too. */
  isBadBelow: boolean;
}

const LOOKS: Readonly<Record<Feature, Look>> = {
  latency: { label: 'p99 latency', unit: 'ms', least: 0, leastPart: 0.05, isBadBelow: false },
  // Half a percent: where nothing ever failed, one failure is not infinitely far.
  errors: { label: 'failed requests', unit: 'ratio', least: 0.005, leastPart: 0.05, isBadBelow: false },
  saturation: { label: 'CPU', unit: 'cores', least: 0, leastPart: 0.1, isBadBelow: false },
  traffic: { label: 'traffic', unit: 'per-second', least: 0, leastPart: 0.1, isBadBelow: true },
};
const FEATURES = Object.keys(LOOKS) as Feature[];
/** A feature is named from so many deviations on, as in the rule for latency. */
const FAR = 3;
/** Values of a baseline further out are drawn in, so that an earlier incident does not make the cloud wide. */
const DRAWN_IN = 5;

interface Point extends Sample {
  /** In deviations from what is usual, by feature. */
  z: number[];
}

export interface AnomalyScene {
  object: ObjectRef;
  labels: Readonly<Record<string, string>>;
  now: number;
  span: BaselineSpan;
  /** In words that follow a number: `over the last hour`. */
  over: string;
  settings: SignalSettings;
  marks: readonly ChartMark[];
  /** Of the isolation forest. */
  seed: number;
}

/**
 * Whether latency, errors, saturation and traffic taken together lie where they never do: by their Mahalanobis distance from
 * what is usual, with an isolation forest as second opinion. Both have to agree for as long as it takes; a pattern that came
 * and went before is usual. What is found is an early sign: no single one of them need be over any line.
 */
export function anomalyOf(series: FeatureSeries, scene: AnomalyScene): AnomalyVerdict {
  const { object, now, span, settings, labels, over, marks } = scene;
  const features = FEATURES.filter((feature) => (series[feature]?.length ?? 0) > 0);
  if (features.length < 2)
    return { state: 'unknown', reason: 'fewer than two of latency, errors, CPU and traffic are known' };
  const aligned = alignedPoints(series, features);
  const spreads = features.map((feature, at) => {
    const { center, deviation } = robustSpread(within(aligned, span).map(({ z }) => z[at]!));
    const { least, leastPart } = LOOKS[feature];
    return { center, deviation: Math.max(deviation, least, leastPart * Math.abs(center)) || 1 };
  });
  const points = aligned.map(({ at, z }): Point => {
    const scaled = z.map((value, index) => (value - spreads[index]!.center) / spreads[index]!.deviation);
    return { at, value: 0, z: scaled };
  });
  const usual = within(points, span);
  if (usual.length < settings.anomaly.leastSamples)
    return { state: 'unknown', reason: `${usual.length} moments are too few to say what is usual` };
  const { stepMs } = settings.baseline;
  const isOff = ({ z }: Point): boolean => farFeatures(features, z).length > 0;
  // Of many services most are as usual, and this is what tells it for little.
  const first = sustained(points, isOff, now, stepMs, settings.anomaly.forMs);
  if (first.state === 'unknown') return { state: 'unknown', reason: 'there are no present samples' };
  if (first.state === 'no' || !first.held) return { state: 'usual' };
  const drawn = usual.map(({ z }) => z.map((value) => Math.min(DRAWN_IN, Math.max(-DRAWN_IN, value))));
  const cloud = cloudOf(drawn);
  const all = points.map(({ at, z }): Point => ({ at, z, value: squaredDistance(cloud, z) }));
  // Real series have heavier tails than the normal law.
  const tail = quantileOf(sortedFinite(within(all, span).map(({ value }) => value)), 0.99);
  const line = Math.max(distanceFor(settings.anomaly.probability, features.length), tail);
  const isFar = (point: Point): boolean => point.value > line && isOff(point);
  const standing = sustained(all, isFar, now, stepMs, settings.anomaly.forMs);
  if (standing.state !== 'yes' || !standing.held) return { state: 'usual' };
  const level = recurrenceLevel(all, standing.since, line);
  const isAsFar = (point: Point): boolean => isFar(point) && point.value > level;
  if (episodes(within(all, span), isAsFar) >= settings.baseline.recurrences) return { state: 'usual' };
  const lately = all.filter(({ at }) => at >= standing.since);
  const forest = new IsolationForest(drawn, scene.seed);
  if (median(lately.map(({ z }) => forest.score(z))) < settings.anomaly.forestScore) return { state: 'usual' };
  const last = aligned.at(-1)!.z;
  const far = farFeatures(features, all.at(-1)!.z);
  const told = far.map((at) => {
    const { label, unit } = LOOKS[features[at]!];
    return `${label} ${amountText(last[at]!, unit)} against ${amountPair(spreads[at]!.center, spreads[at]!.deviation, unit)}`;
  });
  const worst = far[0]!;
  const { label, unit } = LOOKS[features[worst]!];
  const { center, deviation } = spreads[worst]!;
  const summary = { center, deviation, count: usual.length, over };
  const title = `${label} of ${refLabel(object)}`;
  const samples = inOrder(series[features[worst]!]!);
  const chart = chartOf({ title, unit, label, samples, usual: summary, deviations: FAR, marks });
  const signal: Signal = {
    kind: 'anomaly',
    level: 'early',
    object,
    others: [],
    labels,
    since: standing.since,
    message: oneLine(`${refLabel(object)} behaves unlike before: ${told.join(', ')} ${over}`),
    value: last[worst]!,
    usual: summary,
    threshold: null,
    unit,
    query: null,
    chart,
  };
  return { state: 'unusual', signal };
}

/** Places of features that are bad by themselves, worst first. */
function farFeatures(features: readonly Feature[], z: readonly number[]): number[] {
  const badness = features.map((feature, at) => (LOOKS[feature].isBadBelow ? Math.abs(z[at]!) : z[at]!));
  return features.flatMap((_, at) => (badness[at]! > FAR ? [at] : [])).sort((a, b) => badness[b]! - badness[a]!);
}

/** Moments at which every feature has a value. */
function alignedPoints(series: FeatureSeries, features: readonly Feature[]): Point[] {
  const [first, ...others] = features.map((feature) => inOrder(series[feature]!));
  const maps = others.map((samples) => new Map(samples.map(({ at, value }) => [at, value])));
  return first!.flatMap(({ at, value }): Point[] => {
    const rest = maps.map((map) => map.get(at));
    return rest.some((one) => one === undefined) ? [] : [{ at, value: 0, z: [value, ...(rest as number[])] }];
  });
}
