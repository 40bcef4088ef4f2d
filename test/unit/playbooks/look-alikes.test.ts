import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/domain/change.ts';
import { changedObject } from '../../../src/domain/change.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { commandProblems } from './findings.ts';

/**
 * Clusters in which two things look alike and a rule that follows the likeness would give one application what belongs to
 * another: its users, its programs, its configuration, its nodes, its storage. No rule proposes that, in any severity.
 */
const SEEDS = [6, 61, 616];

const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const changesOf = (findings: Finding[]): Change[] =>
  findings.flatMap(({ fixes }) => fixes.flatMap(({ changes }) => changes));

/** Everything that the fixes would write. */
const written = (findings: Finding[]): string =>
  JSON.stringify(findings.flatMap(({ fixes }) => fixes.map(({ changes, files }) => [changes, files ?? []])));

const touched = (findings: Finding[]): string[] =>
  changesOf(findings).flatMap((change) => changedObject(change)?.name ?? []);

async function diagnose(world: World): Promise<Finding[]> {
  const findings = await world.diagnose();
  expect(commandProblems(findings)).toEqual([]);
  return findings;
}

const variable = (name: string, source: Loose) => ({ env: [{ name, valueFrom: source }] });

/** An application of its own: a workload, its Service, and a caller. */
function application(world: World, name: string, more: Loose = {}): KubeObject {
  const workload = world.workload({ name, labels: { app: name, 'app.kubernetes.io/part-of': 'shop' }, ...more });
  world.serviceFor(workload, { name });
  return workload;
}

/** Asks the Service of a name on the port that it has. */
function callerOf(world: World, name: string): KubeObject {
  const service = world.list('Service').find(({ metadata }) => metadata.name === name);
  const port = (service?.spec?.ports as { port: number }[] | undefined)?.[0]?.port ?? 80;
  const container = world.container({ env: [{ name: 'UP', value: `http://${name}:${port}` }] });
  return world.workload({ replicas: 1, containers: [container] });
}

const pull = { pods: 'waiting', waiting: { reason: 'ErrImagePull', message: 'not found' } } as const;
const blocked = { pods: 'waiting', waiting: { reason: 'CreateContainerConfigError' } } as const;

describe.each(SEEDS)('what looks alike but is another’s (seed %i)', (seed) => {
  it('two teams have applications of similar names, and one of them is gone', async () => {
    for (const [gone, other] of [
      ['order-api', 'orders-api'],
      ['payments', 'payments-ui'],
      ['search-a', 'search-b'],
    ] as const) {
      const world = new World(seed);
      application(world, other);
      const service = world.service({ app: gone, 'app.kubernetes.io/part-of': 'shop' }, [{ port: 80 }], { name: gone });
      callerOf(world, gone);
      const findings = await diagnose(world);
      expect(touched(findings), gone).not.toContain(service.metadata.name);
      expect(written(findings)).not.toContain(other);
    }
  });

  it('green is switched on before it is there, and blue runs', async () => {
    const world = new World(seed);
    world.workload({ name: 'shop-blue', labels: { app: 'shop', color: 'blue' }, replicas: 2 });
    world.service({ app: 'shop', color: 'green' }, [{ port: 80, targetPort: 'http' }], { name: 'shop' });
    callerOf(world, 'shop');
    expect(changesOf(await diagnose(world))).toEqual([]);
  });

  it('blue is at 0 since green serves', async () => {
    const world = new World(seed);
    const [blue, green] = ['blue', 'green'].map((color) =>
      world.workload({
        name: `shop-${color}`,
        labels: { app: 'shop', color },
        replicas: color === 'blue' ? 0 : 2,
        containers: [world.container({ image: `shop-${color}.example/shop:1` })],
      }),
    );
    world.serviceFor(green!, { name: 'shop' });
    const set = world.revisionsOf(blue!)[0]!.metadata.name;
    world.event(blue!, 'ScalingReplicaSet', `Scaled down replica set ${set} from 2 to 0`);
    callerOf(world, 'shop');
    expect(changesOf(await diagnose(world))).toEqual([]);
  });

  it('a canary fails beside a stable version', async () => {
    const world = new World(seed);
    const container = world.container({ image: 'team/shop-stable:1.0' });
    world.workload({ name: 'shop', labels: { app: 'shop', track: 'stable' }, containers: [container], replicas: 3 });
    const canary = world.workload({
      name: 'shop-canary',
      labels: { app: 'shop', track: 'canary' },
      containers: [{ ...container, image: 'team/shop-canary:1.1' }],
      replicas: 1,
      ...pull,
    });
    world.service({ app: 'shop' }, [{ port: 80, targetPort: 'http' }], { name: 'shop' });
    const findings = await diagnose(world);
    expect(findings.map(({ object }) => object.name)).toContain(canary.metadata.name);
    expect(changesOf(findings)).toEqual([]);
  });

  it('an application that was put out of use is still applied at 0, its Service with it', async () => {
    const world = new World(seed);
    const retired = application(world, 'ledger', {
      replicas: 0,
      annotations: { [APPLIED]: JSON.stringify({ spec: { replicas: 0 } }) },
      podSpec: { nodeSelector: { pool: 'gone' }, volumes: [{ name: 'c', configMap: { name: 'gone' } }] },
    });
    application(world, 'ledger-next');
    const set = world.revisionsOf(retired)[0]!.metadata.name;
    world.event(retired, 'ScalingReplicaSet', `Scaled down replica set ${set} from 4 to 0`);
    expect(changesOf(await diagnose(world))).toEqual([]);
  });

  it('the only Secret with the wanted key opens the database of another team', async () => {
    for (const name of ['billing-database', 'shop-databaze', 'admin']) {
      const world = new World(seed);
      const ask = (secret: string) => variable('DSN', { secretKeyRef: { name: secret, key: 'dsn' } });
      world.secret(['dsn'], { name });
      application(world, 'billing', { containers: [world.container(ask(name))] });
      application(world, 'shop', { containers: [world.container(ask('shop-database'))], ...blocked });
      const findings = await diagnose(world);
      expect(findings.map(({ rule }) => rule)).toContain('missing-config');
      expect(changesOf(findings), name).toEqual([]);
    }
  });

  it('the configuration of production has the key that that of the test stage lacks', async () => {
    const world = new World(seed);
    world.configMap({ mode: 'live' }, { name: 'shop-config-prod' });
    const container = world.container(variable('MODE', { configMapKeyRef: { name: 'shop-config-test', key: 'mode' } }));
    application(world, 'shop', { containers: [container], ...blocked });
    const findings = await diagnose(world);
    expect(findings.map(({ rule }) => rule)).toContain('missing-config');
    expect(changesOf(findings)).toEqual([]);
  });

  it('there are several pools of nodes, and the one asked for has none', async () => {
    for (const [asked, ...there] of [
      ['pci', 'standard', 'batch'],
      ['pool-a', 'pool-b', 'pool-c'],
      ['us-east-1d', 'us-east-1a', 'us-east-1b'],
      ['gpu-prod', 'gpu-dev', 'standard'],
    ] as const) {
      const world = new World(seed);
      for (const pool of there) world.node({ pool });
      application(world, 'shop', { podSpec: { nodeSelector: { pool: asked } }, pods: 'pending' });
      const findings = await diagnose(world);
      expect(findings.map(({ rule }) => rule)).toContain('node-placement');
      expect(changesOf(findings), asked).toEqual([]);
    }
  });

  it('the idle claim next to the missing one is that of another shard', async () => {
    const world = new World(seed);
    for (const name of ['data-shop-1', 'data-shop-b', 'data-shop-replica', 'data-billing'])
      world.add('PersistentVolumeClaim', 'v1', name, { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } });
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data-shop-0' } }];
    application(world, 'shop', { podSpec: { volumes }, pods: 'pending' });
    const findings = await diagnose(world);
    expect(findings.map(({ rule }) => rule)).toContain('missing-claim');
    expect(changesOf(findings)).toEqual([]);
  });

  it('the registry does not answer, and other programs run', async () => {
    const world = new World(seed);
    for (const image of ['team/payments-ui:1.0', 'team/payment:1.0', 'team/payments:0.9'])
      world.workload({ containers: [world.container({ image })] });
    const container = world.container({ image: 'team/payments:1.0' });
    const message = 'dial tcp 10.0.0.9:443: i/o timeout';
    application(world, 'payments', { containers: [container], ...pull, waiting: { reason: 'ErrImagePull', message } });
    const findings = await diagnose(world);
    expect(findings.map(({ rule }) => rule)).toContain('image-pull');
    expect(changesOf(findings)).toEqual([]);
  });

  it('an Ingress names an application that is gone, next to others with the same port', async () => {
    const world = new World(seed);
    for (const name of ['shop-admin', 'shop-b', 'shops-api']) {
      const workload = world.workload({ name, labels: { app: name } });
      world.service({ app: name }, [{ name: 'http', port: 80, targetPort: 'http' }], { name });
      expect(workload.metadata.name).toBe(name);
    }
    const backend = { service: { name: 'shop', port: { number: 80 } } };
    world.add('Ingress', 'networking.k8s.io/v1', 'shop', { spec: { defaultBackend: backend } });
    const findings = await diagnose(world);
    expect(findings.map(({ rule }) => rule)).toContain('ingress-backend');
    expect(changesOf(findings)).toEqual([]);
  });

  it('a client asks a Service that is gone, next to others with the same port', async () => {
    for (const other of ['payments-ui', 'payments-admin', 'billing']) {
      const world = new World(seed);
      world.service({ app: other }, [{ name: 'http', port: 80, targetPort: 'http' }], { name: other });
      world.workload({ name: other, labels: { app: other } });
      callerOf(world, other);
      const client = callerOf(world, 'payments');
      const findings = await diagnose(world);
      expect(touched(findings), other).not.toContain(client.metadata.name);
    }
  });
});
