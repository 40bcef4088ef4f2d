import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { SeverityItem } from '../../../src/domain/severity.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [4, 13, 71, 505, 8080];
const RULE = 'missing-config';

const only = (world: World) => onlyFinding(world, RULE);

type Found = Awaited<ReturnType<typeof only>>;

function podSpecAfter(world: World, finding: Found, alternative = 0) {
  const { kind, name } = finding.object;
  const workload = world.list(kind).find((object) => object.metadata.name === name)!;
  return applyPatch(workload, patchOps(finding.fixes[alternative]!.commands[0]!)).spec.template.spec;
}

const blocked: Partial<WorkloadOptions> = {
  pods: 'waiting',
  waiting: { reason: 'CreateContainerConfigError', message: "couldn't find key" },
};

describe.each(SEEDS)('configuration that is missing (seed %i)', (seed) => {
  const env = (kind: 'ConfigMap' | 'Secret', name: string, key: string, more: Loose = {}) => ({
    name: 'SETTING',
    valueFrom: { [kind === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef']: { name, key, ...more } },
  });
  const store = (world: World, kind: 'ConfigMap' | 'Secret', keys: string[], fields: Loose = {}) =>
    kind === 'Secret'
      ? world.secret(keys, fields)
      : world.configMap(Object.fromEntries(keys.map((key) => [key, 'v'])), fields);

  it.each(['ConfigMap', 'Secret'] as const)(
    'goes back to the revision that referred to an existing key of a %s',
    async (kind) => {
      const world = new World(seed);
      const key = `${world.random.name()}.key`;
      const object = store(world, kind, [key, world.random.name()]);
      const container = world.container();
      const workload = world.workload({
        containers: [{ ...container, env: [env(kind, object.metadata.name, world.random.name())] }],
        earlier: [{ containers: [{ ...container, env: [env(kind, object.metadata.name, key)] }] }],
        ...blocked,
      });
      const finding = await only(world);
      expect(finding.severity).toBe('critical');
      expect(finding.object.name).toBe(workload.metadata.name);
      expect(finding.fixes[0]!.commands[0]).toEqual([
        'rollout',
        'undo',
        `deployment/${workload.metadata.name}`,
        '-n',
        world.namespace,
        '--to-revision=1',
      ]);
      const patched = podSpecAfter(world, finding, 1);
      expect(patched.containers[0].env).toEqual([env(kind, object.metadata.name, key)]);
    },
  );

  it('keeps the rest of a new revision where more than the reference changed', async () => {
    const world = new World(seed);
    const object = world.configMap({ good: 'v' });
    const container = world.container();
    world.workload({
      containers: [{ ...container, image: 'a.example/new:2', env: [env('ConfigMap', object.metadata.name, 'zzz')] }],
      earlier: [{ containers: [{ ...container, env: [env('ConfigMap', object.metadata.name, 'good')] }] }],
      ...blocked,
    });
    const spec = podSpecAfter(world, await only(world));
    expect(spec.containers[0].image).toBe('a.example/new:2');
    expect(spec.containers[0].env[0].valueFrom.configMapKeyRef.key).toBe('good');
  });

  it('is restored from what was last applied', async () => {
    const world = new World(seed);
    const [lost, kept] = [world.random.name(), world.random.name()];
    const applied = { data: { [lost]: 'line 1\nline 2', [kept]: 'v' } };
    const object = world.configMap(
      { [kept]: 'v' },
      {
        metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) } },
      },
    );
    world.workload({
      containers: [world.container({ env: [env('ConfigMap', object.metadata.name, lost)] })],
      ...blocked,
    });
    const { commands } = (await only(world)).fixes[0]!;
    expect(commands.map((argv) => argv.slice(0, 6))).toEqual([
      ['patch', 'configmap', object.metadata.name, '-n', world.namespace, '--type=json'],
    ]);
    const ops = patchOps(commands[0]!);
    expect(applyPatch(object, ops)).toMatchObject({ data: { ...applied.data } });
    const newer = { ...object, metadata: { ...object.metadata, resourceVersion: 'newer' } };
    expect(() => applyPatch(newer, ops)).toThrow('test failed');
  });

  it('is restored with all that was lost with it, in one write', async () => {
    const world = new World(seed);
    const applied = { data: { 'a.conf': '1', 'b/c': '2', unasked: '3' }, binaryData: { d: 'AA==' } };
    const object = world.configMap(
      {},
      {
        data: undefined,
        metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) } },
      },
    );
    const asked = ['a.conf', 'b/c', 'd'].map((key, index) => ({
      ...env('ConfigMap', object.metadata.name, key),
      name: `V${index}`,
    }));
    world.workload({ containers: [world.container({ env: asked })], ...blocked });
    const found = byRule(await world.diagnose(), RULE);
    expect(found).toHaveLength(3);
    expect(new Set(found.map(({ fixes }) => JSON.stringify(fixes[0]!.commands))).size).toBe(1);
    const after = applyPatch(object, patchOps(found[0]!.fixes[0]!.commands[0]!));
    expect(after['data']).toEqual({ 'a.conf': '1', 'b/c': '2' });
    expect(after['binaryData']).toEqual(applied.binaryData);
    expect((await world.plan())!.steps).toHaveLength(1);
  });

  it('is restored only if the value fits into a command', async () => {
    const build = (length: number) => {
      const world = new World(seed);
      const applied = JSON.stringify({ data: { lost: 'v'.repeat(length) } });
      const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': applied };
      const object = world.configMap({}, { metadata: { annotations } });
      const container = world.container({ env: [env('ConfigMap', object.metadata.name, 'lost')] });
      world.workload({ containers: [container], ...blocked });
      return only(world);
    };
    expect((await build(20_000)).fixes).toHaveLength(1);
    expect((await build(40_000)).fixes).toEqual([]);
  });

  it('is looked for in the object rather than in old revisions where pods started with this reference', async () => {
    const world = new World(seed);
    const object = world.configMap({ 'log-level-name': 'v' });
    const container = world.container();
    world.workload({
      replicas: 2,
      containers: [{ ...container, env: [env('ConfigMap', object.metadata.name, 'log-level')] }],
      earlier: [{ containers: [container] }],
    });
    const spec = podSpecAfter(world, await only(world));
    expect(spec.containers[0].env[0].valueFrom.configMapKeyRef.key).toBe('log-level-name');
  });

  it('is not restored into an immutable ConfigMap', async () => {
    const world = new World(seed);
    const applied = { data: { lost: 'v' } };
    const object = world.configMap(
      {},
      {
        immutable: true,
        metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) } },
      },
    );
    world.workload({
      containers: [world.container({ env: [env('ConfigMap', object.metadata.name, 'lost')] })],
      ...blocked,
    });
    expect((await only(world)).fixes).toEqual([]);
  });

  it('refers to the key of a close name, in every place', async () => {
    const world = new World(seed);
    const object = world.configMap({ DATABASE_URL: 'v', other: 'v' });
    const volumes = [
      {
        name: 'files',
        configMap: {
          name: object.metadata.name,
          items: [
            { key: 'database-url', path: 'url' },
            { key: 'other', path: 'o' },
          ],
        },
      },
    ];
    const container = world.container({ env: [env('ConfigMap', object.metadata.name, 'database-url')] });
    world.workload({ kind: 'DaemonSet', containers: [container], podSpec: { volumes }, ...blocked });
    const spec = podSpecAfter(world, await only(world));
    expect(spec.containers[0].env[0].valueFrom.configMapKeyRef.key).toBe('DATABASE_URL');
    expect(spec.volumes[0].configMap.items).toEqual([
      { key: 'DATABASE_URL', path: 'url' },
      { key: 'other', path: 'o' },
    ]);
  });

  it('refers to the one key that nobody asks for, when the old one was renamed', async () => {
    const world = new World(seed);
    const [asked, idle] = [world.random.name(), world.random.name()];
    const object = world.secret([asked, idle]);
    const [first, second] = ['gone', asked].map((key) => env('Secret', object.metadata.name, key));
    const container = world.container({
      env: [
        { ...first, name: 'A' },
        { ...second, name: 'B' },
      ],
    });
    world.workload({ containers: [container], replicas: 1 });
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    expect(podSpecAfter(world, finding).containers[0].env[0].valueFrom.secretKeyRef.key).toBe(idle);
  });

  it('refers to the object of a close name that has all the keys', async () => {
    const world = new World(seed);
    const [one, two] = [world.random.name(), world.random.name()];
    world.configMap({ [one]: 'v' }, { name: 'store-settings-old' });
    world.configMap({ [one]: 'v', [two]: 'v' }, { name: 'store-settings' });
    const volumes = [
      {
        name: 'v',
        projected: { sources: [{ configMap: { name: 'store-setings', items: [{ key: two, path: 'p' }] } }] },
      },
    ];
    const container = world.container({ env: [env('ConfigMap', 'store-setings', one)] });
    const kind = world.random.pick(['Deployment', 'StatefulSet'] as const);
    world.workload({ kind, containers: [container], podSpec: { volumes }, ...blocked, replicas: 1 });
    const finding = await only(world);
    const spec = podSpecAfter(world, finding);
    expect(spec.containers[0].env[0].valueFrom.configMapKeyRef.name).toBe('store-settings');
    expect(spec.volumes[0].projected.sources[0].configMap.name).toBe('store-settings');
    expect(finding.fixes[0]!.commands).toHaveLength(kind === 'StatefulSet' ? 2 : 1);
  });

  /** What the workload is made to refer to in place of a missing `name`, next to `other`; null where nothing is. */
  const handedOver = async (kind: 'ConfigMap' | 'Secret', name: string, other: string, more: Loose = {}) => {
    const world = new World(seed);
    store(world, kind, ['key'], { name: other, ...more });
    if (more.user) world.workload({ containers: [world.container({ env: [env(kind, other, 'key')] })], ...more.user });
    const labels = { app: 'mine' };
    world.workload({
      name: 'mine',
      labels,
      containers: [world.container({ env: [env(kind, name, 'key')] })],
      ...blocked,
    });
    const finding = await only(world);
    if (finding.fixes.length === 0) return finding.unfixed!;
    const [variable] = podSpecAfter(world, finding).containers[0].env;
    return { name: Object.values<Loose>(variable.valueFrom)[0].name };
  };

  it.each(['ConfigMap', 'Secret'] as const)('refers to a %s of which its name is a misspelling', async (kind) => {
    expect(await handedOver(kind, 'shop-databse', 'shop-database')).toEqual({ name: 'shop-database' });
  });

  it.each([
    ['shop-config', 'shop-config-v2'],
    ['shop-config-v1', 'shop-config-v2'],
    ['shop-config', 'shop-settings'],
  ])('refers to a ConfigMap that was renamed (%s, %s)', async (name, other) => {
    expect(await handedOver('ConfigMap', name, other)).toEqual({ name: other });
  });

  it.each(['shop-config-previous', 'shop-config-backup-2', 'shop-config.bak'])(
    'refers to the copy of a ConfigMap that was put aside (%s)',
    async (other) => {
      expect(await handedOver('ConfigMap', 'shop-config', other)).toEqual({ name: other });
    },
  );

  it.each<[string, 'ConfigMap' | 'Secret', string, string, Loose]>([
    ['the copy of a Secret', 'Secret', 'shop-login', 'shop-login-previous', {}],
    ['the copy that another uses', 'ConfigMap', 'shop-config', 'shop-config-previous', { user: {} }],
    ['the copy for another purpose', 'ConfigMap', 'shop-config', 'shop-config-backup-job', {}],
    ['the only Secret with the key', 'Secret', 'shop-token', 'ledger', {}],
    ['the only ConfigMap with the key', 'ConfigMap', 'shop-config', 'ledger-config', {}],
    ['a Secret that another uses', 'Secret', 'shop-databse', 'shop-database', { user: {} }],
    ['a ConfigMap that another uses', 'ConfigMap', 'shop-confg', 'shop-config', { user: {} }],
    ['one that is for a workload at 0', 'Secret', 'shop-databse', 'shop-database', { user: { replicas: 0 } }],
    [
      'one that is labelled as of another program',
      'Secret',
      'shop-databse',
      'shop-database',
      { metadata: { labels: { app: 'ledger' } } },
    ],
    ['a Secret of a longer name', 'Secret', 'shop', 'shop-admin', {}],
    ['the configuration of another stage', 'ConfigMap', 'shop-config-dev', 'shop-config-prod', {}],
    ['the Secret of another member', 'Secret', 'shop-a', 'shop-b', {}],
  ])('is not taken from others: %s', async (_, kind, name, other, more) => {
    expect(await handedOver(kind, name, other, more)).toMatch(/\w/);
  });

  it('says whose it is that looks like the missing one', async () => {
    const text = await handedOver('Secret', 'shop-databse', 'shop-database', { user: { name: 'ledger' } });
    expect(text).toContain('is used by Deployment ledger');
  });

  it('reads a Secret where a ConfigMap was meant', async () => {
    const world = new World(seed);
    const object = world.secret(['token']);
    world.workload({
      containers: [world.container({ env: [env('ConfigMap', object.metadata.name, 'token')] })],
      ...blocked,
    });
    const spec = podSpecAfter(world, await only(world));
    expect(spec.containers[0].env[0].valueFrom).toEqual({ secretKeyRef: { name: object.metadata.name, key: 'token' } });
  });

  it('is found for envFrom and whole volumes, also in init containers', async () => {
    const world = new World(seed);
    const initContainers = [{ name: 'init', image: 'a.example/i:1', envFrom: [{ secretRef: { name: 'nowhere' } }] }];
    world.workload({
      podSpec: { initContainers, volumes: [{ name: 'v', secret: { secretName: 'nowhere' } }] },
      ...blocked,
    });
    const finding = await only(world);
    expect(finding.message).toContain('Secret nowhere');
    expect(finding.evidence.filter((each) => each.source === 'spec').length).toBe(2);
  });

  it('is believed from the kubelet when Secrets cannot be read', async () => {
    const world = new World(seed);
    world.unreadable['Secret'] = 'forbidden';
    const container = world.container();
    const good = { ...container, env: [env('Secret', 'there', 'k')] };
    const bad = { ...container, env: [env('Secret', 'elsewhere', 'k')] };
    const message = 'secret "elsewhere" not found';
    world.workload({
      containers: [bad],
      earlier: [{ containers: [good] }],
      pods: 'waiting',
      waiting: { reason: 'CreateContainerConfigError', message },
    });
    world.workload({ containers: [good] });
    const finding = await only(world);
    expect(finding.fixes[0]!.commands[0]!.slice(0, 2)).toEqual(['rollout', 'undo']);
  });
});

describe.each(SEEDS)('configuration that is in order (seed %i)', (seed) => {
  it('is optional, present, out of sight or not needed', async () => {
    const world = new World(seed);
    const map = world.configMap({ a: 'v' }, { binaryData: { b: 'AA==' } });
    const { name } = map.metadata;
    const ref = (reference: Loose) => ({ name: 'X', valueFrom: { configMapKeyRef: reference } });
    const container = world.container({
      env: [
        ref({ name, key: 'a' }),
        ref({ name, key: 'b' }),
        ref({ name: 'no', key: 'a', optional: true }),
        ref({ name, key: 'no', optional: true }),
      ],
      envFrom: [{ configMapRef: { name } }, { secretRef: { name: 'no', optional: true } }],
    });
    const volumes = [
      { name: 'v', secret: { secretName: 'no', optional: true } },
      { name: 'w', configMap: { name } },
    ];
    world.workload({ containers: [container], podSpec: { volumes } });
    world.workload({ replicas: 0, containers: [world.container({ envFrom: [{ secretRef: { name: 'no' } }] })] });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    world.unreadable['Secret'] = 'forbidden';
    world.workload({ containers: [world.container({ envFrom: [{ secretRef: { name: 'unseen' } }] })] });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});

describe.each(SEEDS)('an optional key that is gone (seed %i)', (seed) => {
  /** A caller that runs without the variable that it takes from a key which was there when the map was applied. */
  const without = (data: Record<string, string>, applied?: Record<string, string>) => {
    const world = new World(seed);
    const map: Loose = world.configMap(data);
    if (applied) {
      const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', data: applied });
      map.metadata.annotations = { 'kubectl.kubernetes.io/last-applied-configuration': manifest };
    }
    const { name } = map.metadata;
    const configMapKeyRef = { name, key: 'rooms-address', optional: true };
    const workload = world.workload({
      replicas: 1,
      containers: [world.container({ env: [{ name: 'ROOMS_ADDRESS', valueFrom: { configMapKeyRef } }] })],
    });
    return { world, workload, map };
  };
  const failing = (object: KubeObject): SeverityItem => {
    return { source: 'object', object: refOf(object), what: 'not-ready', grade: 1, message: 'it fails' };
  };

  it('is put back as it was applied, and who needs it starts anew, where its user fails', async () => {
    const { world, workload, map } = without({ other: 'x' }, { other: 'x', 'rooms-address': 'rooms:8080' });
    world.told.push(failing(workload));
    const finding = await only(world);
    expect(finding.message).toContain('go without');
    expect(finding.fixes[0]!.changes.map(({ type }) => type)).toEqual(['json-patch', 'rollout-restart']);
    expect(JSON.stringify(finding.fixes[0]!.changes[0])).toContain('rooms:8080');
    expect(finding.fixes[0]!.changes[0]).toMatchObject({ object: { name: map.metadata.name } });
  });

  it('is taken under the name that it has now', async () => {
    const { world, workload } = without({ rooms_address: 'rooms:8080' });
    world.told.push(failing(workload));
    expect(JSON.stringify((await only(world)).fixes[0]!.changes)).toContain('rooms_address');
  });

  it('is no matter where nothing tells of it, or its user is well', async () => {
    const { world, workload } = without({ other: 'x', more: 'y' });
    world.told.push(failing(workload));
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    const well = without({ rooms_address: 'rooms:8080' });
    well.world.told.push(failing(well.world.workload()));
    expect(byRule(await well.world.diagnose(), RULE)).toEqual([]);
  });
});

describe.each(SEEDS)('configuration whose successor others take already (seed %i)', (seed) => {
  const takes = (world: World, name: string) =>
    world.container({ name: 'main', envFrom: [{ configMapRef: { name } }] });
  const left = (others: number) => {
    const world = new World(seed);
    const successors = Array.from({ length: others + 1 }, () => world.configMap({ page: 'v' }));
    const gone = world.random.name();
    const workload = world.workload({ containers: [takes(world, gone)], ...blocked });
    const follow = ({ metadata }: KubeObject, before: string) =>
      world.workload({ containers: [takes(world, metadata.name)], earlier: [{ containers: [takes(world, before)] }] });
    return { world, gone, workload, successors, follow };
  };

  it('is taken by the one that was left behind', async () => {
    const { world, gone, workload, successors, follow } = left(2);
    follow(successors[1]!, gone);
    const finding = await only(world);
    expect(finding.object.name).toBe(workload.metadata.name);
    expect(podSpecAfter(world, finding).containers[0].envFrom).toEqual([
      { configMapRef: { name: successors[1]!.metadata.name } },
    ]);
    expect(JSON.stringify(finding.evidence)).toContain('in the same place before');
  });

  it('is not guessed where they went different ways, or come from elsewhere', async () => {
    const apart = left(2);
    for (const successor of apart.successors.slice(1)) apart.follow(successor, apart.gone);
    expect((await only(apart.world)).fixes).toEqual([]);
    const foreign = left(1);
    foreign.follow(foreign.successors[1]!, foreign.world.random.name());
    expect((await only(foreign.world)).fixes).toEqual([]);
  });
});
