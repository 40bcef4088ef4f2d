import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { undeclaredReads } from './declared-kinds.ts';
import type { Loose } from './builders.ts';

/** A healthy cluster of random topology: workloads of all kinds, Services in all forms, configuration, storage, noise. */
function healthyCluster(seed: number): World {
  const world = new World(seed);
  const { random } = world;
  const classes = ['standard', 'fast'].map((name) =>
    world.add(
      'StorageClass',
      'storage.k8s.io/v1',
      name,
      { provisioner: `${name}.example`, volumeBindingMode: random.pick(['Immediate', 'WaitForFirstConsumer']) },
      null,
    ),
  );
  for (let count = random.int(1, 7); count > 0; count--)
    addWorkload(
      world,
      classes.map((each) => each.metadata.name),
    );
  if (random.chance(0.3)) world.service({}, [{ port: 1, targetPort: 2 }], { spec: { selector: undefined } });
  if (random.chance(0.3))
    world.node({}, { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }], unschedulable: true } });
  return world;
}

function addWorkload(world: World, classes: string[]): void {
  const { random } = world;
  const kind = random.pick(['Deployment', 'Deployment', 'StatefulSet', 'DaemonSet'] as const);
  const map = world.configMap({ [random.name()]: 'v', [random.name()]: 'v' });
  const secret = world.secret([random.name()]);
  const ports = Array.from({ length: random.int(0, 3) }, (_, index) => ({
    containerPort: random.port(),
    ...(random.chance(0.7) ? { name: random.pick(['http', 'grpc', 'metrics', 'admin', 'tcp']) + index } : {}),
  }));
  const own = random.port();
  const env: Loose[] = [
    {
      name: random.pick(['PORT', 'LISTEN_ADDR', 'OTHER_PORT']),
      value: random.pick([`${own}`, `:${own}`, `0.0.0.0:${own}`]),
    },
    { name: 'A', valueFrom: { configMapKeyRef: { name: map.metadata.name, key: random.pick(Object.keys(map.data)) } } },
    {
      name: 'B',
      valueFrom: { secretKeyRef: { name: secret.metadata.name, key: random.pick(Object.keys(secret.data)) } },
    },
    { name: 'C', valueFrom: { configMapKeyRef: { name: 'none', key: 'none', optional: true } } },
    { name: 'D', value: `http://${random.name()}.${world.namespace}:80/` },
  ];
  const probe = ports[0] ? random.pick([ports[0].containerPort, ports[0].name ?? ports[0].containerPort]) : own;
  const container = world.container({
    ports: ports.length > 0 ? ports : undefined,
    readinessProbe: random.chance(0.6) ? { httpGet: { path: '/', port: probe } } : undefined,
    env: env.filter(() => random.chance(0.7)),
  });
  const side = world.container({ ports: undefined, readinessProbe: undefined });
  const nodeName = random.pick(world.list('Node')).metadata.name;
  const claim = random.name('claim-');
  const podSpec: Loose = {
    ...(random.chance(0.3) ? { nodeSelector: { 'kubernetes.io/os': 'linux' } } : {}),
    ...(random.chance(0.2) ? { nodeSelector: { 'kubernetes.io/hostname': nodeName } } : {}),
    volumes: [
      { name: 'c', configMap: { name: map.metadata.name } },
      { name: 'd', persistentVolumeClaim: { claimName: claim } },
    ],
  };
  const storageClassName = random.pick(classes);
  const volume = random.name('pv-');
  world.add('PersistentVolume', 'v1', volume, { spec: { storageClassName }, status: { phase: 'Bound' } }, null);
  world.add('PersistentVolumeClaim', 'v1', claim, {
    spec: { storageClassName, volumeName: volume },
    status: { phase: 'Bound' },
  });
  const workload = world.workload({
    kind,
    containers: random.chance(0.3) ? [container, side] : [container],
    podSpec,
    earlier: random.chance(0.5) ? [{ containers: [{ ...container, image: 'old.example/x:1' }] }] : [],
  });
  for (const revision of world.revisionsOf(workload)) {
    if (revision.kind !== 'ReplicaSet') continue;
    world.event(workload, 'ScalingReplicaSet', `Scaled up replica set ${revision.metadata.name} from 0 to 2`);
    if (!revision.spec.replicas)
      world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${revision.metadata.name} from 1 to 0`);
  }
  addService(world, workload, container);
}

function addService(world: World, workload: Loose, container: Loose): void {
  const { random } = world;
  const declared: Loose[] = container.ports ?? [];
  const asked = container.readinessProbe?.httpGet.port;
  const targets = [
    ...declared.flatMap((port) => [port.containerPort, port.name ?? port.containerPort]),
    ...(typeof asked === 'number' ? [asked] : []),
  ];
  // Where nothing is declared or asked, the process may listen anywhere.
  if (targets.length === 0) targets.push(random.port());
  const ports = Array.from({ length: random.int(1, 3) }, (_, index) => {
    const targetPort = random.pick(targets);
    return {
      name: `s${index}`,
      port: random.chance(0.3) && typeof targetPort === 'number' ? targetPort + index : 80 + index,
      targetPort,
    };
  });
  const headless = workload.kind === 'StatefulSet' && random.chance(0.5);
  world.service(workload.spec.template.metadata.labels, ports, headless ? { spec: { clusterIP: 'None' } } : {});
}

describe('a healthy cluster of random topology', () => {
  it('has no findings', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        expect(await healthyCluster(seed).diagnose()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('survives losing any kind to missing rights without findings', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(), async (seed, pick) => {
        const world = healthyCluster(seed);
        const kinds = Object.keys(world.snapshot().objects);
        world.unreadable[kinds[pick % kinds.length]!] = 'forbidden';
        const findings = await world.diagnose();
        expect(findings.filter((finding) => finding.severity !== 'info')).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('gives exactly the finding of one fault put into it, with a fix', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.constantFrom('port', 'zero', 'node', 'image', 'key', 'claim'),
        async (seed, fault) => {
          const world = healthyCluster(seed);
          const expected = inject(world, fault);
          const findings = (await world.diagnose()).filter((finding) => finding.severity !== 'info');
          expect(findings.map((finding) => [finding.rule, finding.object.name])).toEqual([expected]);
          expect(findings[0]!.fixes.length).toBeGreaterThan(0);
          expect(await world.plan()).not.toBeNull();
        },
      ),
      { numRuns: 150 },
    );
  });
});

it('rules look at no kind that they do not declare, whatever is wrong', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.constantFrom('port', 'zero', 'node', 'image', 'key', 'claim'),
      async (seed, fault) => {
        const world = healthyCluster(seed);
        inject(world, fault);
        expect(await undeclaredReads(world.context())).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

/** Adds one faulty workload (with what it needs) and returns the rule and the object that must be found. */
function inject(world: World, fault: string): [string, string] {
  const { random } = world;
  const container = world.container();
  const earlier = [{ containers: [container] }];
  switch (fault) {
    case 'port': {
      const workload = world.workload({ containers: [container] });
      const service = world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: random.port() }]);
      return ['service-target-port', service.metadata.name];
    }
    case 'zero': {
      const workload = world.workload({ replicas: 0, kind: random.pick(['Deployment', 'StatefulSet'] as const) });
      world.serviceFor(workload);
      return ['workload-scaled-to-zero', workload.metadata.name];
    }
    case 'node': {
      const nodeSelector = { [random.name()]: random.name() };
      const workload = world.workload({
        podSpec: { nodeSelector },
        pods: 'pending',
        earlier: [{ podSpec: { nodeSelector: {} } }],
      });
      world.serviceFor(workload);
      return ['node-placement', workload.metadata.name];
    }
    case 'image': {
      const bad = { ...container, image: `${container.image}-${random.name()}` };
      const workload = world.workload({
        containers: [bad],
        earlier,
        pods: 'waiting',
        waiting: { reason: 'ImagePullBackOff' },
      });
      world.serviceFor(workload);
      return ['image-pull', workload.metadata.name];
    }
    case 'key': {
      const map = world.configMap({ [random.name()]: 'v' });
      const env = [{ name: 'X', valueFrom: { configMapKeyRef: { name: map.metadata.name, key: random.name('no-') } } }];
      const waiting = { reason: 'CreateContainerConfigError' };
      const workload = world.workload({ containers: [{ ...container, env }], earlier, pods: 'waiting', waiting });
      return ['missing-config', workload.metadata.name];
    }
    default: {
      const claim = world.add('PersistentVolumeClaim', 'v1', random.name('claim-'), {
        spec: { storageClassName: random.name('class-') },
        status: { phase: 'Pending' },
      });
      world.add('StorageClass', 'storage.k8s.io/v1', 'works', { provisioner: 'works.example' }, null);
      world.add('CSIDriver', 'storage.k8s.io/v1', 'works.example', {}, null);
      const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: claim.metadata.name } }];
      world.workload({ podSpec: { volumes }, pods: 'pending' });
      return ['claim-storage-class', claim.metadata.name];
    }
  }
}
