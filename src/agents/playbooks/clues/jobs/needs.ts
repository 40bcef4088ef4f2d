import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { changedAt, lastChange } from '../../../../kube/managed-fields.ts';
import { namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { condition, isReady } from '../../../../kube/pods.ts';
import { evidence } from '../../engine/analyzer.ts';
import { lacksSomething } from '../former/would-fail-again.ts';

/** What a Job that was given up needed, as it is by now. */
export interface JobNeeds {
  /** Changed, made, or ready since its last pod started: what it failed of may be over. */
  since: { object: KubeObject; words: string[]; text: string }[];
  /** What would still be missing, for people; null: nothing that can be told. */
  lacking: string | null;
}

/**
 * @param since when its last pod started, milliseconds since the epoch: what it read, it read then
 */
export function jobNeeds(view: ClusterView, job: KubeObject, since: number): JobNeeds {
  const { namespace } = job.metadata;
  const spec = podTemplateOf(job)?.spec;
  const needs: JobNeeds = { since: [], lacking: null };
  for (const { kind, name, key } of configReferences(spec)) {
    const object = view.find(kind, namespace, name);
    if (!object) continue;
    const change = (key !== null && changedAt(object, ['data', key])) || lastChange(object);
    if (!change || !(change.at > since)) continue;
    const isNew = Date.parse(object.metadata.creationTimestamp ?? '') > since;
    const who = change.by ? ` by ${change.by}` : '';
    const what = isNew ? 'was made' : `${key === null ? 'was changed' : `has its ${key} changed`}`;
    add(needs, object, [name, ...(key === null ? [] : [key])], `${kind} ${name} ${what} at ${timeOf(change.at)}${who}`);
  }
  for (const { from, host, address } of namedHosts(view)) {
    const meant = from === job && (address || host.includes('.svc')) ? serviceMeant(view, host, namespace) : null;
    if (!meant || !view.inScope(meant.namespace) || !view.known('Service')) continue;
    const service = view.find('Service', meant.namespace, meant.name);
    if (!service) {
      // A mere word is no address of a Service that has to exist.
      if (meant.qualified || isPorted(view, job, host))
        needs.lacking ??= `Service ${meant.name}, which it asks, does not exist`;
      continue;
    }
    const came = view.podsBehind(service).map(readySince);
    if (view.podsBehind(service).length > 0 && came.every((at) => at === null))
      needs.lacking ??= `no pod behind Service ${meant.name}, which it asks, is ready`;
    const first = Math.min(...came.map((at) => at ?? Infinity));
    const edited = changedAt(service, ['spec'])?.at ?? Date.parse(service.metadata.creationTimestamp ?? '');
    if (edited > since) add(needs, service, [host], `Service ${meant.name} was changed at ${timeOf(edited)}`);
    else if (first > since && first < Infinity)
      add(needs, service, [host], `the first pod behind Service ${meant.name} is ready since ${timeOf(first)}`);
  }
  if (lacksSomething(view, namespace, spec)) needs.lacking ??= 'something that its pods name does not exist';
  return needs;
}

function add({ since }: JobNeeds, object: KubeObject, words: string[], text: string): void {
  if (!since.some((other) => other.object === object)) since.push({ object, words, text });
}

function isPorted(view: ClusterView, job: KubeObject, host: string): boolean {
  return namedHosts(view).some((each) => each.from === job && each.host === host && each.port !== null);
}

/** Null for one that is not. */
function readySince(pod: KubeObject): number | null {
  if (!isReady(pod)) return null;
  const at = Date.parse(condition(pod, 'Ready')?.lastTransitionTime ?? '');
  return Number.isNaN(at) ? 0 : at;
}

export function needsEvidence({ since }: JobNeeds): Evidence[] {
  return since.slice(0, 4).map(({ object, text }) => evidence('revision', object, null, `${text}, after its last try`));
}

const timeOf = (at: number): string => new Date(at).toISOString();
