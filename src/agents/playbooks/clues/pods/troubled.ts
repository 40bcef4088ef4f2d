import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { Severity } from '../../../../domain/severity.ts';
import { spokenOf } from '../../../../domain/severity.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { withCallees } from '../../../../kube/callees.ts';
import { desiredReplicas, isLiving, isReady } from '../../../../kube/pods.ts';
import { subjectsOf } from '../../../../kube/subjects.ts';

/**
 * How far a workload is known to be in trouble. `unhealthy`: pods of it are not ready, or an oracle names it; `asked`: a
 * failing check asks it, or somebody whom it asks in turn; `maybe`: some check fails and does not tell whom it asks.
 */
export type Trouble = 'unhealthy' | 'asked' | 'maybe';

/** Workloads in trouble, by {@link refKey}. Those of which nothing speaks are left out. */
export function troubledWorkloads(view: ClusterView, severity: Severity): Map<string, Trouble> {
  const found = new Map<string, Trouble>();
  const workloads = view.workloads().filter((workload) => !workload.metadata.deletionTimestamp);
  const keyOf = (workload: KubeObject): string => refKey(refOf(workload));
  const items = severity.known ? severity.items : [];
  const named = new Set(items.flatMap((item) => spokenOf(item).flatMap((ref) => subjectsOf(view, ref))));
  for (const workload of workloads) {
    if (named.has(keyOf(workload)) || isShort(view, workload)) found.set(keyOf(workload), 'unhealthy');
  }
  const checks = items.filter((item) => spokenOf(item).length === 0);
  const asked = checks.flatMap(({ asks }) => {
    const service = asks && view.find('Service', asks.namespace, asks.name);
    return service ? view.workloadsBehind(service) : [];
  });
  for (const workload of withCallees(view, asked)) {
    if (!found.has(keyOf(workload))) found.set(keyOf(workload), 'asked');
  }
  if (checks.some(({ asks }) => asks === undefined) || !severity.known) {
    for (const workload of workloads) if (!found.has(keyOf(workload))) found.set(keyOf(workload), 'maybe');
  }
  return found;
}

function isShort(view: ClusterView, workload: KubeObject): boolean {
  if (desiredReplicas(workload) === 0) return false;
  return view.podsOf(workload).some((pod) => isLiving(pod) && !isReady(pod));
}
