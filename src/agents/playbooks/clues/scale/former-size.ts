import { LAST_APPLIED_FIELD } from '../../../../kube/pod-template.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, eventEvidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { appliedReplicas } from '../../../../kube/scaled-to-zero.ts';
import { revisionsOf } from '../../../../kube/revisions.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import { autoscalersOf } from '../../../../kube/scalers.ts';

/** A number of replicas that some evidence gives for a workload, and how much it is worth. */
export interface SizeClue {
  replicas: number;
  confidence: number;
  evidence: Evidence;
  /** True if it shows that the workload itself ran. */
  ran: boolean;
}

/** Former sizes of a Deployment or StatefulSet that is at 0, best evidence first. */
export function formerSizes(view: ClusterView, workload: KubeObject): SizeClue[] {
  const clues = [
    ...(workload.kind === 'Deployment' ? scalingEvents(view, workload) : podEvents(view, workload)),
    ...applied(workload),
    ...autoscaler(view, workload),
    ...(workload.kind === 'Deployment' ? replicaSetAnnotations(view, workload) : claims(view, workload)),
    ...siblings(view, workload),
  ];
  return clues.filter((clue) => clue.replicas > 0);
}

const SCALED = /^Scaled (up|down) replica set (\S+)(?: from (\d+))? to (\d+)(?: from (\d+))?/;

/**
 * `Scaled down replica set web-7d4 from 3 to 0`; older servers write `to 0 from 3` or only `to 0`. The ReplicaSet of the
 * current template counts most: old ones also shrink to 0, in every rollout.
 */
function scalingEvents(view: ClusterView, workload: KubeObject): SizeClue[] {
  const current = revisionsOf(view, workload).find((revision) => revision.current)?.source.metadata.name;
  const clues = view.eventsOf(workload, true).flatMap((event) => {
    const match = event.reason === 'ScalingReplicaSet' ? SCALED.exec(event.message) : null;
    if (!match) return [];
    const [, direction, set, fromA, to, fromB] = match;
    const replicas = direction === 'down' ? (Number(to) === 0 ? Number(fromA ?? fromB ?? 0) : 0) : Number(to);
    const ofCurrent = current === undefined || set === current;
    const confidence = (direction === 'down' ? 0.95 : 0.85) - (ofCurrent ? 0 : 0.3);
    return { replicas, confidence, evidence: eventEvidence(event, workload), ran: true };
  });
  // Sorting is stable and events come newest first: the last scaling of the current ReplicaSet leads.
  return clues.sort((a, b) => b.confidence - a.confidence);
}

function podEvents(view: ClusterView, workload: KubeObject): SizeClue[] {
  const start = Number(workload.spec?.ordinals?.start ?? 0);
  const prefix = `${workload.metadata.name}-`;
  let best: SizeClue[] = [];
  for (const event of view.eventsOf(workload, true)) {
    const pod = /\bPod (\S+) in StatefulSet\b/.exec(event.message)?.[1];
    const ordinal = pod?.startsWith(prefix) ? Number(pod.slice(prefix.length)) : NaN;
    if (!Number.isInteger(ordinal) || !/^Successful(Delete|Create)$/.test(event.reason)) continue;
    const replicas = ordinal - start + 1;
    if (replicas <= (best[0]?.replicas ?? 0)) continue;
    best = [{ replicas, confidence: 0.93, evidence: eventEvidence(event, workload), ran: true }];
  }
  return best;
}

function applied(workload: KubeObject): SizeClue[] {
  const replicas = appliedReplicas(workload);
  if (replicas === null) return [];
  const text = `the configuration last applied asks for ${replicas} replicas`;
  return [
    { replicas, confidence: 0.9, evidence: evidence('revision', workload, LAST_APPLIED_FIELD, text), ran: false },
  ];
}

function autoscaler(view: ClusterView, workload: KubeObject): SizeClue[] {
  return autoscalersOf(workload, view.snapshot).map((object) => {
    const replicas = Number(object.spec?.minReplicas ?? 1);
    const text = `its autoscaler ${object.metadata.name} keeps at least ${replicas} replicas, and is off while it is at 0`;
    return { replicas, confidence: 0.85, evidence: evidence('sibling', object, 'spec.minReplicas', text), ran: false };
  });
}

function replicaSetAnnotations(view: ClusterView, workload: KubeObject): SizeClue[] {
  return revisionsOf(view, workload).flatMap(({ source }) => {
    const replicas = Number(source.metadata.annotations?.['deployment.kubernetes.io/desired-replicas'] ?? 0);
    if (!Number.isInteger(replicas) || replicas <= 0) return [];
    const field = 'metadata.annotations["deployment.kubernetes.io/desired-replicas"]';
    const text = `ReplicaSet ${source.metadata.name} remembers a size of ${replicas}`;
    return { replicas, confidence: 0.75, evidence: evidence('revision', source, field, text), ran: true };
  });
}

/** Claims of a StatefulSet's pods stay when it is scaled down, so the highest one tells how many there were. */
function claims(view: ClusterView, workload: KubeObject): SizeClue[] {
  const start = Number(workload.spec?.ordinals?.start ?? 0);
  let highest = -1;
  let found: KubeObject | null = null;
  for (const template of (workload.spec?.volumeClaimTemplates ?? []) as KubeObject[]) {
    const prefix = `${template.metadata?.name}-${workload.metadata.name}-`;
    for (const claim of view.all('PersistentVolumeClaim', workload.metadata.namespace)) {
      const { name } = claim.metadata;
      const ordinal = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : NaN;
      if (Number.isInteger(ordinal) && ordinal > highest) [highest, found] = [ordinal, claim];
    }
  }
  if (!found) return [];
  const replicas = highest - start + 1;
  const text = `claim ${found.metadata.name} was made for replica ${highest}`;
  return [{ replicas, confidence: 0.7, evidence: evidence('sibling', found, 'metadata.name', text), ran: true }];
}

/** The most frequent size among workloads of the same kind in the namespace. */
function siblings(view: ClusterView, workload: KubeObject): SizeClue[] {
  const others = view
    .all(workload.kind, workload.metadata.namespace)
    .filter((other) => other !== workload && (desiredReplicas(other) ?? 0) > 0);
  const counts = new Map<number, KubeObject[]>();
  for (const other of others) {
    const size = desiredReplicas(other)!;
    counts.set(size, [...(counts.get(size) ?? []), other]);
  }
  const [best] = [...counts].sort((a, b) => b[1].length - a[1].length || a[0] - b[0]);
  if (!best) return [];
  const [replicas, like] = best;
  const text = `${like.length} of ${others.length} other ${workload.kind}s here run ${replicas}, e.g. ${like[0]!.metadata.name}`;
  return [{ replicas, confidence: 0.5, evidence: evidence('sibling', like[0]!, 'spec.replicas', text), ran: false }];
}
