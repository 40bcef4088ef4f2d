import type { ObjectRef } from '../domain/kube-object.ts';
import type { SeverityItem } from '../domain/severity.ts';
import type { SignalSettings } from '../domain/signal-settings.ts';
import type { Signal, SignalKind, SignalReading } from '../domain/signals.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { isLiving } from '../kube/pods.ts';
import type { Moving } from './health-findings.ts';

/** A signal of which it is known what it is about. */
export type PlacedSignal = Signal & { object: ObjectRef };

/** The kubelet measures volumes once a minute, and probes run as often. */
const SELDOM_MS = 60_000;

/** Signals about objects of the scope: of nodes those that run its pods. */
export function placedIn(view: ClusterView, namespaces: readonly string[], signals: readonly Signal[]): PlacedSignal[] {
  const isIn = ({ kind, namespace, name }: ObjectRef): boolean =>
    kind === 'Node' ? runsPods(view, namespaces, name) : namespace === undefined || namespaces.includes(namespace);
  return signals.filter((signal): signal is PlacedSignal => signal.object !== null && isIn(signal.object));
}

function runsPods(view: ClusterView, namespaces: readonly string[], node: string): boolean {
  return view
    .all('Pod')
    .some((pod) => isLiving(pod) && pod.spec?.nodeName === node && namespaces.includes(pod.metadata.namespace ?? ''));
}

/** One item for each type and object, however its numbers change. */
export function itemOfSignal({ kind, object, others, message, since }: PlacedSignal): SeverityItem {
  return {
    source: 'signal',
    object,
    what: kind,
    grade: 1,
    message,
    since,
    ...(others.length > 0 ? { subjects: others } : {}),
  };
}

/** Of a signal that has not held for as long as it has to; null for what will not become one by holding. */
export function pendingItem(signal: PlacedSignal, lagMs: number): Moving | null {
  const { firesAt, level } = signal;
  if (level !== 'early' || firesAt === undefined) return null;
  const item = itemOfSignal(signal);
  return { ...item, message: `${item.message} (pending)`, until: firesAt + lagMs };
}

/** Of incident types by what they look at. */
const LOOKED_AT: Readonly<Partial<Record<SignalKind, string>>> = {
  oom: 'memory',
  latency: 'latency',
  errors: 'failed requests',
  disk: 'room on disks',
  certificate: 'certificates',
};

/** Which incident types are not watched; undefined where all are. */
export function blindNote({ blind = [] }: SignalReading): string | undefined {
  const told = blind.map((kind) => LOOKED_AT[kind] ?? kind);
  return told.length > 0 ? `not watched, for no metric tells of it here: ${told.join(', ')}` : undefined;
}

/** How long it may go on after its cause is gone, in ms, beside the age of samples. */
export function lingersMs({ kind, endsAt }: Signal, now: number, { baseline }: SignalSettings): number {
  if (endsAt !== undefined) return Math.max(0, endsAt - now);
  switch (kind) {
    case 'latency':
    case 'errors':
      // A window of `rate()`, and the step to the first sample after it.
      return baseline.rateMs + baseline.stepMs;
    case 'oom':
      return baseline.stepMs;
    default:
      return 2 * SELDOM_MS;
  }
}
