import { REDIS_IMAGE } from '../images.ts';
import type { ShopService, ShopStore } from './topology.ts';
import { claimName, REDIS_PORT, SHOP_IMAGE, SHOP_NAMESPACE, SHOP_SERVICES, SHOP_STORES } from './topology.ts';

/** A Kubernetes object as it is sent to the API server. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

const ADDRESSES = 'shop-addresses';
const SETTINGS = 'shop-settings';
const RUN_AS = { runAsNonRoot: true, runAsUser: 999, runAsGroup: 999 };
const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * All objects of the shop in the order in which they must be created.
 * @param password gives a service's password for its store; asked once per service that has one
 */
export function shopManifests(password: (service: string) => string): Manifest[] {
  const passwords = new Map(SHOP_SERVICES.filter((s) => s.store).map((s) => [s.name, password(s.name)]));
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP_NAMESPACE, labels: partOf() } },
    addressBook(),
    settings(),
    ...[...passwords].map(([name, secret]) => credentialsOf(name, secret)),
    ...SHOP_STORES.flatMap((store) => storeManifests(store, passwords)),
    ...SHOP_SERVICES.flatMap(serviceManifests),
    loadGenerator(),
  ];
}

/** Name of the Secret that holds a service's user and password for its store. */
export function credentialsName(service: string): string {
  return `${service}-redis`;
}

function addressBook(): Manifest {
  const data: Record<string, string> = {};
  for (const { name, port } of SHOP_SERVICES) data[name] = `${name}:${port}`;
  for (const { name } of SHOP_STORES) data[name] = `${name}:${REDIS_PORT}`;
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: named(ADDRESSES), data };
}

function settings(): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: named(SETTINGS), data: { 'requests-per-second': '2' } };
}

function credentialsOf(service: string, password: string): Manifest {
  const stringData = { username: service, password };
  return { apiVersion: 'v1', kind: 'Secret', metadata: named(credentialsName(service)), type: 'Opaque', stringData };
}

function serviceManifests(spec: ShopService): Manifest[] {
  const env = [
    ...spec.calls.map((callee) => fromConfig(`${envName(callee)}_ADDRESS`, ADDRESSES, callee)),
    ...(spec.store ? storeEnv(spec.name, spec.store) : []),
    fromConfig('OTEL_EXPORTER_OTLP_ENDPOINT', SETTINGS, 'otlp-endpoint', true),
  ];
  const container = shopContainer(spec.name, spec.port, env);
  // One pod at a time goes before its successor comes: the shop is deployed on machines without room for a surge.
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } };
  return [
    serviceFor(spec.name, spec.port, 'http', spec.targetPort === 'by-name' ? 'http' : spec.port),
    deployment(spec.name, spec.replicas, strategy, { containers: [container] }, scraped(spec.port)),
  ];
}

function storeManifests(store: ShopStore, passwords: Map<string, string>): Manifest[] {
  const users = SHOP_SERVICES.filter((s) => s.store === store.name);
  const acl =
    ['user default off', ...users.map(({ name }) => aclUser(name, passwords.get(name) ?? ''))].join('\n') + '\n';
  const usersSecret = `${store.name}-users`;
  const claim: Manifest = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: named(claimName(store.name)),
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } },
  };
  const data = store.persistent ? { persistentVolumeClaim: { claimName: claimName(store.name) } } : { emptyDir: {} };
  const volumes = [
    { name: 'data', ...data },
    { name: 'users', secret: { secretName: usersSecret } },
  ];
  return [
    ...(store.persistent ? [claim] : []),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: named(usersSecret),
      type: 'Opaque',
      stringData: { 'users.acl': acl },
    },
    serviceFor(store.name, REDIS_PORT, 'redis', 'redis'),
    deployment(store.name, 1, { type: 'Recreate' }, { containers: [redisContainer()], volumes }),
  ];
}

function loadGenerator(): Manifest {
  const env = [
    fromConfig('FRONTEND_ADDRESS', ADDRESSES, 'frontend'),
    fromConfig('REQUESTS_PER_SECOND', SETTINGS, 'requests-per-second'),
  ];
  const container = shopContainer('loadgen', 9090, env);
  return deployment('loadgen', 1, { type: 'Recreate' }, { containers: [container] }, scraped(9090));
}

/** A service's ACL user may use its own keys only. */
function aclUser(service: string, password: string): string {
  return `user ${service} on >${password} ~${service}:* resetchannels -@all +@read +@write -@dangerous`;
}

function shopContainer(role: string, port: number, env: unknown[]): Record<string, unknown> {
  return {
    name: role,
    image: SHOP_IMAGE,
    args: [role],
    env,
    ports: [{ name: 'http', containerPort: port }],
    readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1, failureThreshold: 3 },
    livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 10, failureThreshold: 3 },
    resources: { requests: { cpu: '5m', memory: '16Mi' }, limits: { memory: '64Mi' } },
    securityContext: CONTAINER_SECURITY,
  };
}

function redisContainer(): Record<string, unknown> {
  const args = [
    '--port',
    String(REDIS_PORT),
    '--dir',
    '/data',
    '--appendonly',
    'yes',
    '--aclfile',
    '/etc/redis/users.acl',
  ];
  return {
    name: 'redis',
    image: REDIS_IMAGE,
    args: [...args, '--maxmemory', '32mb', '--protected-mode', 'no'],
    ports: [{ name: 'redis', containerPort: REDIS_PORT }],
    readinessProbe: { tcpSocket: { port: 'redis' }, periodSeconds: 1, failureThreshold: 3 },
    livenessProbe: { tcpSocket: { port: 'redis' }, periodSeconds: 10, failureThreshold: 3 },
    resources: { requests: { cpu: '5m', memory: '16Mi' }, limits: { memory: '64Mi' } },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'users', mountPath: '/etc/redis', readOnly: true },
    ],
  };
}

function deployment(
  name: string,
  replicas: number,
  strategy: unknown,
  podSpec: Record<string, unknown>,
  annotations?: Record<string, string>,
): Manifest {
  const selector = { 'app.kubernetes.io/name': name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: named(name),
    spec: {
      replicas,
      revisionHistoryLimit: 5,
      progressDeadlineSeconds: 120,
      strategy,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: { ...selector, ...partOf() }, annotations },
        spec: {
          ...podSpec,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: RUN_AS,
          // Every process of the shop ends at once when told to.
          terminationGracePeriodSeconds: 3,
        },
      },
    },
  };
}

function serviceFor(name: string, port: number, portName: string, targetPort: string | number): Manifest {
  const spec = { selector: { 'app.kubernetes.io/name': name }, ports: [{ name: portName, port, targetPort }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: named(name), spec };
}

function storeEnv(service: string, store: string): unknown[] {
  const secret = (name: string, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: credentialsName(service), key } },
  });
  return [
    fromConfig('REDIS_ADDRESS', ADDRESSES, store),
    secret('REDIS_USERNAME', 'username'),
    secret('REDIS_PASSWORD', 'password'),
  ];
}

function fromConfig(name: string, configMap: string, key: string, optional?: boolean): unknown {
  const configMapKeyRef = optional ? { name: configMap, key, optional } : { name: configMap, key };
  return { name, valueFrom: { configMapKeyRef } };
}

function scraped(port: number): Record<string, string> {
  return { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(port) };
}

function named(name: string): Manifest['metadata'] {
  return { name, namespace: SHOP_NAMESPACE, labels: { 'app.kubernetes.io/name': name, ...partOf() } };
}

function partOf(): Record<string, string> {
  return { 'app.kubernetes.io/part-of': 'hotel-reservation' };
}

function envName(service: string): string {
  return service.toUpperCase().replaceAll('-', '_');
}
