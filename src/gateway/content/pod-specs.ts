import type { KubeObject } from '../../domain/kube-object.ts';

/** Any map of the API; read defensively. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = Record<string, any>;

export interface PodShape {
  spec: Loose;
  annotations: Record<string, string>;
  /** Of a built-in kind, so that all its fields are known. */
  builtIn: boolean;
}

const TEMPLATED = new Set([
  'apps Deployment', 'apps StatefulSet', 'apps DaemonSet', 'apps ReplicaSet', 'batch Job', ' ReplicationController',
]); // prettier-ignore
const MAX_DEPTH = 24;

/** The pod specifications in an object; in a custom resource everything that looks like one. */
export function podsIn(group: string, kind: string, object: KubeObject | null): PodShape[] {
  if (!object) return [];
  if (group === '' && kind === 'Pod') return shape(object);
  if (group === '' && kind === 'PodTemplate') return shape(object.template);
  if (group === 'batch' && kind === 'CronJob') return shape(object.spec?.jobTemplate?.spec?.template);
  if (TEMPLATED.has(`${group} ${kind}`)) return shape(object.spec?.template);
  return group.includes('.') && !group.endsWith('.k8s.io') ? lookalikes(object, 0) : [];
}

function shape(template: Loose | undefined): PodShape[] {
  if (!template?.spec) return [];
  return [{ spec: template.spec, annotations: template.metadata?.annotations ?? {}, builtIn: true }];
}

function lookalikes(value: unknown, depth: number): PodShape[] {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return [];
  const parts = Object.values(value).flatMap((part) => lookalikes(part, depth + 1));
  const loose = value as Loose;
  const here = Array.isArray(loose.containers) || Array.isArray(loose.volumes);
  return here ? [{ spec: loose, annotations: {}, builtIn: false }, ...parts] : parts;
}

export function containersOf(spec: Loose): Loose[] {
  return [spec.containers, spec.initContainers, spec.ephemeralContainers].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
}
