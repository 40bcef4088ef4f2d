import { stringify } from 'yaml';
import type { EvidenceReads } from '../../src/domain/brain.ts';
import type { KubeObject } from '../../src/domain/kube-object.ts';
import type { Severity } from '../../src/domain/severity.ts';
import { itemId } from '../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../src/domain/snapshot.ts';

/**
 * An incident as an agent without any economy sends it: every object in scope in full, every event, every line of every
 * container's logs. What the case file is measured against.
 */
export async function rawCase(snapshot: ClusterSnapshot, severity: Severity, reads: EvidenceReads): Promise<string> {
  const wrong = severity.known ? severity.items.map((item) => `${itemId(item)}: ${item.message}`) : [severity.reason];
  const objects = Object.values(snapshot.objects).flat().map(inFull);
  const logs = await Promise.all((snapshot.objects.Pod ?? []).flatMap((pod) => podLogs(pod, reads)));
  return [...wrong, objects.join('---\n'), ...logs].join('\n');
}

function inFull(object: KubeObject): string {
  return stringify(JSON.parse(JSON.stringify(object)), { lineWidth: 0, aliasDuplicateObjects: false });
}

function podLogs({ metadata, status }: KubeObject, reads: EvidenceReads): Promise<string>[] {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])] as {
    name: string;
  }[];
  return statuses.flatMap(({ name }) =>
    [false, true].map(async (previous) => {
      const lines = await reads.readLog(metadata.namespace ?? '', metadata.name, name, previous);
      return [`${metadata.name} ${name}`, ...lines].join('\n');
    }),
  );
}
