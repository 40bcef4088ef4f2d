import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../addons.ts';
import type { ApiClient } from '../api-client.ts';
import { TestbedError } from '../testbed-error.ts';
import { RESOURCE_METRICS_SECONDS } from './intervals.ts';
import type { ServerPod } from './server-pod.ts';

export const METRICS_SERVER_PORT = 4443;

/** metrics-server, built. */
export const METRICS_SERVER: ServerPod = {
  name: 'metrics-server',
  namespace: 'kube-system',
  program: 'metrics-server',
  args: [
    `--secure-port=${METRICS_SERVER_PORT}`,
    '--cert-dir=/data',
    '--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
    '--kubelet-preferred-address-types=InternalIP',
    `--metric-resolution=${RESOURCE_METRICS_SECONDS}s`,
  ],
  port: METRICS_SERVER_PORT,
  portName: 'https',
  servicePort: 443,
  memory: 160,
  readsCluster: true,
};

/** Puts it behind the API server as metrics.k8s.io: `kubectl top` and autoscalers have real figures. */
export const METRICS_API: Manifest = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1beta1.metrics.k8s.io' },
  spec: {
    service: { name: METRICS_SERVER.name, namespace: METRICS_SERVER.namespace },
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    // It signs its own certificate when it starts.
    insecureSkipTLSVerify: true,
  },
};

/** What it needs is two looks at the kubelet; allowed are a few more. */
const MEASURED_TIMEOUT_MS = 6 * RESOURCE_METRICS_SECONDS * 1000;

/** Waits until the API server has a figure of a node. */
export async function untilNodesAreMeasured(api: ApiClient): Promise<void> {
  const deadline = performance.now() + MEASURED_TIMEOUT_MS;
  for (;;) {
    const { status, body } = await api.send('GET', '/apis/metrics.k8s.io/v1beta1/nodes');
    if (status === 200 && (body as { items: unknown[] }).items.length > 0) return;
    if (performance.now() > deadline) throw new TestbedError('metrics-server has no figure of a node');
    await sleep(250);
  }
}
