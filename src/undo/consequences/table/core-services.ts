import type { KindTable } from '../field-rule.ts';
import { fields, itself, look, lost, reversible, under } from '../rows.ts';

/** Core group: services (pkg/registry/core/service, pkg/controller/endpointslice, cloud-provider/controllers/service). */
export const CORE_SERVICES: KindTable = {
  '/Service': fields(
    // Endpoints and proxies follow, and follow back.
    reversible(
      ...under('spec', 'selector.*', 'ports.*.name', 'ports.*.targetPort', 'externalName', 'externalIPs.*'),
      ...under('spec', 'internalTrafficPolicy', 'publishNotReadyAddresses', 'trafficDistribution'),
      ...under('spec', 'sessionAffinity', 'sessionAffinityConfig.clientIP.timeoutSeconds'),
      // Hints in its endpoints; which proxy serves it.
      ...under('metadata', 'annotations[service.kubernetes.io/topology-mode]'),
      ...under('metadata', 'annotations[service.kubernetes.io/topology-aware-hints]'),
      ...under('metadata', 'labels[service.kubernetes.io/service-proxy-name]'),
    ),
    look(
      'addresses',
      'addresses, node ports and the load balancer outside the cluster are allocated or given up',
      ...under('spec', 'type', 'clusterIP', 'clusterIPs.*', 'ipFamilies.*', 'ipFamilyPolicy', 'healthCheckNodePort'),
      ...under('spec', 'allocateLoadBalancerNodePorts', 'loadBalancerClass', 'loadBalancerIP'),
      ...under('spec', 'externalTrafficPolicy'),
      ...under('spec.ports.*', 'port', 'protocol', 'appProtocol', 'nodePort'),
    ),
    itself('the firewall of its load balancer follows, and follows back', 'spec.loadBalancerSourceRanges.*'),
    lost(
      'the cloud controller may replace its load balancer, whose address is then gone',
      'metadata.annotations[service.beta.kubernetes.io/*]',
    ),
  ),
};
