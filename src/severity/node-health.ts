import { refLabel, refOf } from '../domain/kube-object.ts';
import type { SeverityItem } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { healthItem } from './health-findings.ts';
import { condition } from '../kube/pods.ts';
import type { Condition } from '../kube/pods.ts';

/** Conditions that are bad when True, as items. */
const PRESSURES: Record<string, string> = {
  MemoryPressure: 'memory-pressure',
  DiskPressure: 'disk-pressure',
  PIDPressure: 'pid-pressure',
  NetworkUnavailable: 'network-unavailable',
};

/** Nodes that carry pods of the scope. A cordoned node is maintenance, not illness. */
export function nodeHealth(snapshot: ClusterSnapshot): SeverityItem[] {
  const live = objectsOf(snapshot, 'Pod').filter((pod) => !['Succeeded', 'Failed'].includes(pod.status?.phase));
  const used = new Set(live.map((pod) => pod.spec?.nodeName as string | undefined));
  return objectsOf(snapshot, 'Node')
    .filter((node) => used.has(node.metadata.name))
    .flatMap((node) => {
      const ref = refOf(node);
      const items: SeverityItem[] = [];
      const ready = condition(node, 'Ready');
      if (ready?.status !== 'True') {
        items.push(healthItem(ref, 'not-ready', 1, `${refLabel(ref)} is not ready: ${ready?.message ?? 'no status'}`));
      }
      for (const { type, status, message } of (node.status?.conditions ?? []) as Condition[]) {
        const what = PRESSURES[type];
        if (what && status === 'True')
          items.push(healthItem(ref, what, 1, `${refLabel(ref)}: ${type}: ${message ?? ''}`));
      }
      return items;
    });
}
