import { stringify } from 'yaml';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Case } from './case.ts';

/**
 * What an agent without Stratus would send: every object of the snapshot as `kubectl get -o yaml` prints it (without
 * `managedFields`), a line for each event as `kubectl get events` does, and every line of the logs as far as the product
 * reads them, too.
 * @param shared with what belongs to no namespace: nodes, volumes, storage classes, webhooks
 */
export function rawText(
  { snapshot, logs, target: { namespace } }: Pick<Case, 'snapshot' | 'logs' | 'target'>,
  shared: boolean,
): string {
  const isOwn = ({ kind, metadata }: KubeObject) =>
    metadata.namespace === namespace ||
    (shared && metadata.namespace === undefined && (kind !== 'Namespace' || metadata.name === namespace));
  const objects = Object.entries(snapshot.objects)
    .filter(([kind]) => kind !== 'Event')
    .flatMap(([, all]) => all)
    .filter(isOwn);
  return [
    ...objects.map((object) => stringify(shown(object), { lineWidth: 0 })),
    ...(snapshot.objects.Event ?? []).filter(isOwn).map(eventLine),
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
