import { describe, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { noFinding } from './findings.ts';

const SEEDS = [4, 44, 444];
const HOST = 'kubernetes.io/hostname';

/** A workload that is whole, of which an old event says why one of its pods was once refused. */
function onceRefused(seed: number, said: string): World {
  const world = new World(seed);
  const workload = world.workload({ replicas: 2 });
  const lastTimestamp = '2031-05-06T06:10:00Z';
  const set = world.revisionsOf(workload).at(-1)!;
  world.event(set, 'FailedCreate', `Error creating: ${said}`, { type: 'Warning', lastTimestamp });
  return world;
}

/** A workload that is ready, with what its first pod is told and what was said of it as it started. */
function ready(seed: number, container: Loose = {}, podSpec: Loose = {}, events: [string, string][] = []): World {
  const world = new World(seed);
  const workload = world.workload({
    replicas: 1,
    containers: [world.container({ port: 8080, ...container })],
    podSpec,
  });
  const [pod] = world.podsOf(workload);
  for (const [reason, message] of events) world.event(pod!, reason, message, { type: 'Warning', count: 1 });
  return world;
}

const claimed = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
function withClaim(world: World): void {
  world.add('PersistentVolumeClaim', 'v1', 'data', { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } });
}

describe.each(SEEDS)('what only seems to be wrong (seed %i)', (seed) => {
  it('pods were refused before, and are there now', async () => {
    const by = (said: string) => onceRefused(seed, said);
    const forbidden = (why: string) => `pods "x" is forbidden: ${why}`;
    await noFinding(by('admission webhook "images.example" denied the request: no'), 'admission-denied');
    await noFinding(by('Internal error occurred: failed calling webhook "guard.example": Post "https://guard.here.svc:443/check?timeout=10s": dial tcp: connection refused'), 'admission-webhook-unreachable'); // prettier-ignore
    await noFinding(by(forbidden('maximum cpu usage per Container is 1, but limit is 2')), 'limit-range-forbids');
    await noFinding(by(forbidden('no PriorityClass with name gold was found')), 'missing-pod-reference');
    await noFinding(
      by(forbidden('violates PodSecurity "restricted:latest": runAsNonRoot != true')),
      'pod-security-forbids',
    );
    await noFinding(by(forbidden('exceeded quota: budget, requested: pods=1, used: pods=2, limited: pods=2')), 'quota-exceeded'); // prettier-ignore
  });

  it('probes failed while a container started, and it is ready', async () => {
    const refused = 'Readiness probe failed: Get "http://10.0.0.1:8080/": dial tcp 10.0.0.1:8080: connection refused';
    await noFinding(ready(seed, {}, {}, [['Unhealthy', refused]]), 'probe-target');
    const exec = { readinessProbe: { exec: { command: ['check'] }, timeoutSeconds: 1 } };
    const late = 'Readiness probe errored: command "check" timed out after 1s';
    await noFinding(ready(seed, exec, {}, [['Unhealthy', late]]), 'probe-timeout');
  });

  it('a root file system is read-only, and nobody writes to it', async () => {
    await noFinding(ready(seed, { securityContext: { readOnlyRootFilesystem: true } }), 'read-only-root');
  });

  it('a claim is there, and its volume is where the pod is', async () => {
    const world = new World(seed);
    withClaim(world);
    const workload = world.workload({ replicas: 1, podSpec: { volumes: claimed } });
    const [pod] = world.podsOf(workload) as [Loose];
    const [node] = world.list('Node');
    pod.spec.nodeName = node!.metadata.name;
    const values = [node!.metadata.name];
    const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: HOST, operator: 'In', values }] }] };
    const spec = { nodeAffinity: { required } };
    world.add('PersistentVolume', 'v1', 'pv', { spec, status: { phase: 'Bound' } }, null);
    const held = 'Multi-Attach error for volume "pv" Volume is already used by pod(s) x';
    world.event(pod, 'FailedAttachVolume', held, { type: 'Warning' });
    await noFinding(world, 'missing-claim');
    await noFinding(world, 'volume-reach');
    await noFinding(world, 'volume-held');
  });

  it('a node says of every pressure that there is none', async () => {
    const world = ready(seed);
    for (const node of world.list('Node') as Loose[])
      node.status.conditions = [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'DiskPressure', status: 'False' },
        { type: 'Ready', status: 'True' },
      ];
    await noFinding(world, 'node-condition');
  });

  it('an Ingress leads to a Service and a port by its name, with a certificate that is there', async () => {
    const world = new World(seed);
    const { metadata, spec } = world.serviceFor(world.workload()) as Loose;
    world.secret(['tls.crt', 'tls.key'], { name: 'shop-tls', type: 'kubernetes.io/tls' });
    const backend = { service: { name: metadata.name, port: { name: spec.ports[0].name } } };
    const paths = [{ path: '/', pathType: 'Prefix', backend }];
    world.add('Ingress', 'networking.k8s.io/v1', 'front', {
      spec: { tls: [{ hosts: ['shop.example'], secretName: 'shop-tls' }], rules: [{ http: { paths } }] },
    });
    await noFinding(world, 'ingress-backend');
  });

  it('a workload was made smaller, and runs', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 1 });
    const set = world.revisionsOf(workload)[0]!.metadata.name;
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} from 3 to 1`);
    world.serviceFor(workload);
    await noFinding(world, 'workload-scaled-to-zero');
  });
});
