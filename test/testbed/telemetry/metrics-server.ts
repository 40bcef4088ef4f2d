import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';
import { METRICS_SERVER, startComponent } from '../control-plane.ts';
import { instanceFiles } from '../instance-record.ts';
import { isRunning, logTail, type ProcessRecord } from '../processes.ts';
import { TestbedError } from '../testbed-error.ts';
import { RESOURCE_METRICS_SECONDS } from './intervals.ts';
import { addressOf, type TelemetryContext } from './server.ts';
import { hostService } from './services.ts';

/** What it needs is two looks at the kubelet; allowed are a few more. */
const READY_TIMEOUT_MS = 6 * RESOURCE_METRICS_SECONDS * 1000;

/**
 * metrics-server, built, behind the API server as metrics.k8s.io: `kubectl top` and autoscalers have real figures. Returns
 * when the API server has a figure for a node.
 */
export async function startMetricsServer(context: TelemetryContext, api: ApiClient): Promise<void> {
  const address = addressOf(context);
  const port = context.ports.metricsServer;
  const pki = (name: string) => join(instanceFiles(context.folder).pki, name);
  const kubeconfig = pki('telemetry.kubeconfig');
  const server = await startComponent(
    context,
    'metrics-server',
    [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      `--bind-address=${address}`,
      `--secure-port=${port}`,
      `--tls-cert-file=${pki('metrics-server.crt')}`,
      `--tls-private-key-file=${pki('metrics-server.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--metric-resolution=${RESOURCE_METRICS_SECONDS}s`,
    ],
    { GOMEMLIMIT: '96MiB' },
  );
  const { name, namespace } = METRICS_SERVER;
  for (const manifest of hostService(name, 443, { address, port }, { namespace, portName: 'https' })) {
    await api.create(manifest);
  }
  await api.create({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      service: METRICS_SERVER,
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: readFileSync(pki('ca.crt')).toString('base64'),
    },
  } as never);
  await untilMeasured(server, api);
}

async function untilMeasured(server: ProcessRecord, api: ApiClient): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const { status, body } = await api.send('GET', '/apis/metrics.k8s.io/v1beta1/nodes');
    if (status === 200 && (body as { items: unknown[] }).items.length > 0) return;
    if (!isRunning(server) || performance.now() > deadline) {
      throw new TestbedError('metrics-server had no figure of a node', logTail(server.log));
    }
    await sleep(250);
  }
}
