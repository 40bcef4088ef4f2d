import type { KubeObject, ObjectRef } from '../../../../src/domain/kube-object.ts';
import { refKey, refOf } from '../../../../src/domain/kube-object.ts';
import type { ClusterFacts, Owned } from '../../../../src/undo/consequences/facts.ts';

/** A cluster that consists of these objects; kinds named in `hidden` cannot be read. */
export function factsOf(objects: KubeObject[], hidden: string[] = []): ClusterFacts {
  const owned = (object: KubeObject): Owned => ({
    ref: refOf(object),
    uid: object.metadata.uid ?? '',
    resource: `${object.kind.toLowerCase()}s`,
    managers: [],
    metadata: object.metadata,
  });
  const of = (kind: string, namespace?: string) =>
    hidden.includes(kind)
      ? undefined
      : objects.filter((one) => one.kind === kind && (!namespace || one.metadata.namespace === namespace));
  const below = (uid: string): KubeObject[] => {
    const children = objects.filter((one) => one.metadata.ownerReferences?.some((owner) => owner.uid === uid));
    return children.flatMap((child) => [child, ...below(child.metadata.uid ?? '')]);
  };
  return {
    now: () => Date.parse('2026-01-01T00:00:00Z'),
    get: async (ref: ObjectRef) =>
      hidden.includes(ref.kind)
        ? undefined
        : (objects.find((one) => refKey(refOf(one)) === refKey(ref) || isClusterScoped(one, ref)) ?? null),
    list: async (_apiVersion, kind, namespace) => of(kind, namespace),
    metadata: async (_apiVersion, kind, namespace) => of(kind, namespace)?.map(owned),
    admits: async () => null,
    podsOn: async (node) => of('Pod')?.filter((pod) => pod.spec?.nodeName === node),
    below: async (uid) => ({ owned: below(uid).map(owned), unseen: hidden.map((kind) => `${kind.toLowerCase()}s`) }),
    everything: async () => ({ owned: objects.map(owned), unseen: [] }),
    contents: async (namespace) => ({
      owned: objects.filter((one) => one.metadata.namespace === namespace).map(owned),
      unseen: [],
    }),
  };
}

function isClusterScoped(object: KubeObject, ref: ObjectRef): boolean {
  return !object.metadata.namespace && object.kind === ref.kind && object.metadata.name === ref.name;
}
