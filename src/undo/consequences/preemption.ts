import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refOf } from '../../domain/kube-object.ts';
import type { Effect } from './effect.ts';
import { comesBack, eachOf, unknown } from './effect.ts';
import type { ClusterFacts } from './facts.ts';
import { namesRemaker } from './remade.ts';

/**
 * Pods of a higher priority that find no room make the scheduler evict others (Kubernetes docs, Pod priority and
 * preemption). Whether there is room is the scheduler's to say: whoever might have to go is named.
 */
export async function mayPreempt(podSpec: KubeObject['spec'], ref: ObjectRef, facts: ClusterFacts): Promise<Effect[]> {
  if (podSpec?.preemptionPolicy === 'Never') return [];
  const priority = await priorityOf(podSpec, facts);
  if (priority === undefined) return [unknown('whether its pods would push others off their nodes could not be read')];
  if (priority <= 0) return [];
  const pods = await facts.list('v1', 'Pod');
  if (!pods) return [unknown('which pods of lower priority might have to go for its own could not be read')];
  const lower = pods.filter(
    (pod) => Number(pod.spec?.priority ?? 0) < priority && !['Succeeded', 'Failed'].includes(pod.status?.phase),
  );
  const bare = lower.filter((pod) => !namesRemaker(pod)).map(refOf);
  const others = comesBack('where there is no room, pods of lower priority make it, and are placed elsewhere', ref);
  return [
    ...(lower.length > bare.length ? [others] : []),
    ...eachOf(
      bare,
      false,
      (names) => `where there is no room, they may be evicted for good, having no controller: ${names}`,
    ),
  ];
}

async function priorityOf(podSpec: KubeObject['spec'], facts: ClusterFacts): Promise<number | undefined> {
  if (typeof podSpec?.priority === 'number') return podSpec.priority;
  const name = podSpec?.priorityClassName as string | undefined;
  const classes = await facts.list('scheduling.k8s.io/v1', 'PriorityClass');
  if (!classes) return undefined;
  const found = classes.find((one) => (name ? one.metadata.name === name : one.globalDefault === true));
  if (found?.preemptionPolicy === 'Never') return 0;
  return found ? Number(found.value) : 0;
}
