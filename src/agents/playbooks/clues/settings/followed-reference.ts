import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';

/** Where others went who took the same object. */
export interface Followed {
  object: KubeObject;
  /** Who had the same reference in an earlier revision, and has this one now. */
  by: KubeObject;
}

/**
 * The ConfigMap or Secret that others of the namespace take now in the very place in which they took the missing one
 * before: who shared it followed its successor, and this workload was left behind. Null where they went different ways.
 */
export function followedReference(
  view: ClusterView,
  workload: KubeObject,
  { kind, name }: { kind: string; name: string },
  candidates: readonly KubeObject[],
): Followed | null {
  const followed = view.workloads().flatMap((by): Followed[] => {
    if (by === workload || by.metadata.namespace !== workload.metadata.namespace) return [];
    const now = configReferences(podTemplateOf(by)?.spec ?? {}).filter((reference) => reference.kind === kind);
    if (now.some((reference) => reference.name === name)) return [];
    const before = earlierRevisions(view, by)
      .flatMap(({ template }) => configReferences(template.spec ?? {}))
      .filter((reference) => reference.kind === kind && reference.name === name);
    const places = new Set(before.map(({ user }) => user));
    return now
      .filter(({ user }) => places.has(user))
      .flatMap((reference) => candidates.filter(({ metadata }) => metadata.name === reference.name))
      .map((object) => ({ object, by }));
  });
  const [first] = followed;
  return first && followed.every(({ object }) => object === first.object) ? first : null;
}
