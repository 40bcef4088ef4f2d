import type { App, ConfigObject, Member } from './app-model.ts';
import { memberNamed } from './app-model.ts';
import type { KubeObject } from './api.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The objects of an application in the order in which they must be created; the namespace comes first. */
export function renderApp(app: App): KubeObject[] {
  const objects: KubeObject[] = [
    ...app.configs.map((config) => renderConfig(app, config)),
    ...app.members.flatMap((member) => [
      ...renderClaim(app, member),
      renderService(app, member),
      renderWorkload(app, member),
    ]),
  ];
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: app.namespace } };
  return [namespace, ...(app.applied ? objects.map(asApplied) : objects)];
}

/** A member's claim as it is at the start; the default StorageClass serves it. */
export function renderClaim(app: App, member: Member): KubeObject[] {
  if (!member.volume || member.volume.fromTemplate) return [];
  return [
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: named(app, member.volume.claim), spec: claimSpec() },
  ];
}

/** How a user's request reaches a member: host and port inside the cluster. */
export function addressOf(member: Member): string {
  return `${member.service.name}:${member.service.port}`;
}

function claimSpec(): Record<string, unknown> {
  return { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '16Mi' } } };
}

function renderConfig(app: App, config: ConfigObject): KubeObject {
  const encoded = Object.entries(config.data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const data = config.kind === 'Secret' ? Object.fromEntries(encoded) : config.data;
  return { apiVersion: 'v1', kind: config.kind, metadata: named(app, config.name), data };
}

function renderService(app: App, member: Member): KubeObject {
  const { name, port, portName, targetPort, extraPort } = member.service;
  const ports = [withName({ port, targetPort }, portName)];
  if (extraPort) ports.push({ ...extraPort, targetPort: member.port });
  const spec = { selector: { [app.labelKey]: member.workload }, ports };
  return { apiVersion: 'v1', kind: 'Service', metadata: named(app, name), spec };
}

function renderWorkload(app: App, member: Member): KubeObject {
  const labels = { [app.labelKey]: member.workload };
  const spec: Record<string, unknown> = {
    replicas: member.replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels: { ...app.commonLabels, ...labels } }, spec: podSpec(app, member) },
  };
  if (member.kind === 'Deployment') {
    spec.strategy = rolloutStrategy(member);
  } else {
    spec.serviceName = member.service.name;
    spec.podManagementPolicy = member.podManagement;
    if (member.volume?.fromTemplate) {
      spec.volumeClaimTemplates = [{ metadata: { name: member.volume.name }, spec: claimSpec() }];
    }
  }
  return { apiVersion: 'apps/v1', kind: member.kind, metadata: named(app, member.workload), spec };
}

function rolloutStrategy(member: Member): Record<string, unknown> {
  if (member.rollout === 'recreate') return { type: 'Recreate' };
  if (member.rollout === 'gradual') return { type: 'RollingUpdate' };
  return { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%', maxSurge: 0 } };
}

function podSpec(app: App, member: Member): Record<string, unknown> {
  return {
    terminationGracePeriodSeconds: 2,
    containers: [container(app, member)],
    volumes: [...fileVolumes(member), ...dataVolume(member)],
  };
}

function container(app: App, member: Member): Record<string, unknown> {
  const port = member.portName ?? member.port;
  const probe = member.probe === 'http' ? { httpGet: { path: '/readyz', port } } : { tcpSocket: { port } };
  const mounts = member.settings.flatMap(({ file }) => (file ? [{ name: file.volume, mountPath: file.mount }] : []));
  if (member.volume) mounts.push({ name: member.volume.name, mountPath: member.volume.mount });
  return {
    name: member.container,
    image: app.image,
    args: nodeArguments(app, member),
    env: member.settings.flatMap((setting) => {
      if (!setting.env) return [];
      const ref = { name: setting.object, key: setting.key };
      const valueFrom = setting.kind === 'Secret' ? { secretKeyRef: ref } : { configMapKeyRef: ref };
      return [{ name: setting.env, valueFrom }];
    }),
    ports: [withName({ containerPort: member.port }, member.portName)],
    readinessProbe: { ...probe, periodSeconds: 1 },
    resources: { requests: { cpu: '5m', memory: '16Mi' }, limits: { memory: '64Mi' } },
    volumeMounts: mounts,
  };
}

function nodeArguments(app: App, member: Member): string[] {
  return [
    'node',
    `--name=${member.workload}`,
    `--listen=:${member.port}`,
    ...member.calls.map((callee) => `--upstream=${addressOf(memberNamed(app, callee))}`),
    ...member.settings.flatMap(({ env }) => (env ? [`--require-env=${env}`] : [])),
    ...member.settings.flatMap(({ file }) => (file ? [`--require-file=${file.mount}/${file.path}`] : [])),
    ...(member.volume ? [`--data=${member.volume.mount}`] : []),
  ];
}

function fileVolumes(member: Member): unknown[] {
  return member.settings.flatMap(({ kind, object, key, file }) => {
    if (!file) return [];
    const items = [{ key, path: file.path }];
    const source =
      kind === 'Secret' ? { secret: { secretName: object, items } } : { configMap: { name: object, items } };
    return [{ name: file.volume, ...source }];
  });
}

function dataVolume(member: Member): unknown[] {
  if (!member.volume || member.volume.fromTemplate) return [];
  return [{ name: member.volume.name, persistentVolumeClaim: { claimName: member.volume.claim } }];
}

function named(app: App, name: string): KubeObject['metadata'] {
  return { name, namespace: app.namespace, labels: { ...app.commonLabels } };
}

function withName<T extends object>(port: T, name: string | undefined): T & { name?: string } {
  return name ? { name, ...port } : port;
}

function asApplied(object: KubeObject): KubeObject {
  const annotations = {
    [LAST_APPLIED]: `${JSON.stringify({ ...object, metadata: { annotations: {}, ...object.metadata } })}\n`,
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
