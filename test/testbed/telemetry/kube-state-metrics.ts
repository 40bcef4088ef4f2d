import type { ServerPod } from './server-pod.ts';

export const KUBE_STATE_METRICS_PORT = 8080;

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
export const KUBE_STATE_METRICS: ServerPod = {
  name: 'kube-state-metrics',
  program: 'kube-state-metrics',
  args: [
    `--port=${KUBE_STATE_METRICS_PORT}`,
    '--telemetry-port=8081',
    `--resources=${RESOURCES.join(',')}`,
    '--metric-labels-allowlist=pods=[app.kubernetes.io/name],deployments=[app.kubernetes.io/name]',
  ],
  port: KUBE_STATE_METRICS_PORT,
  healthPath: '/healthz',
  memory: 192,
  readsCluster: true,
};
