import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, lost, oneWay, reversible, under } from '../rows.ts';

/** Core group: nodes (pkg/controller/{tainteviction,nodelifecycle,daemon,nodeipam}, ValidateNodeUpdate). */
export const CORE_NODES: KindTable = {
  '/Node': fields(
    look('taints', 'pods that do not tolerate it are evicted, or no longer placed', 'spec.taints.**'),
    look('unschedulable', 'no pod is placed on it, or pods are again', 'spec.unschedulable'),
    look('node-labels', 'pods of DaemonSets come or go; pods are placed by it', 'metadata.labels.*'),
    oneWay('a provider id once set cannot be changed', 'spec.providerID'),
    oneWay('a pod network once set cannot be changed', 'spec.podCIDR', 'spec.podCIDRs.*'),
    immutable('spec.externalID'),
    // Not read since 1.24.
    reversible(
      ...under('spec.configSource.configMap', 'name', 'namespace', 'uid', 'resourceVersion', 'kubeletConfigKey'),
    ),
    itself('the node-ttl controller writes its own number again', 'metadata.annotations[node.alpha.kubernetes.io/ttl]'),
    lost(
      'volumes are attached and detached by another than who holds them',
      'metadata.annotations[volumes.kubernetes.io/controller-managed-attach-detach]',
    ),
    lost('its driver is registered under another id', 'metadata.annotations[csi.volume.kubernetes.io/nodeid]'),
    lost(
      'the cloud controller writes its addresses anew',
      'metadata.annotations[alpha.kubernetes.io/provided-node-ip]',
    ),
  ),
};
