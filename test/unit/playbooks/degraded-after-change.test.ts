import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { SeverityItem } from '../../../src/domain/severity.ts';
import type { SignalsNow } from '../../../src/domain/signals-now.ts';
import type { Suspect } from '../../../src/domain/signals.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';

const SEEDS = [4, 77, 2048];
const RULE = 'degraded-after-change';
const CHANGED = '2031-05-06T07:00:00Z';
const SINCE = Date.parse('2031-05-06T07:03:00Z');

function alertAbout(object: KubeObject | null, since = SINCE): SeverityItem {
  const message = 'ShopSlow: p99 is 412 ms';
  const subjects = object ? [refOf(object)] : [];
  return { source: 'alert', object: null, what: 'ShopSlow', grade: 1, message, since, subjects };
}

/** A workload whose pods are ready, of a template that is newer than the one before it. */
function changed(world: World, at = CHANGED, options: object = {}): KubeObject {
  const delay = (value: string) => [world.container({ name: 'main', env: [{ name: 'DELAY_MS', value }] })];
  const workload = world.workload({
    replicas: 2,
    containers: delay('400'),
    earlier: [{ containers: delay('0') }],
    ...options,
  });
  world.revisionsOf(workload).at(-1)!.metadata.creationTimestamp = at;
  return workload;
}

function suspect(object: KubeObject): SignalsNow {
  const one: Suspect = {
    node: { id: 'x', name: object.metadata.name, object: refOf(object) },
    pod: null,
    symptom: 'latency',
    score: 0.9,
    confidence: 0.95,
    lift: 12,
    message: `${object.metadata.name} takes 400 ms itself, 12 times as long as usual`,
    traces: ['t1'],
  };
  const reading = { signals: [], unjudged: [], absent: [] };
  return {
    at: SINCE,
    reading,
    graph: { nodes: [], edges: [] },
    suspects: { suspects: [one], unknown: null },
    waterfall: null,
    notes: [],
  };
}

describe.each(SEEDS)('a workload that is slow since it was changed (seed %i)', (seed) => {
  it.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)('goes back to what the %s was', async (kind) => {
    const world = new World(seed);
    const workload = changed(world, CHANGED, { kind });
    world.told.push(alertAbout(workload));
    const found = await onlyFinding(world, RULE);
    expect(found.object).toEqual(refOf(workload));
    expect(found.message).toContain('3 min before this began: ShopSlow');
    expect(found.fixes[0]!.commands[0]!.join(' ')).toContain(
      `rollout undo ${kind.toLowerCase()}/${workload.metadata.name}`,
    );
    expect(JSON.stringify(found.evidence)).toContain('DELAY_MS');
    expect(found.fixes[0]!.confidence).toBeGreaterThan(0.4);
  });

  it('is told by what Stratus evaluates itself, where no rule alerts', async () => {
    const world = new World(seed);
    const workload = changed(world);
    const message = 'p99 latency is 412 ms against 95 ± 12 ms over the last hour';
    const object = refOf(workload);
    world.told.push({ source: 'signal', object, what: 'latency', grade: 1, message, since: SINCE });
    const found = await onlyFinding(world, RULE);
    expect(found.message).toContain('412 ms against 95');
    expect(found.evidence[0]).toMatchObject({ source: 'metric' });
    expect((await world.plan())!.findingId).toBe(found.id);
  });

  it('is not suspected for a certificate that ends some day', async () => {
    const world = new World(seed);
    const object = refOf(changed(world));
    world.told.push({ source: 'signal', object, what: 'certificate', grade: 1, message: 'ends', since: SINCE });
    await noFinding(world, RULE);
  });

  it('is told by an alert about its Service, too', async () => {
    const world = new World(seed);
    const workload = changed(world);
    world.told.push(alertAbout(world.serviceFor(workload)));
    expect((await onlyFinding(world, RULE)).object.name).toBe(workload.metadata.name);
  });

  it('is told by traces although the alert speaks of its caller', async () => {
    const world = new World(seed);
    const culprit = changed(world);
    const caller = world.workload({ replicas: 1 });
    world.told.push(alertAbout(caller));
    world.signals = suspect(culprit);
    const found = await onlyFinding(world, RULE);
    expect(found.object).toEqual(refOf(culprit));
    expect(found.evidence.map(({ source }) => source)).toContain('trace');
  });

  it('gets the setting back that was last applied', async () => {
    const world = new World(seed);
    const key = 'delay';
    const map = world.configMap(
      { [key]: '400' },
      {
        metadata: {
          managedFields: [{ manager: 'kubectl-edit', time: CHANGED, fieldsV1: { 'f:data': { [`f:${key}`]: {} } } }],
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { [key]: '0' } }) },
        },
      },
    );
    const env = [{ name: 'DELAY_MS', valueFrom: { configMapKeyRef: { name: map.metadata.name, key } } }];
    const workload = world.workload({ replicas: 1, containers: [world.container({ env })] });
    world.told.push(alertAbout(workload));
    const found = await onlyFinding(world, RULE);
    const [first, second] = found.fixes[0]!.commands.map((argv) => argv.join(' '));
    expect(first).toContain(`patch configmap ${map.metadata.name}`);
    expect(second).toContain(`rollout restart deployment/${workload.metadata.name}`);
  });
});

describe.each(SEEDS)('an entry that came or went since all was applied (seed %i)', (seed) => {
  it.each([
    ['came', { keep: '8', extra: 'x' }, { keep: '8' }, 'remove'],
    ['went', { keep: '8' }, { keep: '8', extra: 'x' }, 'add'],
  ] as const)('is taken back where it %s', async (_, data, before, op) => {
    const world = new World(seed);
    const map = world.configMap(data, {
      metadata: {
        managedFields: [
          { manager: 'kubectl-patch', time: CHANGED, fieldsV1: { 'f:data': { '.': {}, 'f:extra': {} } } },
        ],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: before }) },
      },
    });
    const envFrom = [{ configMapRef: { name: map.metadata.name } }];
    const workload = world.workload({ replicas: 1, containers: [world.container({ envFrom })] });
    world.told.push(alertAbout(workload));
    const found = await onlyFinding(world, RULE);
    const [patch] = found.fixes[0]!.changes;
    const ops = patch!.type === 'json-patch' ? patch!.ops : [];
    expect(ops.map((one) => `${one.op} ${one.path}`)).toContain(`${op} /data/extra`);
  });
});

describe.each(SEEDS)('entries that one write changed (seed %i)', (seed) => {
  it('go back together, and only those who read them are started anew', async () => {
    const world = new World(seed);
    const data = { detail: 'full', keep: '4096', other: 'same' };
    const map = world.configMap(data, {
      metadata: {
        managedFields: [
          { manager: 'kubectl-patch', time: CHANGED, fieldsV1: { 'f:data': { 'f:detail': {}, 'f:keep': {} } } },
          { manager: 'kubectl', time: '2031-05-06T06:00:00Z', fieldsV1: { 'f:data': { 'f:other': {} } } },
        ],
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
            data: { detail: 'brief', keep: '8', other: 'same' },
          }),
        },
      },
    });
    const name = map.metadata.name;
    const reading = (...keys: string[]) =>
      world.workload({
        replicas: 1,
        containers: [
          world.container({
            env: keys.map((key) => ({ name: key.toUpperCase(), valueFrom: { configMapKeyRef: { name, key } } })),
          }),
        ],
      });
    const [both, elsewhere] = [reading('detail', 'keep'), reading('other')];
    world.told.push(alertAbout(both));
    const found = await onlyFinding(world, RULE);
    const [patch, ...restarts] = found.fixes[0]!.changes;
    expect(patch).toMatchObject({
      type: 'json-patch',
      ops: expect.arrayContaining([
        { op: 'replace', path: '/data/detail', value: 'brief' },
        { op: 'replace', path: '/data/keep', value: '8' },
      ]) as unknown,
    });
    expect(restarts).toEqual([{ type: 'rollout-restart', object: refOf(both) }]);
    expect(JSON.stringify(found.fixes)).not.toContain(elsewhere.metadata.name);
    expect(found.message).toContain('detail and keep of ConfigMap');
  });
});

describe.each(SEEDS)('what began after a change (seed %i)', (seed) => {
  it('is blamed on it although something else went on before', async () => {
    const world = new World(seed);
    const workload = changed(world);
    world.told.push(alertAbout(workload, Date.parse(CHANGED) - 1_800_000), {
      ...alertAbout(workload),
      what: 'ShopFails',
      message: 'ShopFails: 9 % fail',
    });
    expect((await onlyFinding(world, RULE)).message).toContain('3 min before this began');
  });

  it('is mended where callers of callers tell of it', async () => {
    const world = new World(seed);
    const culprit = changed(world);
    const asks = (other: KubeObject) => {
      const { metadata, spec } = world.serviceFor(other);
      const value = `${metadata.name}:${spec.ports[0].port}`;
      return { replicas: 1, containers: [world.container({ env: [{ name: 'NEXT', value }] })] };
    };
    const between = world.workload(asks(culprit));
    const front = world.workload(asks(between));
    world.told.push(alertAbout(front));
    const found = await onlyFinding(world, RULE);
    expect(found.object).toEqual(refOf(culprit));
    expect(found.message).toContain('this began: ShopSlow');
    expect((await world.plan())!.findingId).toBe(found.id);
  });
});

describe.each(SEEDS)('nothing is blamed (seed %i)', (seed) => {
  it.each<[string, (world: World) => void]>([
    ['that was changed long before', (world) => world.told.push(alertAbout(changed(world, '2031-05-06T06:02:00Z')))],
    [
      'that was changed after it began',
      (world) => world.told.push(alertAbout(changed(world), Date.parse(CHANGED) - 600_000)),
    ],
    ['that was never changed', (world) => world.told.push(alertAbout(world.workload({ replicas: 1 })))],
    [
      'of which no alert speaks',
      (world) => {
        changed(world);
        world.told.push(alertAbout(world.workload({ replicas: 1 })));
      },
    ],
    ['whose pods do not run', (world) => world.told.push(alertAbout(changed(world, CHANGED, { pods: 'waiting' })))],
    ['without any telemetry', (world) => void changed(world)],
    [
      'for a certificate that ends soon',
      (world) => world.told.push({ ...alertAbout(changed(world)), what: 'CertificateExpiresSoon' }),
    ],
    [
      'that was set back to what was applied',
      (world) => {
        const map = world.configMap(
          { key: '0' },
          {
            metadata: {
              managedFields: [{ manager: 'kubectl', time: CHANGED, fieldsV1: { 'f:data': { 'f:key': {} } } }],
              annotations: {
                'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { key: '0' } }),
              },
            },
          },
        );
        const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: map.metadata.name, key: 'key' } } }];
        world.told.push(alertAbout(world.workload({ replicas: 1, containers: [world.container({ env })] })));
      },
    ],
  ])('%s', async (_, build) => {
    const world = new World(seed);
    build(world);
    await noFinding(world, RULE);
  });
});

describe.each(SEEDS)('a workload that a failing check asks, without telemetry (seed %i)', (seed) => {
  const asked = (at: string) => {
    const world = new World(seed);
    const workload = changed(world, at);
    const service = world.serviceFor(workload);
    world.told.push({ source: 'check', object: null, what: 'front', grade: 1, message: 'answered 502', asks: refOf(service) }); // prettier-ignore
    return { world, workload };
  };

  it('goes back to what it was, as long as the change is a suspect', async () => {
    const { world, workload } = asked(CHANGED);
    const finding = await onlyFinding(world, RULE);
    expect(finding.object).toEqual(refOf(workload));
    expect(finding.fixes[0]!.changes[0]).toMatchObject({ type: 'rollout-undo' });
    await noFinding(asked('2031-05-06T06:10:00Z').world, RULE);
  });

  it('is not blamed for a restart', async () => {
    const { world, workload } = asked(CHANGED);
    const [earlier, current] = world.revisionsOf(workload) as Loose[];
    current!.spec.template = structuredClone(earlier!.spec.template);
    current!.spec.template.metadata.annotations = { 'kubectl.kubernetes.io/restartedAt': CHANGED };
    await noFinding(world, RULE);
  });
});
