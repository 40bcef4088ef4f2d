import type { KubeObject } from '../domain/kube-object.ts';
import { parseJson } from '../json/lossless-json.ts';
import { ROLLOUT_KINDS } from './kind-sets.ts';
import type { LabelMap } from './labels.ts';
import { stableJson } from '../json/stable-json.ts';

export type Untyped = KubeObject['spec'];

/** Pod template of a workload, or a bare pod seen as one. */
export interface PodTemplate {
  labels: LabelMap;
  annotations: Record<string, string>;
  spec: Untyped;
  /** RFC 6901 pointer of `spec` in the object. */
  pointer: string;
  /** The same for people, e.g. `spec.template.spec`. */
  field: string;
}

export interface ContainerSpec {
  name: string;
  image: string;
  /** `containers[0]`, `initContainers[1]`: place below the pod spec. */
  place: string;
  /** Pointer below the pod spec. */
  pointer: string;
  init: boolean;
  /** Init container with restartPolicy Always: it runs beside the others. */
  sidecar: boolean;
  spec: Untyped;
}

const TEMPLATE_PATHS: Record<string, string[]> = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  Pod: [],
};

/** The pod template (`{metadata, spec}`) of a workload, or a pod itself; undefined for other kinds. */
export function podTemplate(
  object: KubeObject,
): { metadata?: KubeObject['metadata']; spec?: KubeObject['spec'] } | undefined {
  const path = TEMPLATE_PATHS[object.kind];
  let at: Untyped = path && object;
  for (const step of path ?? []) at = at?.[step];
  return at ?? undefined;
}

/** Null for a kind without pods or an object without template. */
export function podTemplateOf(object: KubeObject): PodTemplate | null {
  const path = TEMPLATE_PATHS[object.kind];
  const at = podTemplate(object);
  if (!path || !at?.spec) return null;
  return {
    labels: at.metadata?.labels ?? {},
    annotations: at.metadata?.annotations ?? {},
    spec: at.spec,
    pointer: ['', ...path, 'spec'].join('/'),
    field: [...path, 'spec'].join('.'),
  };
}

export function hasMutableTemplate({ kind }: Pick<KubeObject, 'kind'>): boolean {
  return ROLLOUT_KINDS.some((each) => each === kind);
}

/** Containers in the order the kubelet starts them: init containers first. */
export function containersOf(podSpec: Untyped): ContainerSpec[] {
  return [...listed(podSpec, 'initContainers'), ...listed(podSpec, 'containers')];
}

/** Containers that can serve requests: the main ones and restartable init containers. */
export function servingContainers(podSpec: Untyped): ContainerSpec[] {
  return containersOf(podSpec).filter((container) => !container.init || container.sidecar);
}

function listed(podSpec: Untyped, list: 'initContainers' | 'containers'): ContainerSpec[] {
  const specs: Untyped[] = Array.isArray(podSpec?.[list]) ? podSpec[list] : [];
  return specs.map((spec, index) => ({
    name: String(spec?.name ?? ''),
    image: String(spec?.image ?? ''),
    place: `${list}[${index}]`,
    pointer: `/${list}/${index}`,
    init: list === 'initContainers',
    sidecar: list === 'initContainers' && spec?.restartPolicy === 'Always',
    spec,
  }));
}

/** Equal texts mean the controller sees the same revision; labels that controllers add themselves are left out. */
export function templateText(template: Untyped): string {
  const { labels, annotations } = template?.metadata ?? {};
  const own = Object.entries((labels ?? {}) as LabelMap).filter(
    ([key]) => key !== 'pod-template-hash' && key !== 'controller-revision-hash',
  );
  return stableJson({
    labels: Object.fromEntries(own),
    annotations: annotations && Object.keys(annotations).length > 0 ? annotations : null,
    spec: template?.spec,
  });
}

/** Where an object holds what {@link lastApplied} reads, as evidence names it. */
export const LAST_APPLIED_FIELD = 'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]';

/** What `kubectl apply` last sent for the object; null when absent or not readable. Never trusted to be complete. */
export function lastApplied(object: KubeObject): Untyped {
  const text = object.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
  if (!text) return null;
  try {
    const parsed: unknown = parseJson(text);
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed) ? parsed : null;
  } catch {
    // An annotation that people may write: it is no template.
    return null;
  }
}
