import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { SeverityItem } from '../../../src/domain/severity.ts';
import type { SignalsNow } from '../../../src/domain/signals-now.ts';
import type { Signal, Suspect } from '../../../src/domain/signals.ts';
import type { World } from './builders.ts';

export const NOW = Date.parse('2031-05-06T07:08:09Z');
export const MINUTE = 60_000;

/** What telemetry shows where nothing is special. */
export function quietSignals(part: Partial<SignalsNow> = {}): SignalsNow {
  return {
    at: NOW,
    reading: { signals: [], unjudged: [], absent: [] },
    graph: { nodes: [], edges: [] },
    suspects: { suspects: [], unknown: null },
    waterfall: null,
    notes: [],
    ...part,
  };
}

export function signalOf(kind: Signal['kind'], object: KubeObject, part: Partial<Signal> = {}): Signal {
  return {
    kind,
    level: 'incident',
    object: refOf(object),
    others: [],
    labels: {},
    since: NOW - 5 * MINUTE,
    message: `${object.kind} ${object.metadata.name} is not as usual`,
    value: 1,
    usual: null,
    threshold: null,
    unit: 'ratio',
    query: null,
    chart: null,
    ...part,
  };
}

export const withSignals = (...signals: Signal[]): SignalsNow =>
  quietSignals({ reading: { signals, unjudged: [], absent: [] } });

/** An alert about objects; of pods it speaks as of their workload. */
export function alertOn(world: World, what: string, about: KubeObject[], pods: KubeObject[] = []): SeverityItem {
  return {
    source: 'alert',
    object: null,
    what,
    grade: 1,
    message: `${what}: it is so`,
    since: NOW - 5 * MINUTE,
    subjects: about.map(refOf),
    ...(pods.length > 0 ? { pods: pods.map(refOf) } : {}),
    key: world.random.name(),
  };
}

export function suspectOf(workload: KubeObject, pod: KubeObject | null): Suspect {
  return {
    node: { id: 'x', name: workload.metadata.name, object: refOf(workload) },
    pod: pod && refOf(pod),
    symptom: 'latency',
    score: 0.9,
    confidence: 0.95,
    lift: 8,
    message: `${workload.metadata.name} takes 600 ms itself`,
    traces: ['t1'],
  };
}
