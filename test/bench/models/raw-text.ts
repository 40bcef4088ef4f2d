import { stringify } from 'yaml';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Case } from './case.ts';

/**
 * What an agent without Stratus would send of the namespace: every object as `kubectl get -o yaml` prints it (without
 * `managedFields`), a line for each event as `kubectl get events` does, and every line of every log. What the whole cluster
 * shares is left out, and logs end where the product's reading of them does: it is a little, not too much.
 */
export function rawText({ snapshot, logs, target: { namespace } }: Pick<Case, 'snapshot' | 'logs' | 'target'>): string {
  const objects = Object.entries(snapshot.objects)
    .filter(([kind]) => kind !== 'Event')
    .flatMap(([, all]) => all)
    .filter(({ metadata }) => metadata.namespace === namespace);
  return [
    ...objects.map((object) => stringify(shown(object), { lineWidth: 0 })),
    ...(snapshot.objects.Event ?? []).filter(({ metadata }) => metadata.namespace === namespace).map(eventLine),
    ...logs.map(({ pod, container, previous, lines }) =>
      [`logs of ${pod} ${container}${previous ? ', before' : ''}`, ...lines].join('\n'),
    ),
  ].join('\n');
}

function shown(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}

function eventLine(event: KubeObject): string {
  const about = event.involvedObject ?? event.regarding ?? {};
  const last = event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '';
  return [last, event.type, event.reason, `${about.kind}/${about.name}`, event.message ?? event.note].join('   ');
}
