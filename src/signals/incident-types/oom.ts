import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refLabel, refOf } from '../../domain/kube-object.ts';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import type { Signal, SignalReading, Unjudged } from '../../domain/signals.ts';
import { completedResources } from '../../kube/pod-resources.ts';
import { isLiving } from '../../kube/pods.ts';
import { listOf } from '../../kube/untyped-list.ts';
import { amountText, durationText } from '../../text/amount.ts';
import { oneLine } from '../../text/plain-text.ts';
import { sustained } from '../baselines/sustained.ts';
import { inOrder } from '../baselines/rates.ts';
import { chartOf } from '../charts/chart.ts';
import { duration, matchersOf, oneOf, selector } from '../promql.ts';
import type { Answers, Ask, IncidentType, Rule, Scene, ScopedSeries } from './incident-type.ts';
import { emptyReading, scopedSeries } from './incident-type.ts';

const KEY = 'memory/working-set';
const BY = 'namespace, pod, container';

export const oom: IncidentType = {
  kind: 'oom',
  title: 'Out of memory',
  asks,
  judge,
  rules,
  sameMeaning: /oom|out_?of_?memory|memory.*(?:high|limit|pressure|usage)/i,
};

function workingSet(settings: SignalSettings, namespaces: readonly string[]): string {
  const metric = selector(
    settings.metrics.workingSet,
    'container!=""',
    'container!="POD"',
    oneOf('namespace', namespaces),
  );
  return `max by (${BY}) (${metric})`;
}

function asks({ settings, namespaces, now }: Scene): Ask[] {
  const { stepMs } = settings.baseline;
  const window = { from: now - 3 * settings.oom.forMs, to: now, stepMs };
  return [{ key: KEY, query: workingSet(settings, namespaces), window }];
}

/** Limits and kills are read off the pods: what is exported of them says the same, later. */
function judge(answers: Answers, scene: Scene): SignalReading {
  const reading = emptyReading();
  const near = new Map<string, Signal>();
  for (const scoped of scopedSeries(answers.get(KEY), 'oom', scene.settings.metrics.workingSet, scene, reading) ?? []) {
    const signal = nearLimit(scoped, scene);
    if (signal && 'reason' in signal) reading.unjudged.push(signal);
    if (!signal?.object || 'reason' in signal) continue;
    const key = refKey(signal.object);
    const other = near.get(key);
    if (!other || (signal.level === 'incident' && other.level !== 'incident') || signal.since < other.since)
      near.set(key, signal);
  }
  const { view, namespaces } = scene;
  if (!view.known('Pod')) reading.unjudged.push({ kind: 'oom', object: null, reason: 'pods could not be read' });
  for (const pod of view.all('Pod')) {
    if (!isLiving(pod) || !namespaces.includes(pod.metadata.namespace ?? '')) continue;
    for (const signal of kills(pod, scene)) {
      const key = refKey(signal.object!);
      const other = near.get(key);
      near.set(key, other ? together(signal, other) : signal);
    }
  }
  return { ...reading, signals: [...near.values()] };
}

/** A kill says more than a level, and when both are there the level shows how it came. */
function together(kill: Signal, { firesAt: _firesAt, ...near }: Signal): Signal {
  const since = Math.min(near.since, kill.since);
  const message = `${kill.message}; ${near.message}`;
  return { ...near, level: 'incident', since, message, ...(kill.endsAt === undefined ? {} : { endsAt: kill.endsAt }) };
}

function nearLimit({ series, labelled, object }: ScopedSeries, scene: Scene): Signal | Unjudged | null {
  const { view, now, settings, marks, staleMs } = scene;
  const { pod: ref } = labelled;
  const pod = ref && view.find('Pod', ref.namespace, ref.name);
  // A pod that is gone needs no memory.
  if (!pod || !isLiving(pod)) return null;
  const container = series.labels.container ?? '';
  const limit = memoryLimit(view.all('LimitRange', pod.metadata.namespace), pod, container);
  if (limit === null) return null;
  const threshold = settings.oom.usedRatio * limit;
  const samples = inOrder(series.samples);
  const standing = sustained(
    samples,
    ({ value }) => value > threshold,
    now,
    settings.baseline.stepMs,
    settings.oom.forMs,
    staleMs,
  );
  const where = `container ${container} of ${refLabel(refOf(pod))}`;
  if (standing.state === 'unknown' && runsSince(pod, container, standing.lastAt))
    return { kind: 'oom', object: object ?? refOf(pod), reason: `nobody tells what ${where} uses now`, lost: true };
  if (standing.state !== 'yes') return null;
  const { value } = samples.at(-1)!;
  // A container never has more than its limit: what says so speaks of another one.
  if (isBeyond(value, limit))
    return {
      kind: 'oom',
      object: object ?? refOf(pod),
      reason: `metrics tell that ${where} uses ${amountText(value, 'bytes')}, more than its limit of ${amountText(limit, 'bytes')} lets it`,
    };
  const query = selector(settings.metrics.workingSet, ...matchersOf(series.labels));
  return {
    kind: 'oom',
    level: standing.held ? 'incident' : 'early',
    object: object ?? refOf(pod),
    others: [refOf(pod)],
    labels: series.labels,
    since: standing.since,
    ...(standing.held ? {} : { firesAt: standing.since + settings.oom.forMs }),
    message: oneLine(
      `${where} uses ${amountText(value, 'bytes')}, ${amountText(value / limit, 'ratio')} of its limit, for ${durationText(now - standing.since)}`,
    ),
    value,
    usual: null,
    threshold,
    unit: 'bytes',
    query,
    chart: chartOf({ title: `Memory of ${where}`, unit: 'bytes', label: 'working set', samples, threshold, marks }),
  };
}

/** More than a limit lets anybody have, however metrics are rounded. */
export function isBeyond(bytes: number, limit: number): boolean {
  return bytes > 1.1 * limit;
}

/** What does not run uses no memory, and is not measured; neither is what has only just begun. */
function runsSince(pod: KubeObject, container: string, at: number | null): boolean {
  const status = listOf(pod.status?.containerStatuses).find((each) => each?.name === container);
  const started = Date.parse(String(status?.state?.running?.startedAt ?? ''));
  return at !== null && started <= at;
}

/** Of a container as the server completes it; null where it may take what the node has. */
export function memoryLimit(ranges: readonly KubeObject[], pod: KubeObject, name: string): number | null {
  const found = completedResources(pod.spec, ranges).find(({ container }) => container.name === name);
  const limit = found?.limits.memory;
  return limit !== undefined && Number.isFinite(limit) && limit > 0 ? limit : null;
}

/** Containers that were killed for memory lately. */
function kills(pod: KubeObject, { view, now, settings }: Scene): Signal[] {
  return [...listOf(pod.status?.containerStatuses), ...listOf(pod.status?.initContainerStatuses)].flatMap(
    (status): Signal[] => {
      const ended = [status?.state?.terminated, status?.lastState?.terminated].find(
        (each) => each?.reason === 'OOMKilled',
      );
      const at = Date.parse(String(ended?.finishedAt ?? ''));
      if (!ended || !(now - at <= settings.oom.killedWithinMs)) return [];
      const container = oneLine(status?.name, 120);
      const limit = memoryLimit(view.all('LimitRange', pod.metadata.namespace), pod, container);
      const under = limit === null ? 'without a limit of its own' : `at its limit of ${amountText(limit, 'bytes')}`;
      const object: ObjectRef = refOf(view.workloadOf(pod));
      return [
        {
          kind: 'oom',
          level: 'incident',
          object,
          others: [refOf(pod)],
          labels: { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container },
          since: at,
          endsAt: at + settings.oom.killedWithinMs,
          message: `container ${container} of ${refLabel(refOf(pod))} was killed for memory ${under} (restarts: ${Number(status?.restartCount) || 0})`,
          value: Number(status?.restartCount) || 0,
          usual: null,
          threshold: null,
          unit: 'count',
          query: null,
          chart: null,
        },
      ];
    },
  );
}

function rules(settings: SignalSettings): Rule[] {
  const { metrics, oom: own } = settings;
  const limits = selector(metrics.resourceLimits, 'resource="memory"');
  const killed = selector(metrics.lastTerminatedReason, 'reason="OOMKilled"');
  const recent = duration(own.killedWithinMs);
  return [
    {
      alert: 'StratusMemoryNearLimit',
      expr: `${workingSet(settings, [])}\n/ on (${BY}) max by (${BY}) (${limits} > 0)\n> ${own.usedRatio}`,
      forMs: own.forMs,
      labels: { severity: 'warning', stratus: 'oom' },
      annotations: {
        summary:
          'Container {{ $labels.container }} of {{ $labels.namespace }}/{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory limit',
        description: `More than ${amountText(own.usedRatio, 'ratio')} for ${duration(own.forMs)}: it is killed at 100 %.`,
      },
    },
    {
      alert: 'StratusOOMKilled',
      expr: [
        `max by (${BY}) (${killed}) > 0`,
        `and on (${BY}) max by (${BY}) (increase(${metrics.containerRestarts}[${recent}])) > 0`,
      ].join('\n'),
      labels: { severity: 'critical', stratus: 'oom' },
      annotations: {
        summary: 'Container {{ $labels.container }} of {{ $labels.namespace }}/{{ $labels.pod }} was killed for memory',
        description: `It was started again within the last ${recent}.`,
      },
    },
  ];
}
