import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { templateText } from './pod-template.ts';
import type { Untyped } from './pod-template.ts';
import { isReady } from './pods.ts';

export const REVISION = 'deployment.kubernetes.io/revision';

export function revisionOf(object: KubeObject): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0);
}

/** A pod template the workload has or had, as its controller keeps it. */
export interface Revision {
  /** What `kubectl rollout undo --to-revision` calls it. */
  number: number;
  /** Numbers under which the same template was known before. */
  earlierNumbers: number[];
  template: Untyped;
  current: boolean;
  readyPods: number;
  /** ReplicaSet or ControllerRevision. */
  source: KubeObject;
}

/** Revisions of a Deployment, StatefulSet or DaemonSet, newest first; empty for other kinds. */
export function revisionsOf(view: ClusterView, workload: KubeObject): readonly Revision[] {
  return view.derived(readRevisions, workload);
}

function readRevisions(view: ClusterView, workload: KubeObject): Revision[] {
  const list =
    workload.kind === 'Deployment'
      ? deploymentRevisions(view, workload)
      : workload.kind === 'StatefulSet' || workload.kind === 'DaemonSet'
        ? controllerRevisions(view, workload)
        : [];
  return list.sort((a, b) => b.number - a.number);
}

/**
 * Revisions that ran before the current template, newest first. One that was made after it was given up again for it, by a
 * rollback or an undo: it counts only while pods of it are ready.
 */
export function earlierRevisions(view: ClusterView, workload: KubeObject): Revision[] {
  const revisions = revisionsOf(view, workload);
  const current = revisions.find((revision) => revision.current);
  const isLater = (revision: Revision) => current !== undefined && madeAt(revision) > madeAt(current);
  return revisions.filter((revision) => !revision.current && (revision.readyPods > 0 || !isLater(revision)));
}

function madeAt({ source }: Revision): number {
  return Date.parse(source.metadata.creationTimestamp ?? '');
}

function deploymentRevisions(view: ClusterView, workload: KubeObject): Revision[] {
  const now = templateText(workload.spec?.template);
  return view.ownedBy(workload, 'ReplicaSet').flatMap((source) => {
    const { annotations } = source.metadata;
    const number = Number(annotations?.['deployment.kubernetes.io/revision']);
    if (!Number.isInteger(number) || number <= 0 || !source.spec?.template?.spec) return [];
    const history = annotations?.['deployment.kubernetes.io/revision-history'] ?? '';
    return {
      number,
      earlierNumbers: history
        .split(',')
        .map(Number)
        .filter((earlier) => Number.isInteger(earlier) && earlier > 0),
      template: source.spec.template,
      current: templateText(source.spec.template) === now,
      readyPods: Number(source.status?.readyReplicas ?? 0),
      source,
    };
  });
}

function controllerRevisions(view: ClusterView, workload: KubeObject): Revision[] {
  const now = templateText(workload.spec?.template);
  const pods = view.podsOf(workload).filter(isReady);
  return view.ownedBy(workload, 'ControllerRevision').flatMap((source) => {
    const template = source['data']?.spec?.template;
    const number = Number(source['revision']);
    if (!template?.spec || !Number.isInteger(number)) return [];
    return {
      number,
      earlierNumbers: [],
      template,
      current: templateText(template) === now,
      readyPods: pods.filter((pod) => isOfRevision(pod, source)).length,
      source,
    };
  });
}

/** True if a StatefulSet's or DaemonSet's pod was made from this ControllerRevision. */
export function isOfRevision(pod: KubeObject, revision: KubeObject): boolean {
  const hash = pod.metadata.labels?.['controller-revision-hash'];
  if (!hash) return false;
  const { name, labels } = revision.metadata;
  return hash === name || hash === labels?.['controller-revision-hash'] || name.endsWith(`-${hash}`);
}
