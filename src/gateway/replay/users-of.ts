import { own } from '../../json/json-map.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { ClusterFacts } from '../../undo/consequences/facts.ts';
import { kindKey } from '../../undo/consequences/lookup.ts';
import { podSpecOf } from '../../undo/consequences/workload.ts';

type Names = (object: KubeObject, name: string) => boolean;

const WORKLOADS = [
  'v1 Pod', 'apps/v1 Deployment', 'apps/v1 StatefulSet', 'apps/v1 DaemonSet', 'batch/v1 Job', 'batch/v1 CronJob',
]; // prettier-ignore
const inPods = (names: Names): [string, Names][] => WORKLOADS.map((kind) => [kind, names]);
/** Whether the name stands as a whole value under one of these fields, wherever it is. */
const under =
  (...fields: string[]): Names =>
  (object, name) =>
    names(podSpecOf(object) ?? object.spec ?? {}, name, new Set(fields));

/** Kinds that name an object of another kind, by `GROUP/Kind` of what is named. */
const USERS: Readonly<Record<string, [kind: string, names: Names][]>> = {
  '/ServiceAccount': [
    ...inPods((object, name) => podSpecOf(object)?.serviceAccountName === name),
    ['rbac.authorization.k8s.io/v1 RoleBinding', (object, name) => hasSubject(object, name)],
  ],
  '/ConfigMap': inPods(under('configMap', 'configMapRef', 'configMapKeyRef')),
  '/Secret': [
    ...inPods(under('secret', 'secretRef', 'secretKeyRef', 'imagePullSecrets')),
    ['networking.k8s.io/v1 Ingress', under('tls')],
  ],
  '/PersistentVolumeClaim': inPods(under('persistentVolumeClaim')),
  '/Service': [
    ['networking.k8s.io/v1 Ingress', under('service')],
    ['apps/v1 StatefulSet', (object, name) => object.spec?.serviceName === name],
  ],
  'scheduling.k8s.io/PriorityClass': inPods((object, name) => podSpecOf(object)?.priorityClassName === name),
  'node.k8s.io/RuntimeClass': inPods((object, name) => podSpecOf(object)?.runtimeClassName === name),
  'storage.k8s.io/StorageClass': [
    ['v1 PersistentVolumeClaim', (object, name) => object.spec?.storageClassName === name],
  ],
  'networking.k8s.io/IngressClass': [
    ['networking.k8s.io/v1 Ingress', (object, name) => object.spec?.ingressClassName === name],
  ],
  'rbac.authorization.k8s.io/Role': [
    [
      'rbac.authorization.k8s.io/v1 RoleBinding',
      (object, name) => object.roleRef?.kind === 'Role' && object.roleRef.name === name,
    ],
  ],
  'rbac.authorization.k8s.io/ClusterRole': [
    [
      'rbac.authorization.k8s.io/v1 RoleBinding',
      (object, name) => object.roleRef?.kind === 'ClusterRole' && object.roleRef.name === name,
    ],
    ['rbac.authorization.k8s.io/v1 ClusterRoleBinding', (object, name) => object.roleRef?.name === name],
  ],
};

/** Objects that name the given one. They stay, and miss it when it goes; kinds that cannot be listed are left out. */
export async function usersOf(ref: ObjectRef, facts: Pick<ClusterFacts, 'list'>): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for (const [kind, isUser] of own(USERS, kindKey(ref.apiVersion, ref.kind)) ?? []) {
    const [apiVersion, name] = kind.split(' ') as [string, string];
    const objects = (await facts.list(apiVersion, name, ref.namespace)) ?? [];
    // What a controller made is there because of its owner, which is found itself.
    found.push(
      ...objects.filter(
        (one) => isUser(one, ref.name) && !one.metadata.ownerReferences?.some((owner) => owner.controller),
      ),
    );
  }
  return found;
}

function hasSubject(binding: KubeObject, account: string): boolean {
  const subjects = (binding.subjects ?? []) as { kind: string; name: string; namespace?: string }[];
  return subjects.some(
    ({ kind, name, namespace }) =>
      kind === 'ServiceAccount' &&
      name === account &&
      (namespace ?? binding.metadata.namespace) === binding.metadata.namespace,
  );
}

function names(value: unknown, name: string, fields: ReadonlySet<string>, inside = false): boolean {
  if (typeof value === 'string') return inside && value === name;
  if (Array.isArray(value)) return value.some((item) => names(item, name, fields, inside));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([field, item]) => names(item, name, fields, inside || fields.has(field)));
}
