import { BUSYBOX_IMAGE } from '../testbed/images.ts';
import type { GatewayHarness } from './gateway/gateway-harness.ts';

/** The paper's example: a Deployment whose claim asks for a class that is not there. */
export async function deployWithoutClass(gateway: GatewayHarness, className: string): Promise<void> {
  const { namespace } = gateway;
  const labels = { app: 'geo' };
  await gateway.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'geo-pvc', namespace },
    spec: { storageClassName: className, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '16Mi' } } },
  });
  const containers = [
    {
      name: 'geo',
      image: BUSYBOX_IMAGE,
      args: ['-c', 'trap exit TERM; sleep 3600 & wait'],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    },
  ];
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'geo-pvc' } }];
  await gateway.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'geo', namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers, volumes, terminationGracePeriodSeconds: 1 } },
    },
  });
}
