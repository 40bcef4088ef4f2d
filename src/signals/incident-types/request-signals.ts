import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import type { Signal } from '../../domain/signals.ts';
import { own } from '../../json/json-map.ts';
import { oneLine } from '../../text/plain-text.ts';

/** The object, else what telemetry calls it. */
export function namedBy(object: ObjectRef | null, labels: Readonly<Record<string, string>>): string {
  if (object) return refLabel(object);
  const name = ['service_name', 'service', 'job', 'instance'].map((label) => own(labels, label)).find(Boolean);
  return oneLine(name ?? 'a service without a name', 120);
}

/** Of several kinds of metrics that speak of one object the gravest stands, then the earliest. */
export function bestPerObject(signals: readonly Signal[]): Signal[] {
  const best = new Map<string, Signal>();
  for (const signal of signals) {
    const key = signal.object ? refKey(signal.object) : namedBy(null, signal.labels);
    const other = best.get(key);
    if (!other || isGraver(signal, other)) best.set(key, signal);
  }
  return [...best.values()];
}

function isGraver(a: Signal, b: Signal): boolean {
  if (a.level !== b.level) return a.level === 'incident' || (a.level === 'early' && b.level === 'forecast');
  return a.since < b.since;
}
