import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { alertOn, quietSignals, signalOf, withSignals } from './telemetry-world.ts';

const SEEDS = [12, 90, 3003];
const RULE = 'disk-filling';
const MOUNT = '/var/data';

interface Shape {
  env?: object[];
  readOnly?: boolean;
  expands?: boolean;
}

function mounted(world: World, { env = [], readOnly = false, expands = false }: Shape = {}) {
  const storage = world.add('StorageClass', 'storage.k8s.io/v1', 'slow', { allowVolumeExpansion: expands }, null);
  const claim = world.add('PersistentVolumeClaim', 'v1', world.random.name(), {
    spec: { storageClassName: storage.metadata.name },
    status: { phase: 'Bound', capacity: { storage: '10Gi' } },
  });
  const volumeMounts = [{ name: 'data', mountPath: MOUNT, ...(readOnly ? { readOnly } : {}) }];
  const workload = world.workload({
    replicas: 1,
    containers: [world.container({ name: 'main', env, volumeMounts })],
    podSpec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim.metadata.name } }] },
  });
  return { claim, workload };
}

const filling = (claim: KubeObject) => withSignals(signalOf('disk', claim, { message: '86 % are used' }));
const action = (allowed: boolean) => ({ name: 'truncate-log', digest: 'd', title: 'Empty a log file', allowed });
const LOG = [{ name: 'LOG_FILE', value: `${MOUNT}/app.log` }];

describe.each(SEEDS)('a volume that fills up (seed %i)', (seed) => {
  it('is told with who writes there, and what could be done', async () => {
    const world = new World(seed);
    const { claim, workload } = mounted(world);
    world.signals = filling(claim);
    const found = await onlyFinding(world, RULE);
    expect(found.message).toContain('(10Gi) fills up: 86 % are used');
    expect(JSON.stringify(found.evidence)).toContain(`writes below ${MOUNT}`);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain(`Deployment ${workload.metadata.name}`);
    expect(found.unfixed).toContain('lets no claim grow');
  });

  it('is told by an alert, and that it could grow', async () => {
    const world = new World(seed);
    const { claim } = mounted(world, { expands: true });
    world.told.push(alertOn(world, 'VolumeFilling', [claim]));
    world.signals = quietSignals();
    expect((await onlyFinding(world, RULE)).unfixed).toContain('nobody can take back');
  });

  it.each([
    ['as a forecast says', 'its room is at 40 % and is full in 20 min', 'forecast' as const],
    ['as far as that is known', 'when it will be full is not known: it varies too much', null],
    ['or that nothing tells', 'when it will be full is not known, for no metric tells of its room', undefined],
  ])('is told by an alert with when it will be full, %s', async (_, text, level) => {
    const world = new World(seed);
    const { claim } = mounted(world);
    world.told.push(alertOn(world, 'VolumeFilling', [claim]));
    const signals = level ? [signalOf('disk', claim, { level, message: text })] : [];
    const unjudged =
      level === null ? [{ kind: 'disk' as const, object: refOf(claim), reason: 'it varies too much' }] : [];
    world.signals = quietSignals({ reading: { signals, unjudged, absent: [] } });
    const found = await onlyFinding(world, RULE);
    expect(found.evidence.map((fact) => fact.text)).toContain(text);
  });

  it('has a log emptied that its settings name, where that is allowed', async () => {
    const world = new World(seed);
    const { claim, workload } = mounted(world, { env: LOG });
    world.signals = filling(claim);
    world.told.push(alertOn(world, 'VolumeFilling', [claim]));
    world.actions.push(action(true));
    const [pod] = world.podsOf(workload);
    const found = await onlyFinding(world, RULE);
    expect(found.fixes[0]!.changes).toMatchObject([
      {
        type: 'action',
        call: {
          name: 'truncate-log',
          digest: 'd',
          at: { pod: pod!.metadata.name, container: 'main' },
          inputs: { path: `${MOUNT}/app.log` },
        },
      },
    ]);
  });

  it('says how to allow it, where it is not', async () => {
    const world = new World(seed);
    const { claim } = mounted(world, { env: LOG });
    world.signals = filling(claim);
    world.actions.push(action(false));
    const found = await onlyFinding(world, RULE);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain('stratus runbook allow truncate-log');
  });

  it.each([
    ['outside of the volume', '/tmp/app.log'],
    ['that is no log', `${MOUNT}/ledger.db`],
    ['that leads elsewhere', `${MOUNT}/../../etc/app.log`],
    ['of a neighbour', `${MOUNT}-old/app.log`],
  ])('has no file emptied %s', async (_, value) => {
    const world = new World(seed);
    const { claim } = mounted(world, { env: [{ name: 'FILE', value }] });
    world.signals = filling(claim);
    world.actions.push(action(true));
    expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
  });
});

describe.each(SEEDS)('the disk of a node (seed %i)', (seed) => {
  it('is told with the pods that keep something there', async () => {
    const world = new World(seed);
    const [node] = world.list('Node');
    world.workload({ replicas: 1, podSpec: { volumes: [{ name: 'scratch', emptyDir: {} }] } });
    world.signals = withSignals(signalOf('disk', node!, { message: '/ is 91 % full' }));
    const found = await onlyFinding(world, RULE);
    expect(JSON.stringify(found.evidence)).toContain('keeps scratch');
    expect(found.fixes).toEqual([]);
  });
});

describe.each(SEEDS)('nothing is said (seed %i)', (seed) => {
  it.each<[string, (world: World, claim: KubeObject, workload: KubeObject) => void]>([
    ['of a volume that has room', (world) => (world.signals = quietSignals())],
    [
      'of one that will be full in days',
      (world, claim) => (world.signals = withSignals(signalOf('disk', claim, { level: 'forecast' }))),
    ],
    [
      'where an alert speaks of its workload only',
      (world, _, workload) => world.told.push(alertOn(world, 'Slow', [workload])),
    ],
  ])('%s', async (_, build) => {
    const world = new World(seed);
    const { claim, workload } = mounted(world);
    build(world, claim, workload);
    await noFinding(world, RULE);
  });
});
