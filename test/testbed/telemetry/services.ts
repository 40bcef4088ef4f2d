import type { Manifest } from '../addons.ts';

export const MONITORING_NAMESPACE = 'monitoring';

/**
 * A Service whose server runs on the host: without a selector, with the host's address as its endpoint. Pods reach it by
 * name, and so does whoever asks through the API server's service proxy, as with a server in a pod.
 * @param where namespace, `monitoring` when left out, and further fields of the Service
 */
export function hostService(
  name: string,
  port: number,
  server: { readonly address: string; readonly port: number },
  where: { readonly namespace?: string; readonly portName?: string } = {},
): Manifest[] {
  const { namespace = MONITORING_NAMESPACE, portName = 'http' } = where;
  const metadata = { name, namespace, labels: { 'app.kubernetes.io/name': name } };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ name: portName, port, targetPort: server.port }] },
    },
    // The service proxy reads Endpoints; the control plane mirrors them to an EndpointSlice.
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      subsets: [{ addresses: [{ ip: server.address }], ports: [{ name: portName, port: server.port }] }],
    },
  ];
}
