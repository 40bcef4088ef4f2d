import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { ChartData, ChartMark } from '../../domain/signals.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { changedAt } from '../../kube/managed-fields.ts';
import { settingTexts } from '../../kube/named-hosts.ts';
import { revisionsOf } from '../../kube/revisions.ts';
import { workloadsTouchedBy } from '../../kube/subjects.ts';
import { oneLine } from '../../text/plain-text.ts';

/** A change at the moment at which an object was made is its making. */
const MAKING_MS = 1_000;
const MOST = 6;

/** A chart of an object with the moments at which the object's workload, or a ConfigMap that it reads, was changed. */
export function withChanges(chart: ChartData, object: ObjectRef, view: ClusterView): ChartData {
  const times = chart.lines.flatMap(({ samples }) => samples.map(({ at }) => at));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const changes = changesOf(object, view)
    .filter(({ at }) => at >= from && at <= to)
    .sort((a, b) => a.at - b.at);
  return changes.length === 0 ? chart : { ...chart, marks: [...chart.marks, ...changes.slice(-MOST)] };
}

/** When the object's workload, or a ConfigMap that it reads, was changed, as far as the cluster remembers. */
export function changesOf(object: ObjectRef, view: ClusterView): ChartMark[] {
  const own = view.find(object.kind, object.namespace, object.name);
  const workloads = workloadsTouchedBy(view, object);
  const changes = (workloads.length > 0 ? workloads : own ? [own] : []).flatMap((workload) => [
    ...templateChanges(view, workload),
    ...settingChanges(view, workload),
  ]);
  return [...new Map(changes.map((change) => [`${change.at} ${change.label}`, change])).values()];
}

/** Also a rollback: it makes an old revision current again, and when, only the fields' manager tells. */
function templateChanges(view: ClusterView, workload: KubeObject): ChartMark[] {
  const made = timeOf(workload);
  const name = `${workload.kind} ${workload.metadata.name}`;
  const revisions = revisionsOf(view, workload);
  const current = revisions.find((revision) => revision.current);
  const written = changedAt(workload, ['spec', 'template']);
  return revisions.flatMap((revision): ChartMark[] => {
    const begun = timeOf(revision.source);
    const again = revision === current && revision.earlierNumbers.length > 0;
    const at = again && written ? Math.max(begun, written.at) : begun;
    if (Number.isNaN(at) || at <= made + MAKING_MS) return [];
    return [{ kind: 'change', at, label: oneLine(`${name}, revision ${revision.number}`, 120) }];
  });
}

function settingChanges(view: ClusterView, workload: KubeObject): ChartMark[] {
  const maps = settingTexts(view, workload).flatMap(({ object }) => (object.kind === 'ConfigMap' ? [object] : []));
  return [...new Set(maps)].flatMap((map): ChartMark[] => {
    const changed = changedAt(map, ['data']);
    if (!changed || changed.at <= timeOf(map) + MAKING_MS) return [];
    return [{ kind: 'change', at: changed.at, label: oneLine(`ConfigMap ${map.metadata.name}`, 120) }];
  });
}

function timeOf({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? '');
}
