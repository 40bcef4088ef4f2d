import { BUSYBOX_IMAGE } from '../../testbed/images.ts';

/** Of it only the model may know something: its image never existed, so that no rule has a fix. */
export const ILL = 'orders';
/** Healthy, with a Service. */
export const WELL = 'ledger';

/** A namespace in which one new workload cannot start and another serves. */
export function hopelessScene(namespace: string): object[] {
  const workload = (name: string, container: object) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name, ...container }] },
      },
    },
  });
  return [
    workload(ILL, { image: 'registry.invalid/orders:9', imagePullPolicy: 'Never' }),
    workload(WELL, {
      image: BUSYBOX_IMAGE,
      args: ['-c', 'trap exit TERM; sleep 3600 & wait'],
      ports: [{ containerPort: 7070, name: 'books' }],
    }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: WELL, namespace },
      spec: { selector: { app: WELL }, ports: [{ name: 'books', port: 7070, targetPort: 'books' }] },
    },
  ];
}
