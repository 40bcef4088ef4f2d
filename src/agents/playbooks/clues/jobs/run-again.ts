import type { PlanFile } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { createFromFile } from '../../engine/changes.ts';
import { awaitsByName } from './waiters.ts';

/** What the server writes into a Job and its pods, to tell them from those of others. */
const IDENTITY = new Set([
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
]);
/** Who keeps the one that was copied does not keep the copy. */
const KEEPERS = new Set(['app.kubernetes.io/managed-by', 'helm.sh/chart', 'argocd.argoproj.io/instance']);
/** Fields that each Job gets anew, and what would hold the new one back. */
const NEWLY_GIVEN = new Set(['selector', 'manualSelector', 'suspend']);
/** Longest name of a Job: its pods bear it as a label. */
const LONGEST = 63;

/**
 * A new Job with the template of one that was given up, under a name of its own: the one that failed, its pods and logs
 * stay, and an undo takes away the new one alone. What its program does twice, or half, nobody takes back: a person has to
 * agree, whatever the autonomy.
 */
export function runAgain(view: ClusterView, job: KubeObject, confidence: number): FixDraft {
  const { namespace = '' } = job.metadata;
  const name = freeName(view, job);
  const file: PlanFile = {
    name: `job-${name}.json`,
    content: `${JSON.stringify(copyOf(job, name), null, 2)}\n`,
  };
  return {
    changes: [createFromFile(file.name, namespace)],
    files: [file],
    expects: `Job ${name} does what Job ${job.metadata.name} did not, and whoever waits for that goes on`,
    confidence,
    needsPerson: `it runs the program of Job ${job.metadata.name} once more: whether that may be done twice, or after a part of it was done, only a person can say`,
  };
}

/** Why no copy of it can run beside it, or would be of no use; null: one can. */
export function cannotRunAgain(view: ClusterView, job: KubeObject): string | null {
  const owner = controllerOf(job);
  if (owner) return `${owner.kind} ${owner.name} made it, and decides whether it runs again`;
  if (job.spec?.manualSelector === true)
    return 'its selector is its own, so that a copy would take over its pods: whoever made it has to make it anew';
  const waiter = awaitsByName(view, job);
  if (!waiter) return null;
  return `${waiter.kind} ${waiter.metadata.name} asks for Job ${job.metadata.name} by its name: whoever made it has to delete it and make it anew, if its work may be done twice`;
}

function freeName(view: ClusterView, { metadata }: KubeObject): string {
  const taken = new Set(view.all('Job', metadata.namespace).map((job) => job.metadata.name));
  const base = metadata.name.replace(/-again(?:-\d+)?$/, '').slice(0, LONGEST - '-again-99'.length);
  const names = Array.from(
    { length: taken.size + 1 },
    (_, index) => `${base}-again${index === 0 ? '' : `-${index + 1}`}`,
  );
  return names.find((name) => !taken.has(name))!;
}

function copyOf(job: KubeObject, name: string): object {
  const { template, ...all } = job.spec ?? {};
  const spec = without<unknown>(all, NEWLY_GIVEN);
  const { labels, annotations } = template?.metadata ?? {};
  const metadata = { ...given('labels', without(labels, IDENTITY)), ...given('annotations', annotations) };
  const own = without(without(job.metadata.labels, IDENTITY), KEEPERS);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: job.metadata.namespace, ...given('labels', own) },
    spec: { ...spec, template: { ...(Object.keys(metadata).length > 0 ? { metadata } : {}), spec: template?.spec } },
  };
}

function without<V>(map: Readonly<Record<string, V>> | undefined, keys: ReadonlySet<string>): Record<string, V> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.has(key)));
}

function given(field: string, map: Record<string, string> | undefined): object {
  return map && Object.keys(map).length > 0 ? { [field]: map } : {};
}
