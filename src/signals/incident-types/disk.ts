import { refLabel } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Signal, SignalReading } from '../../domain/signals.ts';
import { amountText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { sustained } from '../baselines/sustained.ts';
import { inOrder } from '../baselines/rates.ts';
import { chartOf } from '../charts/chart.ts';
import type { Projection } from '../forecasts/projection.ts';
import { forecastLine, projected, whenText } from '../forecasts/projection.ts';
import { duration, oneOf, selector } from '../promql.ts';
import type { Answers, Ask, IncidentType, Rule, Scene, ScopedSeries } from './incident-type.ts';
import { emptyReading, scopedSeries } from './incident-type.ts';
import { namedBy } from './request-signals.ts';

export const CLAIMS = 'disk/claims';
export const NODES = 'disk/nodes';
/** What fills within the hour shows in a few minutes. */
const STEP_MS = 60_000;
const FULL = 0.995;
/** File systems without room of their own, and those that others show again. */
const REAL = [
  'fstype!~"tmpfs|ramfs|overlay|squashfs|nsfs|iso9660|erofs|fuse.*"',
  'mountpoint!~"/var/lib/(kubelet/pods|docker|containers|containerd)/.*|/run/.*"',
];

export const disk: IncidentType = {
  kind: 'disk',
  title: 'Disk filling up',
  asks: diskAsks,
  judge,
  rules,
  sameMeaning: /(?:disk|volume|filesystem|storage).*(?:full|fill|space|usage|pressure)|almost_?outof_?space/i,
};

interface Filling {
  key: string;
  what: string;
  by: string;
  available: string;
  size: string;
}

function fillings({ metrics }: SignalSettings, namespaces: readonly string[]): Filling[] {
  const scope = oneOf('namespace', namespaces);
  return [
    {
      key: CLAIMS,
      what: metrics.volumeAvailable,
      by: 'namespace, persistentvolumeclaim',
      available: selector(metrics.volumeAvailable, scope),
      size: selector(metrics.volumeCapacity, scope),
    },
    {
      key: NODES,
      what: metrics.filesystemAvailable,
      by: 'job, instance, node, device, mountpoint',
      available: selector(metrics.filesystemAvailable, ...REAL),
      size: selector(metrics.filesystemSize, ...REAL),
    },
  ];
}

/** Part that is taken, as programs see it: blocks that are kept for root are taken. */
function usedRatio({ by, available, size }: Filling): string {
  return `1 - max by (${by}) (${available}) / max by (${by}) (${size} > 0)`;
}

/** Shared with forecasts. */
export function diskAsks({ settings, namespaces, now }: Scene): Ask[] {
  const window = { from: now - settings.disk.lookbackMs, to: now, stepMs: STEP_MS };
  return fillings(settings, namespaces).map((filling) => ({ key: filling.key, query: usedRatio(filling), window }));
}

function judge(answers: Answers, scene: Scene): SignalReading {
  const reading = emptyReading();
  for (const filling of fillings(scene.settings, scene.namespaces)) {
    const list = scopedSeries(answers.get(filling.key), 'disk', filling.what, scene, reading) ?? [];
    for (const scoped of list) {
      // Nodes of others are none of the scope's business.
      if (filling.key === NODES && !scoped.object) continue;
      const result = judgeOne(scoped, usedRatio(filling), scene);
      if (typeof result === 'string') reading.unjudged.push({ kind: 'disk', object: scoped.object, reason: result });
      else if (result) reading.signals.push(result);
    }
  }
  return reading;
}

function judgeOne({ series, labelled, object }: ScopedSeries, query: string, scene: Scene): Signal | string | null {
  const { now, settings, marks } = scene;
  const samples = inOrder(series.samples);
  const name = diskName(series.labels, object ? refLabel(object) : namedBy(null, series.labels));
  const standing = sustained(
    samples,
    ({ value }) => value > settings.disk.usedRatio,
    now,
    STEP_MS,
    settings.disk.forMs,
  );
  if (standing.state === 'unknown') return `nothing was told of the room on ${name} lately`;
  if (standing.state === 'no') return null;
  const projection = projected(samples, 1, settings.disk.horizonMs, settings.forecast);
  const { value } = samples.at(-1)!;
  // Programs fail for want of room before the last block is taken.
  const isFull = value >= FULL;
  const hasFilled = isFull && samples.some((sample) => sample.value < FULL);
  // It is that full, and has been: nothing to report while it does not grow.
  if (projection.state === 'not-soon' && !isFull) return null;
  const used = `${name} is ${amountText(value, 'ratio')} full`;
  const isKnown = hasFilled || (!isFull && projection.state === 'reached');
  const then = thenText(projection, isFull, hasFilled, now);
  return {
    kind: 'disk',
    level: isKnown && standing.held && object ? 'incident' : 'early',
    object,
    others: labelled.objects.slice(1),
    labels: series.labels,
    since: standing.since,
    ...(isKnown && !standing.held && object ? { firesAt: standing.since + settings.disk.forMs } : {}),
    message: oneLine(`${used}, ${then}`),
    value,
    usual: null,
    threshold: settings.disk.usedRatio,
    unit: 'ratio',
    query,
    chart: chartOf({
      title: `Room on ${name}`,
      unit: 'ratio',
      label: 'used',
      samples,
      threshold: settings.disk.usedRatio,
      marks,
      ...(projection.state === 'reached' ? { forecast: forecastLine(projection, 1) } : {}),
    }),
  };
}

/** What is full all the time may be meant to be: files that are made as large as their volume. */
function thenText(projection: Projection, isFull: boolean, hasFilled: boolean, now: number): string {
  if (isFull) return hasFilled ? 'and is full now' : 'and has been for as long as is known';
  if (projection.state === 'reached') return `and will be full ${whenText(projection, now)}`;
  return `whether it fills up is not known: ${projection.state === 'unknown' ? projection.reason : 'it does not rise'}`;
}

export function diskName(labels: Readonly<Record<string, string>>, object: string): string {
  return labels.mountpoint ? `${oneLine(labels.mountpoint, 120)} of ${object}` : object;
}

/** The projection is recorded by itself, so that the alert looks back no further than the present and is over as soon. */
function rules(settings: SignalSettings): Rule[] {
  const { usedRatio: most, horizonMs, lookbackMs, forMs } = settings.disk;
  const [claims, nodes] = fillings(settings, []) as [Filling, Filling];
  const projection = ({ key, by, available }: Filling): Rule & { record: string } => ({
    record: `stratus:${key.replace('/', '_')}_available_bytes:in${duration(horizonMs)}`,
    expr: `max by (${by}) (predict_linear(${available}[${duration(lookbackMs)}], ${horizonMs / 1_000}))`,
  });
  const description = `More than ${amountText(most, 'ratio')} are used, and nothing will be left within ${duration(horizonMs)} if it goes on as in the last ${duration(lookbackMs)}.`;
  const alert = (name: string, filling: Filling, summary: string): Rule => ({
    alert: name,
    expr: `${usedRatio(filling)} > ${most}\nand ${projection(filling).record} < 0`,
    forMs,
    labels: { severity: 'critical', stratus: 'disk' },
    annotations: { summary, description },
  });
  return [
    projection(claims),
    projection(nodes),
    alert(
      'StratusVolumeFillingUp',
      claims,
      'The volume of {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is {{ $value | humanizePercentage }} full and fills up',
    ),
    alert(
      'StratusNodeDiskFillingUp',
      nodes,
      '{{ $labels.mountpoint }} of {{ or $labels.node $labels.instance }} is {{ $value | humanizePercentage }} full and fills up',
    ),
  ];
}
