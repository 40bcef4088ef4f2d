import type { Json } from '../../json/json.ts';
import { sameJson } from '../../json/same-json.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Effect } from './effect.ts';
import { oneWay, staysBehind, unknown } from './effect.ts';
import type { ClusterFacts } from './facts.ts';
import { hasCondition } from './looks/history.ts';

const REVISION = 'controller-revision-hash';
/** `NAME-ORDINAL` */
const ORDINAL = /-(\d+)$/;

/**
 * Amid a rollout the pods that serve may be of an earlier revision. Controllers make pods of the present template only, so
 * that nothing brings those back which stop now: where the new ones never become ready, whoever was served is not served
 * after the undo either.
 * @param to number of pods that is left; the fate of single pods is known of StatefulSets alone
 * @param meant whether making way for the new pods is what the change is for: then it is named, as a rollout could not go on without
 */
export async function earlierPodsGo(
  workload: KubeObject,
  ref: ObjectRef,
  to: number,
  facts: ClusterFacts,
  meant = false,
): Promise<Effect[]> {
  if (rolloutEnded(workload) || (to > 0 && ref.kind !== 'StatefulSet')) return [];
  const pods = await facts.list('v1', 'Pod', ref.namespace);
  const revisions = pods && (await earlierRevisions(workload, pods, facts));
  if (!revisions) return [unknown('whether pods of an earlier revision serve could not be read')];
  const gone = revisions.filter((pod) => isReady(pod) && goesBelow(workload, pod, to));
  if (gone.length === 0) return [];
  const [first] = gone;
  const names = `${first!.metadata.name}${gone.length > 1 ? ` and ${gone.length - 1} more` : ''}`;
  const text = `its rollout has not ended: ${names} of an earlier revision ${gone.length > 1 ? 'serve' : 'serves'}, and only pods of the present template would come back`;
  return [meant ? staysBehind(text, ref, ['Pod']) : oneWay(`${text}; end the rollout first, or take it back`)];
}

/** All pods that its controller counts are of the template that it has. */
function rolloutEnded({ kind, metadata, status = {} }: KubeObject): boolean {
  if (Number(status.observedGeneration ?? 0) < Number(metadata.generation ?? 0)) return false;
  if (kind === 'DaemonSet')
    return Number(status.updatedNumberScheduled ?? 0) >= Number(status.currentNumberScheduled ?? 0);
  if (kind === 'StatefulSet' && status.currentRevision === status.updateRevision) return true;
  if (kind === 'Deployment' || kind === 'StatefulSet')
    return Number(status.updatedReplicas ?? 0) >= Number(status.replicas ?? 0);
  // A ReplicaSet has one revision as far as anybody can tell.
  return true;
}

/** Undefined where what tells the revisions apart cannot be read. */
async function earlierRevisions(
  workload: KubeObject,
  pods: readonly KubeObject[],
  facts: ClusterFacts,
): Promise<KubeObject[] | undefined> {
  const { uid, namespace } = workload.metadata;
  const isOf = (object: KubeObject, owner: string | undefined) =>
    object.metadata.ownerReferences?.some((each) => each.controller && each.uid === owner) ?? false;
  if (workload.kind === 'Deployment') {
    const sets = await facts.list('apps/v1', 'ReplicaSet', namespace);
    const earlier = sets?.filter((set) => isOf(set, uid) && !sameJson(templateOf(set), templateOf(workload)));
    return earlier && pods.filter((pod) => earlier.some((set) => isOf(pod, set.metadata.uid)));
  }
  const present = workload.status?.updateRevision ?? (await newestRevision(workload, facts));
  if (present === undefined) return undefined;
  return pods.filter((pod) => isOf(pod, uid) && pod.metadata.labels?.[REVISION] !== present);
}

/** The hash of a DaemonSet's newest revision, as its pods carry it. */
async function newestRevision({ metadata }: KubeObject, facts: ClusterFacts): Promise<unknown> {
  const all = await facts.list('apps/v1', 'ControllerRevision', metadata.namespace);
  const mine = all?.filter((one) => one.metadata.ownerReferences?.some((owner) => owner.uid === metadata.uid));
  return mine?.sort((a, b) => Number(b.revision) - Number(a.revision))[0]?.metadata.labels?.[REVISION];
}

/** Pods below the partition are made of the earlier revision again. */
function goesBelow({ kind, spec }: KubeObject, pod: KubeObject, to: number): boolean {
  if (kind !== 'StatefulSet') return true;
  const ordinal = Number(ORDINAL.exec(pod.metadata.name)?.[1] ?? Number.NaN);
  const left = Number(spec?.ordinals?.start ?? 0) + to;
  return !(ordinal < left) && !(ordinal < Number(spec?.updateStrategy?.rollingUpdate?.partition ?? 0));
}

function isReady(pod: KubeObject): boolean {
  return !pod.metadata.deletionTimestamp && hasCondition(pod, 'Ready');
}

/** Of a Deployment or its ReplicaSet, without the label that the controller adds. */
export function templateOf({ spec }: KubeObject): Json {
  const { metadata, ...rest } = spec?.template ?? {};
  const labels = Object.entries(metadata?.labels ?? {}).filter(([key]) => key !== 'pod-template-hash');
  return {
    ...rest,
    metadata: { annotations: metadata?.annotations ?? {}, labels: Object.fromEntries(labels) },
  } as Json;
}
