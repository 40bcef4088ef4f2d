import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { PatchOp } from '../../../src/domain/change.ts';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [2, 17, 99, 2024];
const RULE = 'missing-service';

const only = (world: World) => onlyFinding(world, RULE);
const named = (world: World, kind: string, name: string): KubeObject =>
  world.list(kind).find((object) => object.metadata.name === name)!;

/** A store behind a Service, and a caller whose init container waits for `host`, told by a ConfigMap. */
function waiting(world: World, service: string, host: string, logged = true) {
  const port = world.random.port();
  const store = world.workload({ name: 'store', containers: [world.container({ port })] });
  world.service(store.spec!.template.metadata.labels, [{ name: 'http', port, targetPort: port }], { name: service });
  const settings = world.configMap({ address: `${host}:${port}`, other: 'x' });
  const env = [{ name: 'STORE', valueFrom: { configMapKeyRef: { name: settings.metadata.name, key: 'address' } } }];
  const init = { name: 'wait', image: 'registry.example/busy:1', env, command: ['sh', '-c', 'wait for $STORE'] };
  const caller = world.workload({
    podSpec: { initContainers: [init] },
    pods: 'waiting',
    waiting: { reason: 'PodInitializing' },
  });
  for (const pod of world.podsOf(caller)) {
    pod['status'].initContainerStatuses = [
      {
        name: 'wait',
        ready: false,
        restartCount: 0,
        imageID: 'sha256:1',
        state: { running: { startedAt: world.takenAt } },
      },
    ];
    if (logged) world.logs.set(`${pod.metadata.name}/wait/false`, [`waiting for ${host}:${port}`]);
  }
  return { settings, caller, port, store };
}

describe.each(SEEDS)('a Service that does not exist (seed %i)', (seed) => {
  it('was renamed: the ConfigMap names it again and its reader is restarted; the Service anew comes after', async () => {
    const world = new World(seed);
    const { settings, caller, port } = waiting(world, 'store-new', 'store-db');
    const finding = await only(world);
    expect(finding.severity).toBe('critical');
    expect(finding.object).toMatchObject({ kind: 'ConfigMap', name: settings.metadata.name });
    const [rename, anew] = finding.fixes;
    expect(applyPatch(settings, patchOps(rename!.commands[0]!))['data']).toEqual({
      address: `store-new:${port}`,
      other: 'x',
    });
    expect(rename!.commands[1]).toEqual([
      'rollout', 'restart', `deployment/${caller.metadata.name}`, '-n', world.namespace,
    ]); // prettier-ignore
    expect(JSON.parse(anew!.files![0]!.content)).toMatchObject({
      kind: 'Service',
      metadata: { name: 'store-db', namespace: world.namespace },
      spec: { ports: [{ port, targetPort: port }] },
    });
    expect(rename!.confidence).toBeGreaterThan(anew!.confidence);
  });

  it('was renamed, and its caller says nothing: its being stuck is enough', async () => {
    const world = new World(seed);
    waiting(world, 'store-new', 'store-db', false);
    expect((await only(world)).fixes.length).toBeGreaterThan(0);
  });

  it('is misspelt by a word more: the setting is called after the Service that is meant', async () => {
    const world = new World(seed);
    const port = world.random.port();
    for (const name of ['ledger', 'orders']) {
      const workload = world.workload({ name, containers: [world.container({ port })] });
      world.service(workload.spec!.template.metadata.labels, [{ port, targetPort: port }], { name });
    }
    const settings = world.configMap({ LEDGER_ADDRESS: `ledger-internal:${port}`, ORDERS_ADDRESS: `orders:${port}` });
    world.workload({
      containers: [world.container({ envFrom: [{ configMapRef: { name: settings.metadata.name } }] })],
      pods: 'waiting',
      waiting: { reason: 'CrashLoopBackOff' },
    });
    const [fix] = (await only(world)).fixes;
    const patched = applyPatch(settings, patchOps(fix!.commands[0]!));
    expect(patched['data'].LEDGER_ADDRESS).toBe(`ledger:${port}`);
    expect(fix!.commands[1]).toContain('restart');
  });

  it('is misspelt, and only a failing check tells that anything is wrong', async () => {
    const world = new World(seed);
    const port = world.random.port();
    const ledger = world.workload({ name: 'ledger', containers: [world.container({ port })] });
    world.service(ledger.spec!.template.metadata.labels, [{ port, targetPort: port }], { name: 'ledger' });
    const env = [{ name: 'LEDGER_URL', value: `http://legder:${port}/` }];
    const front = world.workload({ containers: [world.container({ env })] });
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    const patched = applyPatch(front, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched['spec'].template.spec.containers[0].env[0].value).toBe(`http://ledger:${port}/`);
  });

  it('was named in an edit: the one Service with the port lost its only user', async () => {
    const world = new World(seed);
    const { settings, port } = waiting(world, 'unlike', 'ledger');
    settings.metadata.managedFields = [
      { manager: 'edit', operation: 'Update', time: '2031-05-06T06:30:00Z', fieldsV1: { 'f:data': {} } },
    ];
    const [fix] = (await only(world)).fixes;
    expect(applyPatch(settings, patchOps(fix!.commands[0]!))['data'].address).toBe(`unlike:${port}`);
  });

  it('is named otherwise in what was last applied', async () => {
    const world = new World(seed);
    const { settings, port } = waiting(world, 'quite-another', 'nowhere');
    const applied = { data: { address: `quite-another:${port}` } };
    settings.metadata.annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied),
    };
    const finding = await only(world);
    expect(applyPatch(settings, patchOps(finding.fixes[0]!.commands[0]!))['data'].address).toBe(
      `quite-another:${port}`,
    );
  });

  it('is named otherwise by an earlier revision', async () => {
    const world = new World(seed);
    const port = world.random.port();
    const back = world.workload({ name: 'back', containers: [world.container({ port })] });
    const service = world.serviceFor(back, { name: 'first' });
    const number = service['spec'].ports[0].port;
    const container = world.container();
    const env = (host: string) => [{ name: 'BACK_URL', value: `http://${host}:${number}/` }];
    const workload = world.workload({
      containers: [{ ...container, env: env('furst') }],
      earlier: [{ containers: [{ ...container, env: env('first') }] }],
      pods: 'waiting',
      waiting: { reason: 'CrashLoopBackOff' },
    });
    const finding = await only(world);
    const patched = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(patched['spec'].template.spec.containers[0].env).toEqual(env('first'));
  });

  it('lives in another namespace', async () => {
    const world = new World(seed);
    const { settings, port } = waiting(world, 'unlike', 'ledger');
    world.elsewhere('Service', 'v1', 'bank', 'ledger', { spec: { ports: [{ port }] } });
    const [fix] = (await only(world)).fixes;
    expect(applyPatch(settings, patchOps(fix!.commands[0]!))['data'].address).toBe(`ledger.bank.svc:${port}`);
  });

  it('was deleted: it is made anew in front of the workload of its name', async () => {
    const world = new World(seed);
    const { port } = waiting(world, 'unlike', 'ledger');
    const ledger = world.workload({ name: 'ledger', containers: [world.container({ port })] });
    const [fix] = (await only(world)).fixes;
    expect(JSON.parse(fix!.files![0]!.content).spec).toEqual({
      selector: ledger.spec!.selector.matchLabels,
      ports: [{ name: 'http', port, targetPort: port, protocol: 'TCP' }],
    });
  });

  it('was deleted: the one workload that no Service leads to shares a word of its name and has the port', async () => {
    const world = new World(seed);
    const { port } = waiting(world, 'unlike', 'ledger-api');
    world.workload({ name: 'ledger', containers: [world.container({ port })] });
    world.workload({ name: 'ledger-audit' });
    const [fix] = (await only(world)).fixes;
    expect(JSON.parse(fix!.files![0]!.content).spec.selector).toEqual({ app: 'ledger' });
  });

  it('is the headless one of a StatefulSet whose replicas look for each other', async () => {
    const world = new World(seed);
    const env = [{ name: 'PEERS', value: 'ring-0.ring:7000,ring-1.ring:7000' }];
    const container = world.container({ env, port: 7000 });
    const ring = world.workload({
      kind: 'StatefulSet',
      name: 'ring',
      containers: [container],
      spec: { serviceName: 'ring' },
      pods: 'waiting',
      waiting: { reason: 'CrashLoopBackOff' },
    });
    const [fix] = (await only(world)).fixes;
    expect(JSON.parse(fix!.files![0]!.content)).toMatchObject({
      metadata: { name: 'ring' },
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: ring.spec!.selector.matchLabels },
    });
  });

  it('has no fix, in words, where nothing tells what it was', async () => {
    const world = new World(seed);
    waiting(world, 'unlike', 'ledger');
    const finding = await only(world);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/owns the callers/);
  });

  it('is named only by a log, as where a Secret holds the name', async () => {
    const world = new World(seed);
    const caller = world.workload();

    const container = caller.spec!.template.spec.containers[0].name;
    for (const pod of world.podsOf(caller))
      world.logs.set(`${pod.metadata.name}/${container}/false`, [`Could not resolve host: ledger`]);
    const finding = await only(world);
    expect(finding.fixes).toEqual([]);
    expect(finding.message).toContain('ledger');
  });

  it('is no matter while nothing is in trouble, nor where the name leads outside', async () => {
    const world = new World(seed);
    const { caller } = waiting(world, 'unlike', 'api.example', true);
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    const quiet = new World(seed);
    quiet.workload({ containers: [quiet.container({ env: [{ name: 'A_URL', value: 'http://ledger:80' }] })] });
    expect(byRule(await quiet.diagnose(), RULE)).toEqual([]);
    expect(caller.metadata.name).toBeTruthy();
  });

  it('never touches what waits for it', async () => {
    const world = new World(seed);
    const { caller } = waiting(world, 'store-new', 'store-db');
    for (const fix of (await only(world)).fixes)
      for (const change of fix.changes) {
        expect(change.type).not.toBe('delete');
        if (change.type === 'json-patch') expect(change.object.name).not.toBe(caller.metadata.name);
        const ops: PatchOp[] = change.type === 'json-patch' ? change.ops : [];
        expect(ops.every(({ op }) => op !== 'remove')).toBe(true);
      }
    expect(named(world, 'Deployment', caller.metadata.name)).toBe(caller);
  });

  describe('while every caller is well', () => {
    const calm = (world: World) => {
      const context = { ...world.context(), severity: { known: true as const, items: [] } };
      return new PlaybookBrain().diagnose(context).then(({ findings }) => byRule(findings, RULE));
    };
    const ask = (world: World, name: string, value: string) =>
      world.workload({ containers: [world.container({ env: [{ name, value }] })] });

    it('was deleted, and the workload of its name is there: a warning, with the Service anew', async () => {
      const world = new World(seed);
      world.workload({ name: 'store', containers: [world.container({ port: 7070 })] });
      ask(world, 'STORE_ADDR', 'store:7070');
      const [finding, ...more] = await calm(world);
      expect(more).toEqual([]);
      expect(finding!.severity).toBe('warning');
      expect(JSON.parse(finding!.fixes[0]!.files![0]!.content)).toMatchObject({
        kind: 'Service',
        metadata: { name: 'store' },
        spec: { ports: [{ port: 7070, targetPort: 7070 }] },
      });
    });

    it.each([
      ['CACHE', 'memcached:11211'],
      ['UPSTREAM', 'http://api.example.com:443'],
      ['SERVER_ENV', 'production'],
      ['PEER', 'localhost:7070'],
    ])('%s=%s may be outside, or off: nothing', async (name, value) => {
      const world = new World(seed);
      const idle = world.workload({ name: 'store', labels: { app: 'store', stage: 'production' } });
      expect(idle.kind).toBe('Deployment');
      ask(world, name, value);
      expect(await calm(world)).toEqual([]);
    });
  });
});

describe.each(SEEDS)(
  'an entry that names a Service which does not exist, and came after all was applied (seed %i)',
  (seed) => {
    const shared = (explicit: boolean) => {
      const world = new World(seed);
      const map = world.configMap(
        { PRICE_ADDRESS: 'price-mirror:9090', LOG_LEVEL: 'debug' },
        {
          metadata: {
            annotations: {
              'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { LOG_LEVEL: 'info' } }),
            },
          },
        },
      );
      const { name } = map.metadata;
      const valueFrom = { configMapKeyRef: { name, key: 'PRICE_ADDRESS' } };
      const workload = world.workload({
        replicas: 1,
        containers: [
          world.container(
            explicit ? { env: [{ name: 'PRICE', valueFrom }] } : { envFrom: [{ configMapRef: { name } }] },
          ),
        ],
      });
      for (const pod of world.podsOf(workload))
        world.logs.set(`${pod.metadata.name}/${pod.spec!.containers[0].name}/false`, [
          'upstream price-mirror:9090/ gave nothing',
        ]);
      return { world, map, workload };
    };

    it('goes, alone, and its readers start anew', async () => {
      const { world, map } = shared(false);
      const [patch, restart] = (await only(world)).fixes[0]!.changes;
      expect(patch).toMatchObject({
        object: { name: map.metadata.name },
        ops: [
          { op: 'test', path: '/data/PRICE_ADDRESS', value: 'price-mirror:9090' },
          { op: 'remove', path: '/data/PRICE_ADDRESS' },
        ],
      });
      expect(restart!.type).toBe('rollout-restart');
    });

    it('stays where a pod could not start without it', async () => {
      const { world } = shared(true);
      const removals = (await only(world)).fixes.filter((fix) => JSON.stringify(fix.changes).includes('"remove"'));
      expect(removals).toEqual([]);
    });
  },
);

describe.each(SEEDS)('what a probe’s command says (seed %i)', (seed) => {
  /** A caller that tells nobody but its probe what it misses. */
  const probed = (message: string) => {
    const world = new World(seed);
    const caller = world.workload({
      replicas: 1,
      pods: 'waiting',
      containers: [world.container({ env: [{ name: 'SEARCH', value: 'search:8080' }] })],
    });
    const [pod] = world.podsOf(caller);
    world.event(pod!, 'Unhealthy', message, { type: 'Warning' });
    return world;
  };

  it('tells of a Service that is not there', async () => {
    const world = probed("Readiness probe failed: wget: bad address 'search:8080'");
    const finding = await only(world);
    expect(finding.message).toContain('Service search');
    expect(finding.fixes).toEqual([]);
    expect(JSON.stringify(finding.evidence)).toContain('bad address');
  });

  it('is not what the kubelet says of its own probe', async () => {
    const world = probed('Readiness probe failed: Get "http://search:8080/": lookup search: no such host');
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
