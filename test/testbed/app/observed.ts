import { createAuthority, issueCertificate } from '../certificates.ts';
import type { TelemetryKind } from '../instance-record.ts';
import type { Manifest } from './manifests.ts';
import { SHOP_NAMESPACE, SHOP_REQUEST } from './topology.ts';

/**
 * The shop as it is deployed where telemetry watches it: with the load, the waiting times and the limits of a small real
 * application, so that there is something to see, and with settings that can go wrong without any pod becoming unready.
 */

/** Key `requests-per-second` of the shop's settings. */
export const OBSERVED_LOAD = 8;
export const SETTINGS = 'shop-settings';
export const TLS_SECRET = 'frontend-tls';
export const SMALL_DISK_CLASS = 'small-disk';
export const CERTIFICATE_DAYS = 90;
export const SEARCH_AUTOSCALER = { min: 2, max: 6, cpu: '30m' };
const TLS_PORT = 5443;
/** A place some way from every hotel. */
const PROBE_PATH = '/hotels?lat=37.79&lon=-122.4';

/** What a request costs a service beside its calls, in milliseconds: waiting, and time of a processor. */
const WORK: Readonly<Record<string, { readonly wait: number; readonly compute?: number }>> = {
  frontend: { wait: 4 },
  search: { wait: 4, compute: 4 },
  geo: { wait: 10 },
  rate: { wait: 20 },
  profile: { wait: 8 },
  recommendation: { wait: 12 },
  user: { wait: 6 },
  reservation: { wait: 10 },
};

const REPLICAS: Readonly<Record<string, number>> = { rate: 3 };

/** Variables of one service, by name. */
const VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  frontend: { JOURNAL_FOLDER: '/var/lib/journal', SETTINGS_FOLDER: '/etc/shop', TLS_FOLDER: '/etc/tls' },
  search: { UPSTREAM_ATTEMPTS: '1', UPSTREAM_RETRY_AFTER_MS: '1000' },
  geo: { REDIS_POOL_SIZE: '16', REDIS_POOL_LINGER_MS: '250', SEARCH_RADIUS_KM: '10' },
  profile: { PICTURES_MEGABYTES: '36' },
  loadgen: { SETTINGS_FOLDER: '/etc/shop' },
};

/** @param plain all objects of the shop as it is deployed without telemetry */
export function observedShop(plain: readonly Manifest[], kind: TelemetryKind): Manifest[] {
  return [
    ...plain.map((manifest) => observed(structuredClone(manifest), kind)),
    certificate(),
    journalClaim(),
    tlsService(),
    ...(kind === 'all' ? [autoscaler()] : []),
  ];
}

function observed(manifest: Manifest, kind: TelemetryKind): Manifest {
  const { name } = manifest.metadata;
  if (manifest.kind === 'ConfigMap' && name === SETTINGS) {
    const otlp = kind === 'all' ? { 'otlp-endpoint': 'http://otel-collector.monitoring:4318' } : {};
    return { ...manifest, data: { ...SHOP_SETTINGS, ...otlp } };
  }
  if (manifest.kind === 'Service' && name === SHOP_REQUEST.service) {
    manifest.metadata.annotations = probed('hotels', 'http', PROBE_PATH);
  }
  if (manifest.kind === 'Deployment') {
    const spec = manifest['spec'] as DeploymentSpec;
    spec.replicas = REPLICAS[name] ?? spec.replicas;
    const [container] = spec.template.spec.containers;
    if (container && !name.startsWith('redis')) observeContainer(name, container);
    if (name === 'search' && container) container.resources.limits.cpu = '100m';
    if (name === 'frontend' && container) mountFrontend(spec.template.spec, container);
    if (name === 'loadgen' && container) mount(spec.template.spec, container, 'settings', '/etc/shop', SETTINGS_VOLUME);
  }
  return manifest;
}

/** Key and value as the application reads them. */
export const SHOP_SETTINGS = {
  'requests-per-second': String(OBSERVED_LOAD),
  'journal-detail': 'brief',
  'journal-keep-megabytes': '8',
};

interface DeploymentSpec {
  replicas: number;
  template: { spec: PodSpec };
}
interface PodSpec {
  containers: Container[];
  volumes?: Record<string, unknown>[];
}
interface Container {
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  ports: { name: string; containerPort: number }[];
  resources: { limits: Record<string, string> };
  volumeMounts?: Record<string, unknown>[];
}

function observeContainer(service: string, container: Container): void {
  const { wait, compute } = WORK[service] ?? {};
  const values = {
    ...(wait ? { WORK_MS: String(wait) } : {}),
    ...(compute ? { WORK_CPU_MS: String(compute) } : {}),
    ...VARIABLES[service],
    CHAOS: 'allowed',
  };
  container.env = [
    ...(container.env ?? []),
    fromField('POD_NAME', 'metadata.name'),
    fromField('POD_NAMESPACE', 'metadata.namespace'),
    fromField('NODE_NAME', 'spec.nodeName'),
    { name: 'OTEL_RESOURCE_ATTRIBUTES', value: RESOURCE },
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
  ];
}

/** Names of OpenTelemetry's semantic conventions. */
const RESOURCE = [
  'k8s.namespace.name=$(POD_NAMESPACE)',
  'k8s.pod.name=$(POD_NAME)',
  'k8s.node.name=$(NODE_NAME)',
  'service.namespace=hotel-reservation',
].join(',');

function fromField(name: string, fieldPath: string) {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

const SETTINGS_VOLUME = { configMap: { name: SETTINGS } };

function mountFrontend(pod: PodSpec, container: Container): void {
  container.ports.push({ name: 'https', containerPort: TLS_PORT });
  mount(pod, container, 'settings', '/etc/shop', SETTINGS_VOLUME);
  mount(pod, container, 'tls', '/etc/tls', { secret: { secretName: TLS_SECRET } });
  mount(pod, container, 'journal', '/var/lib/journal', { persistentVolumeClaim: { claimName: 'frontend-journal' } });
}

function mount(pod: PodSpec, container: Container, name: string, mountPath: string, source: object): void {
  pod.volumes = [...(pod.volumes ?? []), { name, ...source }];
  container.volumeMounts = [
    ...(container.volumeMounts ?? []),
    { name, mountPath, ...(name === 'journal' ? {} : { readOnly: true }) },
  ];
}

/** A claim on the small file system that a cluster with telemetry has (small-volume.ts). */
function journalClaim(): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: named('frontend-journal'),
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: SMALL_DISK_CLASS,
      resources: { requests: { storage: '48Mi' } },
    },
  };
}

function certificate(): Manifest {
  return { apiVersion: 'v1', kind: 'Secret', metadata: named(TLS_SECRET), ...tlsSecretData(CERTIFICATE_DAYS) };
}

/** Type and content of the shop's TLS Secret, with a fresh certificate that ends in so many days. */
export function tlsSecretData(days: number) {
  const host = `${TLS_SECRET}.${SHOP_NAMESPACE}.svc`;
  const pair = issueCertificate(createAuthority('hotel-reservation'), { commonName: host, dnsNames: [host], days });
  return { type: 'kubernetes.io/tls', stringData: { 'tls.crt': pair.certificate, 'tls.key': pair.key } };
}

function tlsService(): Manifest {
  const { labels, ...rest } = named(TLS_SECRET);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...rest, labels: labels!, annotations: probed('https', 'https', '/healthz') },
    spec: {
      selector: { 'app.kubernetes.io/name': 'frontend' },
      ports: [{ name: 'https', port: 443, targetPort: 'https' }],
    },
  };
}

function autoscaler(): Manifest {
  const { min, max, cpu } = SEARCH_AUTOSCALER;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: named('search'),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'search' },
      minReplicas: min,
      maxReplicas: max,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: cpu } } }],
      // Five minutes, as it comes, would be most of what a test waits for.
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    },
  };
}

/** What blackbox-exporter is to ask (its modules are in blackbox.ts). */
function probed(module: string, scheme: string, path: string): Record<string, string> {
  return {
    'prometheus.io/probe': module,
    'prometheus.io/probe-scheme': scheme,
    'prometheus.io/probe-path': path,
  };
}

function named(name: string): Manifest['metadata'] {
  return {
    name,
    namespace: SHOP_NAMESPACE,
    labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'hotel-reservation' },
  };
}
