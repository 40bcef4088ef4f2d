import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../domain/kube-object.ts';
import type { ChangedField } from '../../../kube/changed-fields.ts';
import { changedFields, overriddenFields } from '../../../kube/changed-fields.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { managersOf } from '../../../kube/managed-fields.ts';
import { controllerOf } from '../../../kube/ownership.ts';
import { lastApplied } from '../../../kube/pod-template.ts';
import type { Untyped } from '../../../kube/pod-template.ts';
import type { Revision } from '../../../kube/revisions.ts';
import { revisionsOf } from '../../../kube/revisions.ts';
import { without } from '../../../json/json-map.ts';
import { presentableValue } from '../../../text/redact.ts';
import { agoText, cleanFact, factOf } from './facts.ts';
import { flowText } from './flow-text.ts';

/** What is known to have changed in one object. */
export interface RecentChange {
  object: KubeObject;
  /** Milliseconds since the epoch; 0 where only that it changed is known. */
  at: number;
  facts: Evidence[];
}

/** What controllers make and change by themselves. */
const DERIVED = new Set(['Event', 'EndpointSlice', 'ReplicaSet', 'ControllerRevision', 'CSINode', 'Lease']);
/** Parts of the cluster that write to objects in their daily work. */
const SYSTEM =
  /^(?:kube-controller-manager|kube-scheduler|kubelet|kube-apiserver|cloud-controller-manager|kube-proxy|csi-[\w-]+|k3s|rke2|coredns|cluster-autoscaler|horizontal-pod-autoscaler|Go-http-client)$/;
/** An object's first fields are written within this time. */
const MAKING_MS = 5_000;
/** Created this long after most others: it is news. */
const LATE_MS = 30_000;
const FIELDS = 8;

/** Changes of objects in a snapshot, latest first; what is as it was made is left out. */
export function recentChanges(view: ClusterView): RecentChange[] {
  const objects = Object.keys(view.snapshot.objects)
    .filter((kind) => !DERIVED.has(kind))
    .flatMap((kind) => view.all(kind))
    .filter((object) => !controllerOf(object));
  const usual = medianCreation(objects);
  return objects
    .flatMap((object) => {
      const facts = [...revisionFacts(view, object), ...appliedFacts(object), ...managerFacts(view, object)];
      const created = Date.parse(object.metadata.creationTimestamp ?? '') || 0;
      if (facts.length === 0 && created > usual + LATE_MS)
        facts.push(
          factOf(
            'spec',
            object,
            `created ${agoText(view.now - created)} ago, later than most`,
            'metadata.creationTimestamp',
          ),
        );
      return facts.length > 0 ? [{ object, at: latestOf(view, object) || created, facts }] : [];
    })
    .sort((a, b) => b.at - a.at || (refKey(refOf(a.object)) < refKey(refOf(b.object)) ? -1 : 1));
}

/** What the last rollout of a workload changed; empty where there was one template only. */
export function revisionFacts(view: ClusterView, workload: KubeObject): Evidence[] {
  const pair = lastPair(view, workload);
  if (!pair) return [];
  const [former, current] = pair;
  const made = Date.parse(current.source.metadata.creationTimestamp ?? '');
  const ago = Number.isNaN(made) ? '' : ` (first made ${agoText(view.now - made)} ago)`;
  const head = `revision ${former.number} → ${current.number}${ago}`;
  const fields = changedFields(
    ...(presentableValue([plain(former.template), plain(current.template)]) as [unknown, unknown]),
  );
  return fields.map((field) =>
    cleanFact('revision', workload, `${head}: ${changeText(field)}`, `spec.template.${field.path}`),
  );
}

/** The template in use and the one before it. */
export function lastPair(view: ClusterView, workload: KubeObject): [Revision, Revision] | null {
  const revisions = revisionsOf(view, workload);
  const current = revisions.find((revision) => revision.current);
  const former = revisions.find((revision) => current && revision.number < current.number);
  return current && former ? [former, current] : null;
}

/** Where an object is otherwise than `kubectl apply` last sent it. */
export function appliedFacts(object: KubeObject): Evidence[] {
  if (object.kind === 'Secret') return [];
  const applied: Untyped = lastApplied(object);
  if (!applied) return [];
  const part = (one: Untyped) => ({
    ...without(one, 'apiVersion', 'kind', 'status', 'metadata'),
    metadata: { labels: one.metadata?.labels ?? {} },
  });
  const [wanted, actual] = presentableValue([part(applied), part(object)]) as [unknown, unknown];
  return overriddenFields(wanted, actual).map((field) =>
    cleanFact('revision', object, `last applied, now: ${changeText(field)}`, field.path),
  );
}

/** Who changed what of an object after it was made. */
export function managerFacts(view: ClusterView, object: KubeObject): Evidence[] {
  const created = Date.parse(object.metadata.creationTimestamp ?? '') || 0;
  return managersOf(object)
    .filter(
      ({ by, at, subresource }) => at !== null && at > created + MAKING_MS && subresource === '' && !SYSTEM.test(by),
    )
    .map(({ by, at, fields }) => {
      const own = fields.filter((field) => !field.includes('last-applied-configuration'));
      const more = own.length > FIELDS ? ` and ${own.length - FIELDS} more` : '';
      const text = `${by || 'somebody'} wrote ${own.slice(0, FIELDS).join(', ') || 'it'}${more}, last ${agoText(view.now - at!)} ago`;
      return factOf('spec', object, text, 'metadata.managedFields');
    });
}

/** Longest value that is shown whole. */
const WHOLE = 160;
/** What is left of a long text on each side of what differs. */
const AROUND = 40;

/**
 * `"geo:1" → "geo:2"`; what was not there, or is not any more, is said. Of long texts, such as a script among the arguments,
 * what differs is shown, with a little around it.
 */
export function changeText({ before, after }: ChangedField): string {
  const shown = (value: unknown) => (value === undefined ? '(none)' : flowText(value, WHOLE));
  const [were, are] =
    typeof before === 'string' && typeof after === 'string' ? parting(before, after) : [before, after];
  return `${shown(were)} → ${shown(are)}`;
}

function parting(before: string, after: string): [string, string] {
  if (Math.max(before.length, after.length) <= WHOLE) return [before, after];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const from = Math.max(0, start - AROUND);
  const piece = (text: string) => {
    const to = Math.min(text.length, text.length - end + AROUND);
    return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
  };
  return [piece(before), piece(after)];
}

function plain(template: Untyped): unknown {
  const { metadata, spec } = template ?? {};
  const labels = without(metadata?.labels ?? {}, 'pod-template-hash');
  return { metadata: { labels, annotations: metadata?.annotations ?? {} }, spec };
}

function latestOf(view: ClusterView, object: KubeObject): number {
  const written = managersOf(object)
    .filter(({ by, subresource }) => subresource === '' && !SYSTEM.test(by))
    .map(({ at }) => at ?? 0);
  const made = lastPair(view, object)?.[1].source.metadata.creationTimestamp;
  return Math.max(0, ...written, Date.parse(made ?? '') || 0);
}

function medianCreation(objects: readonly KubeObject[]): number {
  const times = objects.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') || 0).sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}
