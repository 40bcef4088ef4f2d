import { join } from 'node:path';
import type { ApiClient } from '../api-client.ts';
import { startComponent } from '../control-plane.ts';
import { instanceFiles } from '../instance-record.ts';
import { addressOf, untilAnswers, type TelemetryContext } from './server.ts';
import { hostService } from './services.ts';

const RESOURCES = [
  'configmaps',
  'cronjobs',
  'daemonsets',
  'deployments',
  'endpointslices',
  'horizontalpodautoscalers',
  'ingresses',
  'jobs',
  'limitranges',
  'namespaces',
  'nodes',
  'persistentvolumeclaims',
  'persistentvolumes',
  'poddisruptionbudgets',
  'pods',
  'replicasets',
  'resourcequotas',
  'secrets',
  'services',
  'statefulsets',
  'storageclasses',
];

/** kube-state-metrics, built: what objects say, as metrics. */
export async function startKubeStateMetrics(context: TelemetryContext, api: ApiClient): Promise<void> {
  const address = addressOf(context);
  const { kubeStateMetrics: port, kubeStateMetricsSelf } = context.ports;
  const server = await startComponent(
    context,
    'kube-state-metrics',
    [
      `--kubeconfig=${join(instanceFiles(context.folder).pki, 'telemetry.kubeconfig')}`,
      `--host=${address}`,
      `--port=${port}`,
      `--telemetry-host=${address}`,
      `--telemetry-port=${kubeStateMetricsSelf}`,
      `--resources=${RESOURCES.join(',')}`,
      '--metric-labels-allowlist=pods=[app.kubernetes.io/name],deployments=[app.kubernetes.io/name]',
    ],
    { GOMEMLIMIT: '128MiB' },
  );
  await untilAnswers(server, `http://${address}:${port}/healthz`);
  for (const manifest of hostService('kube-state-metrics', 8080, { address, port })) await api.create(manifest);
}
