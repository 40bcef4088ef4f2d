import type { ObjectRef } from '../../domain/kube-object.ts';
import type { Look } from '../../../webview/protocol/finding-view.ts';

/** Kinds behind which there are containers. */
const WITH_LOGS = new Set([
  'Pod',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'Service',
  'ReplicationController',
]);

/** What can be opened about an object. */
export function looksOf({ kind }: ObjectRef): Look[] {
  const logs: Look[] = WITH_LOGS.has(kind) ? ['logs', 'previous', 'follow'] : [];
  return [...logs, 'events', 'describe', 'yaml'];
}
