import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { ingressBackends } from '../../../../kube/ingress-backends.ts';
import { changedAt, lastChange } from '../../../../kube/managed-fields.ts';
import type { NamedHost } from '../../../../kube/named-hosts.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { referencesTo } from '../../../../kube/references-to-service.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import type { ServicePort } from '../../../../kube/service-backends.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';

/** A port that a Service had before, and the way back to it. */
export interface FormerServicePort {
  fix: FixDraft;
  reason: Evidence;
}

/** What makes a Service may write it in more than one request. */
const EDITED_MS = 2_000;

/**
 * That `port`, which callers ask, was the Service's: it was last applied so, or the Service's ports were edited after
 * what the callers say, or callers that are told by different objects agree and nobody asks the present number.
 */
export function formerServicePort(
  view: ClusterView,
  { service, port, references }: { service: KubeObject; port: number; references: readonly NamedHost[] },
): FormerServicePort | null {
  const applied = appliedPort(service, port);
  if (applied) {
    const reason = evidence(
      'revision',
      service,
      LAST_APPLIED_FIELD,
      `port ${port} stood in the place of ${applied.number}`,
    );
    return { fix: fixFor(service, applied, port, 0.9), reason };
  }
  const unasked = servicePorts(service).filter(({ number, name }) => !isAsked(view, service, number, name));
  const [now] = unasked;
  if (!now || unasked.length > 1) return null;
  const edit = changedAt(service, ['spec', 'ports']);
  const created = Date.parse(service.metadata.creationTimestamp ?? '');
  if (edit && edit.at > created + EDITED_MS && references.every((each) => edit.at > (settledAt(each) ?? Infinity))) {
    const when = new Date(edit.at).toISOString();
    const text = `changed by ${edit.by} at ${when} at the latest, after its callers were told to ask port ${port}`;
    return { fix: fixFor(service, now, port, 0.88), reason: evidence('revision', service, 'spec.ports', text) };
  }
  const holders = new Set(references.map(({ object }) => object));
  if (holders.size < 2 || unasked.length < servicePorts(service).length) return null;
  const text = `${holders.size} objects agree on port ${port}, and nobody is told to ask ${now.number}`;
  return { fix: fixFor(service, now, port, 0.84), reason: evidence('sibling', service, 'spec.ports', text) };
}

/** The present port in whose place another number was last applied. */
function appliedPort(service: KubeObject, port: number): ServicePort | null {
  const applied = lastApplied(service)?.spec?.ports as Untyped[] | undefined;
  const was = Array.isArray(applied) ? applied.find((each) => each?.port === port) : undefined;
  if (!was) return null;
  const target: unknown = was.targetPort ?? was.port;
  const now = servicePorts(service).find(
    ({ name, target: present }) => (was.name && was.name === name) || present === target,
  );
  return now && !applied!.some((each) => each?.port === now.number) ? now : null;
}

function fixFor(service: KubeObject, now: ServicePort, port: number, confidence: number): FixDraft {
  const path = `/spec/ports/${now.index}/port`;
  const ops = [
    { op: 'test' as const, path, value: now.number },
    { op: 'replace' as const, path, value: port },
    // Without it written, the pods would be asked on the other number too.
    ...(now.written ? [] : [{ op: 'add' as const, path: `/spec/ports/${now.index}/targetPort`, value: now.target }]),
  ];
  const expects = `Service ${service.metadata.name} has port ${port} again`;
  return { changes: [jsonPatch(service, ops)], expects, confidence };
}

/** A caller that names no port may ask any. */
function isAsked(view: ClusterView, service: KubeObject, number: number, name: string): boolean {
  const told = referencesTo(view, service).some(({ port }) => port === number || port === null);
  const routed = view
    .all('Ingress', service.metadata.namespace)
    .flatMap(ingressBackends)
    .filter((each) => each.name === service.metadata.name)
    .some(({ port }) => port?.number === number || (name !== '' && port?.name === name));
  return told || routed;
}

/** When what a caller is told was written last. */
function settledAt({ object }: NamedHost): number | null {
  const field = object.kind === 'ConfigMap' ? ['data'] : ['spec', 'template'];
  return (changedAt(object, field) ?? lastChange(object))?.at ?? null;
}
