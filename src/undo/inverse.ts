import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey } from '../domain/kube-object.ts';
import { claimExchangeOf } from './claim-exchange.ts';
import type { Companion, JournaledWrite } from './journaled-write.ts';
import { namesRemaker } from './consequences/remade.ts';
import { sameJson } from '../json/same-json.ts';
import type { Json } from '../json/json.ts';
import { normalise, withoutServerFields } from './normalise.ts';
import { takeBack } from './reverse-patch.ts';

/** A run of our writes on one object with nobody else's edit in between. */
export interface Edit {
  before: KubeObject;
  after: KubeObject;
}

interface Inverse {
  ref: ObjectRef;
  path: string;
  /** See {@link JournaledWrite}. */
  statusIsContent?: boolean;
}

export type InverseStep =
  /** The object was there before and after: bring back what the edits changed. */
  | (Inverse & { action: 'restore'; edits: Edit[] })
  /** We created it: delete exactly that one (uid of `created`). `merged`: it is somebody else's and stays. */
  | (Inverse & { action: 'remove'; created: KubeObject; merged: boolean })
  /** We deleted it: create it again. */
  | (Inverse & { action: 'recreate'; before: KubeObject })
  /** We deleted it and created another of the same name. */
  | (Inverse & { action: 'replace'; before: KubeObject; created: KubeObject })
  /** Deleted but owned by a controller that brings back an equal one. */
  | (Inverse & { action: 'derived'; before: KubeObject })
  /** Take back only these edits for now: its claims are exchanged while it has no pods. A restore follows. */
  | (Inverse & { action: 'pause'; edits: Edit[] })
  /** Nothing to do; it must not be there afterwards (created and deleted again by us). */
  | (Inverse & { action: 'absent' })
  | (Inverse & { action: 'companion'; companion: Companion });

/** What a transaction wrote, first touch first: one entry per object. */
export function rootsOf(writes: JournaledWrite[]): ObjectRef[] {
  const roots = new Map<string, ObjectRef>();
  for (const write of writes) if (write.outcome !== 'rejected') roots.set(refKey(write.ref), write.ref);
  return [...roots.values()];
}

/**
 * Coalesced inverse: one step per object in reverse first-touch order; objects that must be created again are ordered
 * among themselves so that what others refer to comes first. Writes of unknown outcome must have been resolved before.
 */
export function planInverse(writes: JournaledWrite[]): InverseStep[] {
  const chains = new Map<string, JournaledWrite[]>();
  for (const write of writes) {
    if (write.outcome === 'rejected') continue;
    const key = refKey(write.ref);
    chains.set(key, [...(chains.get(key) ?? []), write]);
  }
  const pauses = new Map<string, InverseStep>();
  const steps = [...chains.values()].reverse().flatMap((chain): InverseStep[] => {
    const exchange = claimExchangeOf(chain, writes);
    if (exchange) {
      const { ref, path } = chain[0]!;
      const pause: InverseStep = { action: 'pause', ref, path, edits: editsOf(exchange.since) };
      for (const claim of exchange.claims) pauses.set(claim, pause);
    }
    return inverseOf(chain, exchange ? [exchange.until, exchange.since] : [chain]);
  });
  return withPauses(volumesLast(orderRecreations(steps)), pauses);
}

/**
 * A volume is taken back when the claims that the transaction made are gone: while one is bound to it, its former
 * reference would make that claim Lost under its pods.
 */
function volumesLast(steps: InverseStep[]): InverseStep[] {
  const isVolume = ({ action, ref }: InverseStep) => action === 'restore' && ref.kind === 'PersistentVolume';
  const lastClaim = steps.findLastIndex(({ ref }) => ref.kind === 'PersistentVolumeClaim');
  const [head, tail] = [steps.slice(0, lastClaim + 1), steps.slice(lastClaim + 1)];
  return [...head.filter((step) => !isVolume(step)), ...head.filter(isVolume), ...tail];
}

/** Each pause comes right before the first of its claims. */
function withPauses(steps: InverseStep[], pauses: Map<string, InverseStep>): InverseStep[] {
  const done = new Set<InverseStep>();
  return steps.flatMap((step) => {
    const pause = pauses.get(refKey(step.ref));
    if (!pause || done.has(pause)) return [step];
    done.add(pause);
    return [pause, step];
  });
}

/** @param parts the chain; edits are not joined across its parts */
function inverseOf(chain: JournaledWrite[], parts: JournaledWrite[][]): InverseStep[] {
  const [first, last] = [chain[0]!, chain.at(-1)!];
  const { statusIsContent } = first;
  const at = { ref: first.ref, path: first.path, ...(statusIsContent ? { statusIsContent } : {}) };
  const companions: InverseStep[] = firstCompanions(chain).map((companion) => ({
    action: 'companion',
    ref: companion.ref,
    path: companion.path,
    companion,
  }));
  const created = last.after;
  if (!first.before)
    return created
      ? [{ ...at, action: 'remove', created, merged: first.merged ?? false }, ...companions]
      : [{ ...at, action: 'absent' }, ...companions];
  const deletion = chain.findIndex((write) => write.after === null);
  if (deletion < 0) return [{ ...at, action: 'restore', edits: parts.flatMap(editsOf) }, ...companions];
  // Whatever others changed between our edits and our deletion is kept: only our edits are taken back.
  const before = takeBackEdits(editsOf(chain.slice(0, deletion)), chain[deletion]!.before!, statusIsContent);
  if (created) return [{ ...at, action: 'replace', before, created }, ...companions];
  if (namesRemaker(before)) return [{ ...at, action: 'derived', before }, ...companions];
  return [{ ...at, action: 'recreate', before }, ...companions];
}

function firstCompanions(chain: JournaledWrite[]): Companion[] {
  const seen = new Map<string, Companion>();
  for (const companion of chain.flatMap((write) => write.companions)) {
    const key = `${refKey(companion.ref)} ${companion.field.join('.')}`;
    if (!seen.has(key)) seen.set(key, companion);
  }
  return [...seen.values()];
}

function editsOf(chain: JournaledWrite[]): Edit[] {
  const edits: Edit[] = [];
  const keep = chain[0]?.statusIsContent;
  for (const { before, after } of chain) {
    if (!before || !after) continue;
    const previous = edits.at(-1);
    if (previous && sameJson(normalise(previous.after, keep), normalise(before, keep))) previous.after = after;
    else edits.push({ before, after });
  }
  return edits;
}

function takeBackEdits(edits: Edit[], live: KubeObject, keep: boolean | undefined): KubeObject {
  let value: Json = live as unknown as Json;
  for (const edit of edits.toReversed()) {
    const [before, after] = [withoutServerFields(edit.before, keep), withoutServerFields(edit.after, keep)];
    value = takeBack(before, after, value).value ?? value;
  }
  return value as unknown as KubeObject;
}

/** What others refer to is created first. */
const RECREATION_ORDER = [
  ['Namespace', 'CustomResourceDefinition', 'StorageClass', 'PriorityClass', 'IngressClass', 'RuntimeClass'],
  ['ResourceQuota', 'LimitRange', 'ServiceAccount', 'ConfigMap', 'Secret'],
  ['Role', 'ClusterRole'],
  ['RoleBinding', 'ClusterRoleBinding'],
  ['PersistentVolume'],
  ['PersistentVolumeClaim'],
  ['NetworkPolicy', 'Service', 'Endpoints', 'EndpointSlice'],
  [],
  ['Pod', 'ReplicationController', 'ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'],
  ['Ingress', 'HorizontalPodAutoscaler', 'PodDisruptionBudget'],
];

function recreationRank(kind: string): number {
  const rank = RECREATION_ORDER.findIndex((kinds) => kinds.includes(kind));
  return rank < 0 ? RECREATION_ORDER.findIndex((kinds) => kinds.length === 0) : rank;
}

/** Recreations swap places among themselves only; everything else keeps its reverse first-touch position. */
function orderRecreations(steps: InverseStep[]): InverseStep[] {
  const ordered = steps
    .filter((step) => step.action === 'recreate')
    .sort((a, b) => recreationRank(a.ref.kind) - recreationRank(b.ref.kind));
  return steps.map((step) => (step.action === 'recreate' ? ordered.shift()! : step));
}
