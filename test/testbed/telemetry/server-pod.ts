import type { Manifest } from '../addons.ts';
import type { Binary } from '../build.ts';
import { REAL_NODE_NAME } from '../control-plane.ts';
import type { DebianProgram } from '../debian-programs.ts';
import { NODE_BIN } from '../node/node-namespace.ts';

export const MONITORING_NAMESPACE = 'monitoring';
/** Loader and libraries of this machine's programs; the programs themselves are mounted from the node. */
export const SERVER_IMAGE = 'testbed.local/server:1';

/**
 * A server of telemetry in a pod that shares the node's network: whoever asks the API server's service proxy finds it, pods
 * reach it by name, the host at the node's address, and it ends with the node.
 */
export interface ServerPod {
  /** Of its Deployment, Service, ConfigMap and ServiceAccount. */
  readonly name: string;
  /** `monitoring` when left out. */
  readonly namespace?: string;
  readonly program: Binary | DebianProgram;
  readonly args: readonly string[];
  /** Nobody else has it at the node's address. */
  readonly port: number;
  readonly portName?: string;
  /** Port of its Service; as `port` when left out. */
  readonly servicePort?: number;
  /** Path that answers 200 when it is ready; it is enough to listen when left out. */
  readonly healthPath?: string;
  /** Limit in MiB; the heap is told to stay below three quarters of it. */
  readonly memory: number;
  /** Files below /etc/NAME, by name. JSON is YAML, which all servers read. */
  readonly files?: Readonly<Record<string, string>>;
  /** With a ServiceAccount that may do everything. */
  readonly readsCluster?: boolean;
  /** Folders of the node, by where they are mounted; read-only but /data. Without one /data is empty at first. */
  readonly folders?: Readonly<Record<string, string>>;
  /** A second program beside it, with the same mounts. */
  readonly helper?: { readonly program: Binary; readonly args: readonly string[] };
}

export function manifestsOf(pod: ServerPod): Manifest[] {
  const namespace = pod.namespace ?? MONITORING_NAMESPACE;
  const labels = { 'app.kubernetes.io/name': pod.name };
  const metadata = { name: pod.name, namespace, labels };
  const portName = pod.portName ?? 'http';
  const account = { kind: 'ServiceAccount', name: pod.name, namespace };
  return [
    ...(pod.files ? [{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: pod.files }] : []),
    ...(pod.readsCluster
      ? [
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
          {
            apiVersion: 'rbac.authorization.k8s.io/v1',
            kind: 'ClusterRoleBinding',
            metadata: { name: `testbed-${pod.name}` },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
            subjects: [account],
          },
        ]
      : []),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        // Two could not have the port.
        strategy: { type: 'Recreate' },
        template: { metadata: { labels }, spec: podSpec(pod, portName) },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: portName, port: pod.servicePort ?? pod.port, targetPort: portName }] },
    },
  ];
}

function podSpec(pod: ServerPod, portName: string): unknown {
  const probe = pod.healthPath
    ? { httpGet: { path: pod.healthPath, port: portName } }
    : { tcpSocket: { port: portName } };
  const shared = {
    image: SERVER_IMAGE,
    env: [{ name: 'GOMEMLIMIT', value: `${Math.floor(pod.memory * 0.75)}MiB` }],
    resources: { requests: { cpu: '5m', memory: '16Mi' }, limits: { memory: `${pod.memory}Mi` } },
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'programs', mountPath: '/programs', readOnly: true },
      ...(pod.files ? [{ name: 'config', mountPath: `/etc/${pod.name}`, readOnly: true }] : []),
      ...folders(pod).map(([mountPath], index) => ({ name: `folder-${index}`, mountPath, readOnly: true })),
    ],
  };
  const server = {
    ...shared,
    name: pod.name,
    command: [`/programs/${pod.program}`],
    args: pod.args,
    ports: [{ name: portName, containerPort: pod.port }],
    readinessProbe: { ...probe, periodSeconds: 1, failureThreshold: 5 },
    livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 },
  };
  const { helper } = pod;
  return {
    nodeSelector: { 'kubernetes.io/hostname': REAL_NODE_NAME },
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 3,
    ...(pod.readsCluster ? { serviceAccountName: pod.name } : { automountServiceAccountToken: false }),
    containers: [
      server,
      ...(helper
        ? [{ ...shared, name: helper.program, command: [`/programs/${helper.program}`], args: helper.args }]
        : []),
    ],
    volumes: [
      { name: 'data', ...(pod.folders?.['/data'] ? hostPath(pod.folders['/data']) : { emptyDir: {} }) },
      { name: 'programs', ...hostPath(NODE_BIN) },
      ...(pod.files ? [{ name: 'config', configMap: { name: pod.name } }] : []),
      ...folders(pod).map(([, path], index) => ({ name: `folder-${index}`, ...hostPath(path) })),
    ],
  };
}

function folders(pod: ServerPod): [string, string][] {
  return Object.entries(pod.folders ?? {}).filter(([mountPath]) => mountPath !== '/data');
}

function hostPath(path: string) {
  return { hostPath: { path, type: 'Directory' } };
}
