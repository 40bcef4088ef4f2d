import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { eachOf, isLost, staysBehind, unknown } from '../effect.ts';
import type { ClusterFacts } from '../facts.ts';
import type { Look } from './look.ts';

const DEFAULT_REVISIONS = 10;

/** A lowered limit deletes what is kept beyond it (deployment, history and cronjob controllers). */
export const lookAtHistory: Look = ({ before, after }, facts) =>
  after.kind === 'CronJob' ? jobsBeyond(before, after, facts) : prunedBy(before, after, 0, facts);

/** Annotations of a Deployment that its ReplicaSet keeps when they are taken away again. */
export const lookAtCopies: Look = async ({ ref, before, what }, facts) => {
  const all = await facts.metadata('apps/v1', 'ReplicaSet', ref.namespace);
  if (!all) return [unknown('to which ReplicaSet annotations are copied could not be read')];
  const { uid } = before.metadata;
  const mine = all.filter(({ metadata }) =>
    metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid),
  );
  const number = ({ metadata }: (typeof mine)[number]) =>
    Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
  const newest = Math.max(...mine.map(number));
  const inUse = mine.filter((one) => number(one) === newest);
  return inUse.length === 0 ? [staysBehind(what, ref, ['ReplicaSet'])] : inUse.map((one) => staysBehind(what, one.ref));
};

/**
 * Revisions that the controller deletes once the object is as in `after`.
 * @param added revisions that the change itself adds to the history
 */
export async function prunedBy(
  before: KubeObject,
  after: KubeObject,
  added: number,
  facts: ClusterFacts,
): Promise<Effect[]> {
  const kept = await keptRevisions(before, facts);
  if (kept === undefined) return [unknown(`which revisions ${refLabel(refOf(before))} keeps could not be read`)];
  const limit = Number(after.spec?.revisionHistoryLimit ?? DEFAULT_REVISIONS);
  const victims = kept.slice(0, Math.max(0, kept.length + added - limit));
  return eachOf(victims, false, (names) => `revisions beyond the limit of ${limit} are deleted: ${names}`);
}

/** Old revisions without the one in use, oldest first. */
async function keptRevisions(workload: KubeObject, facts: ClusterFacts): Promise<ObjectRef[] | undefined> {
  const { namespace, uid } = workload.metadata;
  const isDeployment = workload.kind === 'Deployment';
  const all = await facts.list('apps/v1', isDeployment ? 'ReplicaSet' : 'ControllerRevision', namespace);
  if (!all) return undefined;
  const mine = all.filter((object) =>
    object.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid),
  );
  const number = (object: KubeObject) =>
    isDeployment
      ? Number(object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)
      : Number(object.revision ?? 0);
  const inUse = new Set([workload.status?.currentRevision, workload.status?.updateRevision]);
  const newest = mine.reduce((max, object) => Math.max(max, number(object)), 0);
  const old = mine.filter((object) =>
    isDeployment
      ? Number(object.spec?.replicas ?? 0) === 0 &&
        Number(object.status?.replicas ?? 0) === 0 &&
        number(object) < newest
      : !inUse.has(object.metadata.name) && number(object) < newest,
  );
  return old.sort((a, b) => number(a) - number(b)).map(refOf);
}

/** Finished jobs of a CronJob beyond its two limits, oldest first. */
async function jobsBeyond(before: KubeObject, after: KubeObject, facts: ClusterFacts): Promise<Effect[]> {
  const jobs = await facts.list('batch/v1', 'Job', before.metadata.namespace);
  if (!jobs) return [unknown('which finished jobs it keeps could not be read')];
  const { uid } = before.metadata;
  const mine = jobs
    .filter((job) => job.metadata.ownerReferences?.some((owner) => owner.uid === uid))
    .sort((a, b) => String(a.status?.startTime ?? '').localeCompare(String(b.status?.startTime ?? '')));
  const ended = (type: string) => mine.filter((job) => hasCondition(job, type));
  const beyond = (type: string, field: string, usual: number) => {
    const all = ended(type);
    return all.slice(0, Math.max(0, all.length - Number(after.spec?.[field] ?? usual)));
  };
  const victims = [
    ...beyond('Complete', 'successfulJobsHistoryLimit', 3),
    ...beyond('Failed', 'failedJobsHistoryLimit', 1),
  ];
  const gone = victims.map(refOf);
  return [
    ...eachOf(gone, false, (names) => `finished jobs beyond the limit are deleted with their pods: ${names}`),
    ...gone.map((job) => isLost('the pods of finished jobs go with them', job, ['Pod'])),
  ];
}

export function hasCondition(object: KubeObject, type: string): boolean {
  const conditions = (object.status?.conditions ?? []) as Array<{ type: string; status: string }>;
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}
