import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel, refOf } from '../../domain/kube-object.ts';
import type { ConversionReads } from './conversion.ts';
import { hasEnded, isBare } from './pod-ownership.ts';
import { controllerOf } from '../../kube/ownership.ts';
import { hasMutableTemplate } from '../../kube/pod-template.ts';
import { isReady } from '../../kube/pods.ts';

/** What becomes of the pods of one deletion. */
export interface PodsReplacement {
  commands: string[][];
  /** Pods whose own deletion is the best there is: their controller brings an equal one. */
  keep: KubeObject[];
  reasons: string[];
  refused: string | null;
}

/**
 * Pods of a workload may go one by one, but all of them at once is an outage: that becomes a rolling restart. A pod
 * without a controller is taken out of the Services that select it, so that it serves nobody and can be looked at.
 */
export async function replacePods(pods: KubeObject[], reads: ConversionReads): Promise<PodsReplacement> {
  const result: PodsReplacement = { commands: [], keep: [], reasons: [], refused: null };
  for (const pod of pods.filter(isBare)) {
    const namespace = pod.metadata.namespace!;
    const keys = selectingKeys(pod, await reads.list({ apiVersion: 'v1', kind: 'Service' }, namespace));
    if (keys.length === 0) {
      result.refused = `${refLabel(refOf(pod))} has no controller that brings it back, and no Service selects it: deleting it needs a person`;
      return result;
    }
    result.commands.push(['label', 'pod', pod.metadata.name, '-n', namespace, ...keys.map((key) => `${key}-`)]);
    result.reasons.push(
      `no controller brings ${refLabel(refOf(pod))} back; without its labels no Service sends it requests`,
    );
  }
  const owned = pods.filter((pod) => !isBare(pod));
  for (const [workload, members] of await byWorkload(owned, reads)) {
    const restart = members.length > 1 && members.some(isReady) && (await coversAll(workload, members, reads));
    if (!restart) {
      result.keep.push(...members);
      continue;
    }
    const { kind, name, namespace } = workload;
    result.commands.push(['rollout', 'restart', `${kind.toLowerCase()}/${name}`, '-n', namespace]);
    result.reasons.push(
      `all ${members.length} pods of ${kind} ${name} at once is an outage; a restart replaces them in order`,
    );
  }
  return result;
}

interface Workload {
  kind: string;
  name: string;
  namespace: string;
}

async function byWorkload(pods: KubeObject[], reads: ConversionReads): Promise<[Workload, KubeObject[]][]> {
  const groups = new Map<string, [Workload, KubeObject[]]>();
  for (const pod of pods) {
    const workload = await workloadOf(pod, reads);
    const key = JSON.stringify(workload);
    const group = groups.get(key) ?? [workload, []];
    group[1].push(pod);
    groups.set(key, group);
  }
  return [...groups.values()];
}

async function workloadOf(pod: KubeObject, reads: ConversionReads): Promise<Workload> {
  const namespace = pod.metadata.namespace!;
  const owner = controllerOf(pod)!;
  if (owner.kind !== 'ReplicaSet') return { kind: owner.kind, name: owner.name, namespace };
  const set = await reads.get({ apiVersion: owner.apiVersion, kind: owner.kind, namespace, name: owner.name });
  const above = set && controllerOf(set);
  return { kind: above?.kind ?? owner.kind, name: above?.name ?? owner.name, namespace };
}

async function coversAll(workload: Workload, members: KubeObject[], reads: ConversionReads): Promise<boolean> {
  const { kind, name, namespace } = workload;
  if (!hasMutableTemplate(workload)) return false;
  const object = await reads.get({ apiVersion: 'apps/v1', kind, namespace, name });
  // kubectl refuses to restart what is paused.
  if (!object || object.spec?.paused) return false;
  const named = new Set(members.map((pod) => pod.metadata.name));
  const alive = (await reads.list({ apiVersion: 'v1', kind: 'Pod' }, namespace)).filter(
    (pod) => !isBare(pod) && !hasEnded(pod) && !pod.metadata.deletionTimestamp,
  );
  for (const pod of alive) {
    if (named.has(pod.metadata.name)) continue;
    const other = await workloadOf(pod, reads);
    if (other.kind === kind && other.name === name) return false;
  }
  return true;
}

/** One label of each Service's selector that matches the pod: without it the Service selects it no more. */
function selectingKeys(pod: KubeObject, services: KubeObject[]): string[] {
  const labels = pod.metadata.labels ?? {};
  const keys = new Set<string>();
  for (const service of services) {
    const selector = Object.entries((service.spec?.selector ?? {}) as Record<string, string>);
    const [first] = selector;
    if (!first || !selector.every(([key, value]) => labels[key] === value)) continue;
    if (!selector.some(([key]) => keys.has(key))) keys.add(first[0]);
  }
  return [...keys];
}
