import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import type { Manifest } from '../addons.ts';
import type { ApiClient } from '../api-client.ts';
import { programOf, REAL_NODE_NAME } from '../control-plane.ts';
import type { DebianProgram } from '../debian-programs.ts';
import { buildImage, importImage, programWithLibraries } from '../images.ts';
import { describeInstance, readRecord } from '../instance-record.ts';
import { slotNetwork } from '../slots.ts';
import { untilAnswers, type TelemetryContext } from './server.ts';
import { MONITORING_NAMESPACE } from './services.ts';

/** A server of a Debian package that runs in a pod: it needs files at fixed paths, or has to look from inside the cluster. */
export interface DebianPod {
  /** Of its Deployment, Service and ConfigMap in the namespace `monitoring`. */
  readonly name: string;
  readonly program: DebianProgram;
  readonly image: string;
  /** Files that it opens below /usr/share, as the package has them. */
  readonly shared: readonly string[];
  readonly args: readonly string[];
  /** On the node's own address too: the pod shares the node's network. */
  readonly port: number;
  readonly healthPath: string;
  /** Written as JSON, which is YAML, to /etc/NAME/config.yml. */
  readonly config: unknown;
}

/** Starts it and waits until it answers; its memory is bounded by its pod's limit. */
export async function startDebianPod(context: TelemetryContext, api: ApiClient, pod: DebianPod): Promise<void> {
  const path = programOf(context, pod.program);
  const target = `usr/bin/${pod.program}`;
  const share = join(dirname(path), '..', 'share');
  const image = buildImage({
    name: pod.image,
    files: [
      ...(await programWithLibraries(path, target)),
      ...pod.shared.map((file) => ({ name: `usr/share/${file}`, data: readFileSync(join(share, file)) })),
      { name: 'tmp/', mode: 0o1777 },
    ],
    entrypoint: [`/${target}`],
    user: '65534',
  });
  const record = readRecord(context.folder)!;
  await importImage(describeInstance(context.folder, record), image);
  for (const manifest of manifestsOf(pod)) await api.create(manifest);
  const kubelet = record.processes.find(({ name }) => name === 'kubelet')!;
  const { nodeAddress } = slotNetwork(context.record.slot);
  await untilAnswers({ ...kubelet, name: pod.name }, `http://${nodeAddress}:${pod.port}${pod.healthPath}`);
}

function manifestsOf(pod: DebianPod): Manifest[] {
  const labels = { 'app.kubernetes.io/name': pod.name };
  const metadata = { name: pod.name, namespace: MONITORING_NAMESPACE, labels };
  const probe = { httpGet: { path: pod.healthPath, port: 'http' } };
  const container = {
    name: pod.name,
    image: pod.image,
    args: pod.args,
    ports: [{ name: 'http', containerPort: pod.port }],
    readinessProbe: { ...probe, periodSeconds: 1 },
    livenessProbe: { ...probe, periodSeconds: 10 },
    resources: { requests: { cpu: '5m', memory: '32Mi' }, limits: { memory: '96Mi' } },
    env: [{ name: 'GOMEMLIMIT', value: '72MiB' }],
    volumeMounts: [
      { name: 'config', mountPath: `/etc/${pod.name}`, readOnly: true },
      { name: 'data', mountPath: '/data' },
    ],
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'config.yml': JSON.stringify(pod.config, null, 2) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        // Two could not have the port.
        strategy: { type: 'Recreate' },
        template: {
          metadata: { labels },
          spec: {
            nodeSelector: { 'kubernetes.io/hostname': REAL_NODE_NAME },
            hostNetwork: true,
            dnsPolicy: 'ClusterFirstWithHostNet',
            automountServiceAccountToken: false,
            containers: [container],
            volumes: [
              { name: 'config', configMap: { name: pod.name } },
              { name: 'data', emptyDir: {} },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: 'http', port: pod.port, targetPort: 'http' }] },
    },
  ];
}
