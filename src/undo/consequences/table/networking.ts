import type { KindTable } from '../field-rule.ts';
import { fields, immutable, itself, look, oneWay, reversible, under } from '../rows.ts';
import { labelSelector } from './selectors.ts';

const SERVED = 'another ingress controller takes it over, and the former gives its address up';

const peers = (path: string): string[] => [
  ...under(path, 'ipBlock.cidr', 'ipBlock.except.*'),
  ...labelSelector(`${path}.podSelector`),
  ...labelSelector(`${path}.namespaceSelector`),
];
const ports = (path: string): string[] => under(path, 'port', 'endPort', 'protocol');
const backend = (path: string): string[] => [
  ...under(`${path}.service`, 'name', 'port.name', 'port.number'),
  ...under(`${path}.resource`, 'apiGroup', 'kind', 'name'),
];

/** Networking and discovery (pkg/apis/{networking,discovery}/validation, pkg/controller/endpointslice). */
export const NETWORKING: KindTable = {
  // The network plugin enforces what stands there.
  'networking.k8s.io/NetworkPolicy': fields(
    reversible(
      'spec.policyTypes.*',
      ...labelSelector('spec.podSelector'),
      ...[...ports('spec.ingress.*.ports.*'), ...peers('spec.ingress.*.from.*')],
      ...[...ports('spec.egress.*.ports.*'), ...peers('spec.egress.*.to.*')],
    ),
  ),

  // The ingress controller routes by what stands there.
  'networking.k8s.io/Ingress': fields(
    reversible(
      ...backend('spec.defaultBackend'),
      ...under('spec.rules.*', 'host', 'http.paths.*.path', 'http.paths.*.pathType'),
      ...backend('spec.rules.*.http.paths.*.backend'),
      ...under('spec.tls.*', 'hosts.*', 'secretName'),
    ),
    look('addresses', SERVED, 'spec.ingressClassName', 'metadata.annotations[kubernetes.io/ingress.class]'),
  ),

  'networking.k8s.io/IngressClass': fields(
    immutable('spec.controller'),
    look('addresses', 'its controller reads other parameters', ...under('spec.parameters', 'apiGroup', 'kind')),
    look(
      'addresses',
      'its controller reads other parameters',
      ...under('spec.parameters', 'name', 'namespace', 'scope'),
    ),
    itself(
      'Ingresses made meanwhile keep the class it gave them',
      'metadata.annotations[ingressclass.kubernetes.io/is-default-class]',
    ),
  ),

  'networking.k8s.io/IPAddress': fields(immutable('spec.parentRef.**')),

  // ValidateServiceCIDRUpdate: one range may be joined by a second.
  'networking.k8s.io/ServiceCIDR': fields(oneWay('a range can be added but not taken away', 'spec.cidrs.*')),

  'discovery.k8s.io/EndpointSlice': fields(
    itself(
      'the endpoint slice controller writes its own again, unless the slice is not managed by it',
      ...['endpoints.**', 'ports.**', 'metadata.labels[endpointslice.kubernetes.io/managed-by]'],
      ...['metadata.labels[kubernetes.io/service-name]', 'metadata.labels[service.kubernetes.io/headless]'],
      'metadata.annotations[endpoints.kubernetes.io/*]',
    ),
    immutable('addressType'),
  ),
};
