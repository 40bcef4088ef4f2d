import { refLabel, refOf } from '../domain/kube-object.ts';
import type { SeverityItem } from '../domain/severity.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { deadCalls } from '../kube/dead-calls.ts';
import { healthItem } from './health-findings.ts';

/** Workloads that call where nobody can answer, and once could: their pods may be ready all the same. */
export function callHealth(cluster: ClusterView): SeverityItem[] {
  const items = new Map<string, SeverityItem>();
  for (const { reference, port, meant, service } of deadCalls(cluster)) {
    const caller = refOf(reference.from);
    const what = `calls/${meant.name}:${port}`;
    const why = service ? `has no port ${port}` : 'does not exist';
    const text = `${refLabel(caller)} calls ${reference.host}:${port}, and Service ${meant.name} ${why}`;
    items.set(`${refLabel(caller)} ${what}`, healthItem(caller, what, 1, text));
  }
  return [...items.values()];
}
