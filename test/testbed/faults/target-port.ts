import type { Fault } from './fault.ts';

export const targetPort: Fault = {
  name: 'target-port',
  summary: 'a Service sends its traffic to a port that no container listens on',
  needs: 'any',
  targets: ['profile', 'geo', 'search', 'rate'],
  touches: (target) => [`service/${target}`],
  async inject({ kubectl, namespace, target, pick }) {
    const { spec } = await kubectl.get(servicePath(namespace, target));
    const [first] = spec.ports as { port: number }[];
    const patch = JSON.stringify({
      spec: { ports: [{ port: first?.port, targetPort: pick([9999, 8888, 9090, 18080]) }] },
    });
    await kubectl.run(['patch', 'service', target, '--namespace', namespace, '--patch', patch]);
  },
  async untilVisible({ kubectl, namespace, target }) {
    const { spec } = await kubectl.get(servicePath(namespace, target));
    const [first] = spec.ports as { targetPort: number }[];
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    await kubectl.until(slices, 30_000, (all) => {
      const ports = all
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === target)
        .flatMap((slice) => (slice.ports ?? []) as { port: number }[]);
      return ports.every(({ port }) => port === first?.targetPort) ? '' : `${target} still leads to its old port`;
    });
  },
};

function servicePath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/services/${name}`;
}
