import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { ClusterFacts } from '../../undo/consequences/facts.ts';

/**
 * Facts in which single objects are as the commands rehearsed before would leave them; lists are as they are now.
 * @param rehearsed undefined where no command touched the object; null where it would be gone
 */
export function asRehearsed(
  facts: ClusterFacts,
  rehearsed: (ref: ObjectRef) => Promise<KubeObject | null | undefined>,
): ClusterFacts {
  return {
    now: () => facts.now(),
    async get(ref) {
      const would = await rehearsed(ref);
      return would === undefined ? facts.get(ref) : would;
    },
    list: (...kind) => facts.list(...kind),
    metadata: (...kind) => facts.metadata(...kind),
    admits: (pod) => facts.admits(pod),
    podsOn: (node) => facts.podsOn(node),
    below: (uid, namespace) => facts.below(uid, namespace),
    everything: () => facts.everything(),
    contents: (namespace) => facts.contents(namespace),
  };
}
