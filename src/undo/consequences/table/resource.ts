import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, lost, oneWay, under } from '../rows.ts';
import { nodeSelector } from './selectors.ts';

const ALLOCATED = 'claims allocated meanwhile keep what it gave them';
const PUBLISHED = 'its driver publishes its own again; pods placed meanwhile stay where they are';
const TAINTED = 'pods that use a device tainted NoExecute are evicted';

/** Devices (pkg/apis/resource/validation, pkg/controller/{resourceclaim,devicetainteviction}, DRA drivers). */
export const RESOURCE: KindTable = {
  'resource.k8s.io/ResourceClaim': fields(immutable('spec.**')),
  'resource.k8s.io/ResourceClaimTemplate': fields(immutable('spec.**')),

  'resource.k8s.io/DeviceClass': fields(
    itself(
      ALLOCATED,
      ...under('spec', 'selectors.*.cel.expression', 'config.*.opaque.driver', 'config.*.opaque.parameters.**'),
      'spec.extendedResourceName',
      ...nodeSelector('spec.suitableNodes'),
    ),
  ),

  'resource.k8s.io/DeviceTaintRule': fields(look('taints', TAINTED, 'spec.taint.**', 'spec.deviceSelector.**')),

  'resource.k8s.io/ResourceSlice': fields(
    immutable('spec.driver', 'spec.nodeName', 'spec.pool.name'),
    itself(PUBLISHED, 'spec.**', 'driverName', 'nodeName', 'namedResources.**'),
    lost(TAINTED, 'spec.devices.*.taints.**', 'spec.devices.*.basic.taints.**'),
  ),

  // Asked once, answered once.
  'resource.k8s.io/ResourcePoolStatusRequest': fields(oneWay('a question that is answered once', 'spec.**')),

  // Gone since 1.31 and 1.32.
  'resource.k8s.io/ResourceClass': fields(
    itself(ALLOCATED, 'driverName', 'parametersRef.**', 'structuredParameters', 'suitableNodes.**'),
  ),
  'resource.k8s.io/ResourceClassParameters': fields(
    itself(ALLOCATED, 'filters.**', 'generatedFrom.**', 'vendorParameters.**'),
  ),
  'resource.k8s.io/ResourceClaimParameters': fields(
    itself(ALLOCATED, 'driverRequests.**', 'generatedFrom.**', 'shareable'),
  ),
  'resource.k8s.io/PodSchedulingContext': fields(
    lost('where its pod runs is decided by it', 'spec.selectedNode', 'spec.potentialNodes.*'),
  ),
};
