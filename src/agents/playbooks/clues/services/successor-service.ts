import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyEndpoints } from '../../../../kube/endpoints.ts';
import { ROLLOUT_KINDS } from '../../../../kube/kind-sets.ts';
import { NAMING } from '../../../../kube/labels.ts';
import { LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isReady } from '../../../../kube/pods.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { areMembers } from '../names/family.ts';
import { nameSimilarity } from '../names/similar-names.ts';

/** A Service that is gone, as far as anything tells of it. */
export interface GoneService {
  name: string;
  namespace: string;
  /** Ports on which it is asked. */
  ports: readonly number[];
  /** When the name was last written down, milliseconds since the epoch: it led somewhere after that. NaN where unknown. */
  writtenAt: number;
}

/** A Service that may have taken the place of one that is gone, or one of several that may have. */
export interface Successor {
  service: KubeObject;
  /** 0..1 */
  confidence: number;
  /** It was made after the name of the other was written down. */
  isYounger: boolean;
  reasons: Evidence[];
}

/** What became of a Service: who took its place for certain, else who may have. */
export interface Succession {
  proven: Successor | null;
  rivals: Successor[];
}

/** How a candidate is tied to the one that is gone; the first that holds counts. */
interface Tie {
  confidence: number;
  reason: Evidence;
}

/** A name that is only alike proves little without what else speaks for it. */
const ALIKE = 0.6;
/** Of one that was there beside it, only its like can say that it is meant. */
const OLDER = 0.65;
/** Two that are tied about as well both may be it. */
const LEAD = 0.05;

/**
 * Who took the place of a Service: one that answers on all the ports that it was asked on, has a ready pod behind it, and is
 * tied to it: by the manifest that it was made from, the workload behind it, its labels, its name, or, for one that is
 * younger than the name, because pods that were there before have no other Service in front of them.
 * Proven only where exactly one is tied so well. A namespace that may not be read tells of nobody.
 */
export async function successionOf(
  context: Pick<AnalyzerContext, 'view' | 'list'>,
  gone: GoneService,
): Promise<Succession> {
  const there = await namespaceView(context, gone.namespace);
  if (!there) return { proven: null, rivals: [] };
  const found = there
    .all('Service', gone.namespace)
    .flatMap((service): Successor[] => {
      const candidate = candidateFor(there, gone, service);
      return candidate ? [candidate] : [];
    })
    .sort((a, b) => b.confidence - a.confidence || (a.service.metadata.name < b.service.metadata.name ? -1 : 1));
  const [first, second] = found;
  if (!first || first.confidence - (second?.confidence ?? 0) < LEAD) return { proven: null, rivals: found };
  return { proven: first, rivals: [] };
}

/** The namespace as it is, also where it is not of the run: then its lists are read. Null where they may not be. */
async function namespaceView(
  { view, list }: Pick<AnalyzerContext, 'view' | 'list'>,
  namespace: string,
): Promise<ClusterView | null> {
  if (view.inScope(namespace)) return view;
  const kinds: [string, string][] = [
    ['Service', 'v1'],
    ['EndpointSlice', 'discovery.k8s.io/v1'],
    ...ROLLOUT_KINDS.map((kind): [string, string] => [kind, 'apps/v1']),
  ];
  // Who may not look there does not know.
  const read = await Promise.all(
    kinds.map(async ([kind, apiVersion]) => {
      const objects = await list({ apiVersion, kind }, namespace);
      // Members of a list do not say what they are.
      return [kind, objects.map((object) => ({ ...object, kind, apiVersion }))] as const;
    }),
  ).catch(() => null);
  if (!read) return null;
  const { takenAt } = view.snapshot;
  return new ClusterView({ takenAt, namespaces: [namespace], objects: Object.fromEntries(read), unreadable: {} });
}

function candidateFor(there: ClusterView, gone: GoneService, service: KubeObject): Successor | null {
  const { metadata, spec } = service;
  if (metadata.deletionTimestamp || metadata.name === gone.name || spec?.type === 'ExternalName') return null;
  const numbers = servicePorts(service).map(({ number }) => number);
  if (gone.ports.some((port) => !numbers.includes(port)) || !isServed(there, service)) return null;
  const created = Date.parse(metadata.creationTimestamp ?? '');
  const isYounger = created > gone.writtenAt;
  const tie = tieOf(there, gone, service, isYounger);
  if (!tie) return null;
  const made = `it was made at ${metadata.creationTimestamp}, after the name was written down`;
  return {
    service,
    isYounger,
    confidence: isYounger ? tie.confidence : tie.confidence * OLDER,
    reasons: [
      tie.reason,
      ...(gone.ports.length > 0
        ? [evidence('sibling', service, 'spec.ports', `it serves port ${gone.ports.join(', ')}`)]
        : []),
      ...(isYounger ? [evidence('sibling', service, 'metadata.creationTimestamp', made)] : []),
    ],
  };
}

function isServed(there: ClusterView, service: KubeObject): boolean {
  return readyEndpoints(there.slicesOf(service)) > 0 || there.podsBehind(service).some(isReady);
}

function tieOf(there: ClusterView, gone: GoneService, service: KubeObject, isYounger: boolean): Tie | null {
  const { name } = gone;
  if (lastApplied(service)?.metadata?.name === name) {
    const text = `it was made from the manifest of Service ${name}`;
    return { confidence: 0.92, reason: evidence('revision', service, LAST_APPLIED_FIELD, text) };
  }
  const behind = there.workloadsBehind(service);
  const meant = behind.find((workload) => isNamedFor(workload, name));
  if (meant) {
    const text = `it leads to the pods of ${meant.kind} ${meant.metadata.name}, which Service ${name} was named after`;
    return { confidence: 0.87, reason: evidence('sibling', service, 'spec.selector', text) };
  }
  if (namesIn(service.metadata.labels).includes(name)) {
    return { confidence: 0.82, reason: evidence('sibling', service, 'metadata.labels', `its labels name ${name}`) };
  }
  const other = service.metadata.name;
  const close = areMembers(name, other) ? 0 : nameSimilarity(name, other);
  if (close >= ALIKE && isYounger)
    return {
      confidence: 0.5 + 0.3 * close,
      reason: evidence('sibling', service, 'metadata.name', `${other} is close to ${name}`),
    };
  const before =
    isYounger && gone.ports.length > 0 ? behind.find((workload) => wasServedBefore(there, workload, service)) : null;
  if (!before) return null;
  const text = `it leads to the pods of ${before.kind} ${before.metadata.name}, which is older, and which no other Service leads to`;
  return { confidence: 0.72, reason: evidence('sibling', service, 'spec.selector', text) };
}

/** The workload is called so, or by a label of its pods, or makes a StatefulSet's names with it. */
function isNamedFor(workload: KubeObject, name: string): boolean {
  const { metadata, spec } = workload;
  return (
    metadata.name === name || spec?.serviceName === name || namesIn(podTemplateOf(workload)?.labels).includes(name)
  );
}

function namesIn(labels: Record<string, string> | undefined): string[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => (NAMING.test(key) ? [value] : []));
}

/** Pods that were there before their only Service was made had another one. */
function wasServedBefore(there: ClusterView, workload: KubeObject, service: KubeObject): boolean {
  const [made, since] = [service, workload].map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''));
  const all = there.servicesSelecting(workload.metadata.namespace, podTemplateOf(workload)?.labels);
  return made! > since! && all.every((each) => each === service);
}

/** What is said of the one that is proven, after what is missing. */
export function successorWords({ proven }: Pick<Succession, 'proven'>): string {
  if (!proven) return '';
  const { name } = proven.service.metadata;
  return proven.isYounger ? `; Service ${name} took its place` : `; Service ${name} is most likely meant`;
}

/** Why none of several is taken, for people. */
export function rivalWords(gone: GoneService, { rivals }: Succession): string | undefined {
  if (rivals.length === 0) return undefined;
  const names = rivals.slice(0, 3).map(({ service }) => service.metadata.name);
  return `Services ${names.join(' and ')} of namespace ${gone.namespace} both may have taken its place: whoever owns them says which`;
}
