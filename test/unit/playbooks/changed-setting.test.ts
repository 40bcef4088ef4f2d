import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [9, 310, 8128];
const RULE = 'changed-setting';
const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

type Way = 'variable' | 'variables' | 'file';

interface Scene {
  now: Record<string, string>;
  /** What was last applied; null: nobody ever applied it. */
  applied?: Record<string, string> | null;
  log: string[];
  ready?: boolean;
  changed?: string;
  immutable?: true;
}

/** A container that reads a ConfigMap when it starts, and crashes with the log. */
function reader(seed: number, way: Way, { now, applied = null, log, ready, changed, immutable }: Scene) {
  const world = new World(seed);
  const [key] = Object.keys(now) as [string];
  const managedFields = [
    { manager: 'kubectl-edit', time: changed ?? '2031-05-06T07:00:00Z', fieldsV1: { 'f:data': { [`f:${key}`]: {} } } },
  ];
  const annotations = applied ? { [ANNOTATION]: JSON.stringify({ data: applied }) } : {};
  const map = world.configMap(now, { metadata: { managedFields, annotations }, ...(immutable ? { immutable } : {}) });
  const { name } = map.metadata;
  const source: Record<Way, Loose> = {
    variable: { env: [{ name: 'POOL_SIZE', valueFrom: { configMapKeyRef: { name, key } } }] },
    variables: { envFrom: [{ configMapRef: { name } }] },
    file: { volumeMounts: [{ name: 'c', mountPath: '/etc/program' }] },
  };
  const container = world.container(source[way]);
  const workload = world.workload({
    replicas: 1,
    pods: ready ? 'ready' : 'waiting',
    containers: [container],
    podSpec: { volumes: [{ name: 'c', configMap: { name } }] },
  });
  const [pod] = world.podsOf(workload) as [Loose];
  if (!ready) {
    const terminated = { exitCode: 1, reason: 'Error', finishedAt: '2031-05-06T07:07:13Z' };
    const state = { waiting: { reason: 'CrashLoopBackOff' } };
    Object.assign(pod.status.containerStatuses[0], { restartCount: 4, state, lastState: { terminated } });
  }
  for (const before of [true, false]) world.logs.set(`${pod.metadata.name}/${container.name}/${before}`, log);
  return { world, workload, map };
}

describe.each(SEEDS)('an entry of a ConfigMap of which a crashing container complains (seed %i)', (seed) => {
  it.each<[Way, Scene]>([
    [
      'variable',
      { now: { pool: 'many' }, applied: { pool: '10' }, log: ['fatal: POOL_SIZE must be a number, got "many"'] },
    ],
    [
      'variables',
      {
        now: { POOL_SIZE: 'many' },
        applied: { POOL_SIZE: '10' },
        log: ['error: bad pool size: "many" is not a number'],
      },
    ],
    [
      'file',
      {
        now: { 'main.conf': 'listen 80\nworkerz 4\n' },
        applied: { 'main.conf': 'listen 80\nworkers 4\n' },
        log: ['unknown directive in line 2:', '>>> error near "workerz 4"'],
      },
    ],
    [
      'file',
      {
        now: { 'store.conf': 'port 0\ntls-cert-file /etc/tls/tls.crt\n' },
        applied: { 'store.conf': 'port 6379\n' },
        log: ['Failed to load certificate: /etc/tls/tls.crt: No such file or directory'],
      },
    ],
  ])('is again what was last applied (%s)', async (way, scene) => {
    const { world, workload, map } = reader(seed, way, scene);
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.object.name).toBe(workload.metadata.name);
    expect(finding.message).toContain(map.metadata.name);
    const [patch, restart] = finding.fixes[0]!.commands;
    expect((applyPatch(map, patchOps(patch!)) as Loose).data).toEqual(scene.applied);
    expect(restart!.slice(0, 2)).toEqual(['rollout', 'restart']);
  });

  it('leaves entries alone of which nobody complains', async () => {
    const { world, map } = reader(seed, 'variables', {
      now: { POOL_SIZE: 'many', THEME: 'dark' },
      applied: { POOL_SIZE: '10', THEME: 'light' },
      log: ['fatal: POOL_SIZE must be a number'],
    });
    const [fix] = (await onlyFinding(world, RULE)).fixes;
    const after = applyPatch(map, patchOps(fix!.commands[0]!)) as Loose;
    expect(after.data).toEqual({ POOL_SIZE: '10', THEME: 'dark' });
  });

  it('is named with who changed it when, where nothing keeps what it said', async () => {
    const { world } = reader(seed, 'variable', { now: { pool: 'many' }, log: ['fatal: POOL_SIZE must be a number'] });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.message).toMatch(/pool .*2031-05-06T07:00:00.*kubectl-edit/);
    expect(finding.unfixed).toMatch(/nothing in the cluster keeps/);
  });

  it('is named only where the ConfigMap cannot be changed', async () => {
    const now = { pool: 'many' };
    const log = ['fatal: POOL_SIZE must be a number'];
    const { world } = reader(seed, 'variable', { now, applied: { pool: '10' }, log, immutable: true });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/cannot be changed in place/);
  });

  const scene: Scene = { now: { pool: 'many' }, applied: { pool: '10' }, log: ['fatal: POOL_SIZE must be a number'] };
  const files: Scene = { now: { pool: 'at /srv/a/b' }, applied: { pool: 'at /srv/a' }, log: [] };
  it.each<[string, Scene]>([
    ['the container works', { ...scene, ready: true }],
    ['the log speaks of another variable', { ...scene, log: ['fatal: MAX_POOL_SIZE must be a number'] }],
    ['the log mentions it without a complaint', { ...scene, log: ['POOL_SIZE is many'] }],
    ['the log complains of another file', { ...files, log: ['cannot open /srv/b/c: No such file or directory'] }],
    ['the log mentions the file without a complaint', { ...files, log: ['loaded /srv/a/b'] }],
    ['it is what was applied', { ...scene, applied: scene.now, changed: '2031-05-06T06:00:00Z' }],
    [
      'it is an address, which other rules know',
      { ...scene, now: { pool: 'store:6379' }, applied: { pool: 'st:6379' } },
    ],
  ])('is no matter where %s', async (_, given) => {
    const { world } = reader(seed, 'variable', given);
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
