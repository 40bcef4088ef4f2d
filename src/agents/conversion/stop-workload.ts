import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel, refOf } from '../../domain/kube-object.ts';
import { volumesLostWith } from './pod-ownership.ts';
import { controllerOf } from '../../kube/ownership.ts';

/** One object's part of a deletion. */
export type Replacement =
  { keep: true } | { keep: false; command: string[]; reason: string } | { keep: false; refused: string };

/** Kinds whose deletion is replaced by something that keeps the object. */
export const STOPPABLE: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'Node',
  'Service',
]);

const KEY = 'stratus-oncall/stopped';

/** What stands in for deleting a workload, a Service or a Node: the object stays, so undo is one write and exact. */
export function stopInstead(object: KubeObject, recreatedLater: boolean): Replacement {
  const { name, namespace } = object.metadata;
  const inNamespace = namespace ? ['-n', namespace] : [];
  const patch = (resource: string, value: unknown) => [
    'patch', resource, name, ...inNamespace, '--type=merge', `--patch=${JSON.stringify(value)}`,
  ]; // prettier-ignore
  switch (object.kind) {
    case 'Node':
      return {
        keep: false,
        command: ['cordon', name],
        reason: `deleting ${label(object)} loses its identity; cordoned, it takes no new pods`,
      };
    case 'Service':
      return quarantine(object, recreatedLater, patch('service', { spec: { selector: { [KEY]: name } } }));
    case 'CronJob':
      return {
        keep: false,
        command: patch('cronjob', { spec: { suspend: true } }),
        reason: `deleting ${label(object)} takes its jobs along; suspended, it starts no more`,
      };
    case 'Job':
      return stopJob(object, patch('job', { spec: { suspend: true } }));
    case 'DaemonSet':
      return (
        volumeRefusal(object) ?? {
          keep: false,
          command: patch('daemonset', { spec: { template: { spec: { nodeSelector: { [KEY]: 'true' } } } } }),
          reason: `deleting ${label(object)} loses its identity and history; a node selector that no node has stops its pods`,
        }
      );
    default:
      return stopReplicas(object, inNamespace);
  }
}

function stopReplicas(object: KubeObject, inNamespace: string[]): Replacement {
  const owner = controllerOf(object);
  if (object.kind === 'ReplicaSet' && owner?.kind === 'Deployment') {
    return {
      keep: false,
      command: ['rollout', 'restart', `deployment/${owner.name}`, ...inNamespace],
      reason: `Deployment ${owner.name} makes ${label(object)} again at once; a restart replaces its pods in order`,
    };
  }
  const refused = volumeRefusal(object);
  if (refused) return refused;
  return {
    keep: false,
    command: ['scale', `${object.kind.toLowerCase()}/${object.metadata.name}`, ...inNamespace, '--replicas=0'],
    reason: `deleting ${label(object)} loses its identity and history; scaled to 0 it stops and comes back exactly`,
  };
}

function stopJob(object: KubeObject, command: string[]): Replacement {
  const conditions = (object.status?.conditions ?? []) as { type: string; status: string }[];
  if (conditions.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')) {
    return {
      keep: false,
      refused: `${label(object)} has ended and runs nothing: deleting it only loses its record; leave it`,
    };
  }
  const reason = `deleting ${label(object)} cannot be taken back without running it again; suspended, it stops`;
  return volumeRefusal(object) ?? { keep: false, command, reason };
}

/** A merge patch adds to the selector, so nothing matches any more and the rest of it stays to be seen. */
function quarantine(service: KubeObject, recreatedLater: boolean, command: string[]): Replacement {
  const selects = Object.keys(service.spec?.selector ?? {}).length > 0 && service.spec?.type !== 'ExternalName';
  // Without a selector its endpoints are made by hand, and a selector would wipe them out.
  if (!selects || recreatedLater) return { keep: true };
  return {
    keep: false,
    command,
    reason: `deleting ${label(service)} gives up its address; with a selector that no pod has it serves nobody and keeps it`,
  };
}

/** Stopping the pods would lose what no undo brings back. */
function volumeRefusal(object: KubeObject): { keep: false; refused: string } | null {
  const running = ['DaemonSet', 'Job'].includes(object.kind) || (object.spec?.replicas ?? 1) > 0;
  if (!running) return null;
  const volumes = volumesLostWith(object.spec?.template?.spec);
  if (volumes.length > 0) {
    const names = volumes.slice(0, 3).join(', ');
    return {
      keep: false,
      refused: `${label(object)} must not be stopped: what its pods keep in ${names} (emptyDir or ephemeral volume) would be lost; save it first`,
    };
  }
  if (object.kind === 'StatefulSet' && object.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete') {
    return {
      keep: false,
      refused: `${label(object)} must not be stopped: its volumes would be deleted (persistentVolumeClaimRetentionPolicy.whenScaled: Delete); set the policy to Retain first`,
    };
  }
  return null;
}

function label(object: KubeObject): string {
  return refLabel(refOf(object));
}
