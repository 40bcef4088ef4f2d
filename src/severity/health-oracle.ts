import { refLabel, refOf } from '../domain/kube-object.ts';
import type { Oracle, OracleVerdict } from '../domain/ports.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { itemId } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import type { Health, Moving } from './health-findings.ts';
import { callHealth } from './call-health.ts';
import { healthItem, healthOf } from './health-findings.ts';
import { nodeHealth } from './node-health.ts';
import { scalerHealth } from './scaler-health.ts';
import { serviceHealth } from './service-health.ts';
import { storageHealth } from './storage-health.ts';
import { webhookHealth } from './webhook-health.ts';
import { workloadHealth } from './workload-health.ts';
import { ClusterView } from '../kube/cluster-view.ts';

/** What oracles, settling, charging and the inventory look at. */
export const ORACLE_KINDS: readonly string[] = [
  'Pod', 'Service', 'EndpointSlice', 'Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob',
  'ControllerRevision', 'HorizontalPodAutoscaler', 'ScaledObject.keda.sh', 'PodDisruptionBudget',
  'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass', 'CSIDriver', 'ConfigMap', 'Secret', 'ServiceAccount',
  'ResourceQuota', 'LimitRange', 'NetworkPolicy', 'Ingress', 'IngressClass', 'PriorityClass', 'Event', 'Node', 'Namespace',
  'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration',
]; // prettier-ignore

/** Without these the namespace's health is a guess. */
const NEEDED = [
  'Pod', 'Service', 'EndpointSlice', 'Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job',
  'PersistentVolumeClaim',
]; // prettier-ignore

/** Health of the namespaces in scope and of their volumes: a pure function of the snapshot, ordered by item id. */
export function evaluateHealth(snapshot: ClusterSnapshot): Health {
  const cluster = new ClusterView(snapshot);
  const health = healthOf(
    workloadHealth(snapshot, cluster),
    serviceHealth(snapshot, cluster),
    storageHealth(snapshot),
    scalerHealth(snapshot, cluster),
    { items: otherHealth(snapshot, cluster), progressing: [] },
  );
  return { items: ordered(health.items), progressing: ordered(health.progressing) };
}

function otherHealth(snapshot: ClusterSnapshot, cluster: ClusterView): SeverityItem[] {
  const dying = objectsOf(snapshot, 'Namespace').filter(
    ({ metadata }) => metadata.deletionTimestamp && snapshot.namespaces.includes(metadata.name),
  );
  return [
    ...dying.map((object) =>
      healthItem(refOf(object), 'terminating', 1, `${refLabel(refOf(object))} is being deleted`),
    ),
    ...callHealth(cluster),
    ...webhookHealth(cluster),
  ];
}

function ordered(items: SeverityItem[]): SeverityItem[] {
  return [...items].sort((a, b) => itemId(a).localeCompare(itemId(b)));
}

function asItem({ until: _until, ...item }: Moving): SeverityItem {
  return item;
}

function verdictOf(items: SeverityItem[]): OracleVerdict {
  return { state: items.length > 0 ? 'bad' : 'ok', items };
}

/**
 * An oracle that can tell "not yet" from "no": what is still moving counts as bad in `evaluate`, and is named here
 * for those who can wait.
 */
export interface PatientOracle extends Oracle {
  moving(snapshot: ClusterSnapshot): Moving[];
  /** What will be an item at `until` if it goes on, and is none yet: early signs of the last evaluation. */
  early?(): Moving[];
}

/**
 * Pods, workloads, Services, claims in scope. Unknown when a kind it needs may not be listed, or one that could be at first
 * no longer can: what it said of those would be gone, and look healed.
 */
export class HealthOracle implements PatientOracle {
  readonly name = 'cluster-health';
  #readable: readonly string[] | null = null;
  /** Of one snapshot, which is asked about more than once. */
  #last: { snapshot: ClusterSnapshot; health: Health } | null = null;

  evaluate(snapshot: ClusterSnapshot): Promise<OracleVerdict> {
    this.#readable ??= Object.keys(snapshot.objects);
    const missing = [...NEEDED, ...this.#readable].find((kind) => snapshot.objects[kind] === undefined);
    if (missing) {
      return Promise.resolve({ state: 'unknown', reason: snapshot.unreadable[missing] ?? `${missing} was not read` });
    }
    const { items, progressing } = this.#healthOf(snapshot);
    return Promise.resolve(verdictOf(ordered([...items, ...progressing.map(asItem)])));
  }

  moving(snapshot: ClusterSnapshot): Moving[] {
    return this.#healthOf(snapshot).progressing;
  }

  #healthOf(snapshot: ClusterSnapshot): Health {
    if (this.#last?.snapshot !== snapshot) this.#last = { snapshot, health: evaluateHealth(snapshot) };
    return this.#last.health;
  }
}

/** Nodes that carry the scope's pods. Absent for users who may not list nodes. */
export class NodeOracle implements Oracle {
  readonly name = 'node-health';

  evaluate(snapshot: ClusterSnapshot): Promise<OracleVerdict> {
    if (snapshot.objects.Node === undefined) {
      return Promise.resolve({ state: 'absent', reason: snapshot.unreadable.Node ?? 'nodes were not read' });
    }
    return Promise.resolve(verdictOf(ordered(nodeHealth(snapshot))));
  }
}
