import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey, refOf } from '../../domain/kube-object.ts';
import type { Signal } from '../../domain/signals.ts';
import type { Alert } from '../../domain/telemetry.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import type { ScopedAlert } from '../alerts/alert-items.ts';
import { own } from '../../json/json-map.ts';
import { INCIDENT_TYPES } from './incident-types.ts';

/** An alert with the signals that say the same of the same object. */
export interface FoldedAlert {
  alert: Alert;
  signals: Signal[];
}

/**
 * Signals for which an alert of the same meaning is installed and fires: they are its evidence, not further incidents. What is
 * left stands for itself. The same meaning have our own rules (label `stratus`), and alerts of well-known names.
 */
export function foldInstalled(
  signals: readonly Signal[],
  alerts: readonly ScopedAlert[],
  view: ClusterView,
): { kept: Signal[]; folded: FoldedAlert[] } {
  const folded = new Map<Alert, Signal[]>();
  const kept = signals.filter((signal) => {
    const found = alerts.find(
      ({ alert, objects }) => alert.state === 'firing' && meansSame(alert, signal) && overlap(objects, signal, view),
    );
    if (found) folded.set(found.alert, [...(folded.get(found.alert) ?? []), signal]);
    return !found;
  });
  return { kept, folded: [...folded].map(([alert, list]) => ({ alert, signals: list })) };
}

function meansSame({ name, labels }: Alert, { kind }: Signal): boolean {
  const told = own(labels, 'stratus');
  if (told) return told === kind;
  return INCIDENT_TYPES.some((type) => type.kind === kind && type.sameMeaning.test(name));
}

/** Pods and the Service of a workload are what it is. */
function overlap(objects: readonly ObjectRef[], signal: Signal, view: ClusterView): boolean {
  const keys = (ref: ObjectRef): string[] => {
    const object = view.find(ref.kind, ref.namespace, ref.name);
    const behind = object?.kind === 'Service' ? view.workloadsBehind(object).map((one) => refKey(refOf(one))) : [];
    return [refKey(ref), ...(object?.kind === 'Pod' ? [refKey(refOf(view.workloadOf(object)))] : behind)];
  };
  const meant = new Set([...(signal.object ? [signal.object] : []), ...signal.others].flatMap(keys));
  return objects.flatMap(keys).some((key) => meant.has(key));
}
