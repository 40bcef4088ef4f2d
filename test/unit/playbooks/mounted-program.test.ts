import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { World } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import { crashed } from './unfamiliar/fault.ts';

const SEEDS = [19, 77];
const RULE = 'mounted-program';
const RUNC =
  'failed to create containerd task: OCI runtime create failed: runc create failed: unable to start container process: ';

interface Options extends WorkloadOptions {
  container?: Loose;
  volume?: Loose;
  ended?: Loose;
  said?: string[];
}

/** A container that mounts `volume` at `mountPath` and ends. */
function mounting(world: World, mountPath: string, options: Options): KubeObject {
  const { container = {}, volume, ended = {}, said = [], ...rest } = options;
  const main = {
    name: 'main',
    image: 'registry.example/app:1',
    volumeMounts: [{ name: 'v', mountPath }],
    ...container,
  };
  const workload = world.workload({
    replicas: 1,
    containers: [main],
    podSpec: { volumes: [{ name: 'v', ...volume }] },
    ...rest,
  });
  for (const pod of world.podsOf(workload)) {
    crashed(pod, 'main', ended);
    world.logs.set(`${pod.metadata.name}/main/true`, said);
  }
  return workload;
}

const mended = (workload: KubeObject, finding: { fixes: { commands: string[][] }[] }): Loose =>
  applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec.template.spec;

const SCRIPTS = { configMap: { name: 'scripts', defaultMode: 420 } };
const DENIED = {
  exitCode: 128,
  reason: 'StartError',
  message: `${RUNC}exec: "/scripts/run.sh": permission denied: unknown`,
};
const ABSENT = {
  exitCode: 128,
  reason: 'StartError',
  message: `${RUNC}exec: "/app/server": stat /app/server: no such file or directory: unknown`,
};

describe.each(SEEDS)('a program in a volume that may not be run (seed %i)', (seed) => {
  it('gets the right for whoever may read it', async () => {
    const world = new World(seed);
    world.configMap({ 'run.sh': '#!/bin/sh' }, { name: 'scripts' });
    const workload = mounting(world, '/scripts', { volume: SCRIPTS, ended: DENIED });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('mode 0644');
    expect(mended(workload, finding).volumes[0].configMap.defaultMode).toBe(0o755);
    expect(byRule(await world.diagnose(), 'container-start')).toEqual([]);
  });

  it('by the words of a shell; only its own entry, where that has a mode', async () => {
    const world = new World(seed);
    const volume = { secret: { secretName: 'keys', items: [{ key: 'run', path: 'run.sh', mode: 0o400 }] } };
    const said = ['sh: /scripts/run.sh: Permission denied'];
    const workload = mounting(world, '/scripts', { volume, said, ended: { exitCode: 126 } });
    const after = mended(workload, await onlyFinding(world, RULE));
    expect(after.volumes[0].secret).toEqual({
      secretName: 'keys',
      items: [{ key: 'run', path: 'run.sh', mode: 0o500 }],
    });
  });

  it('nothing where the mode lets it run', async () => {
    const world = new World(seed);
    world.configMap({ 'run.sh': '#!/bin/sh' }, { name: 'scripts' });
    mounting(world, '/scripts', { volume: { configMap: { name: 'scripts', defaultMode: 0o755 } }, ended: DENIED });
    await noFinding(world, RULE);
  });
});

describe.each(SEEDS)('a program that a volume hides (seed %i)', (seed) => {
  const CONF = { configMap: { name: 'conf', defaultMode: 420 } };

  it('is seen again where the files are mounted one by one', async () => {
    const world = new World(seed);
    world.configMap({ 'app.yaml': 'a: 1', 'log.yaml': 'b: 2' }, { name: 'conf' });
    const workload = mounting(world, '/app', { volume: CONF, ended: ABSENT });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('hides what the image has there');
    expect(mended(workload, finding).containers[0].volumeMounts).toEqual([
      { name: 'v', mountPath: '/app/app.yaml', subPath: 'app.yaml' },
      { name: 'v', mountPath: '/app/log.yaml', subPath: 'log.yaml' },
    ]);
    expect(byRule(await world.diagnose(), 'container-start')).toEqual([]);
  });

  it('the mounts of the revision before come first', async () => {
    const world = new World(seed);
    world.configMap({ 'app.yaml': 'a: 1' }, { name: 'conf' });
    const before = {
      name: 'main',
      image: 'registry.example/app:1',
      volumeMounts: [{ name: 'v', mountPath: '/etc/app' }],
    };
    const workload = mounting(world, '/app', { volume: CONF, ended: ABSENT, earlier: [{ containers: [before] }] });
    expect(mended(workload, await onlyFinding(world, RULE)).containers[0].volumeMounts[0].mountPath).toBe('/etc/app');
  });

  it('by an empty directory, as an interpreter says: explained', async () => {
    const world = new World(seed);
    mounting(world, '/srv', { volume: { emptyDir: {} }, said: ["Error: Cannot find module '/srv/server.js'"] });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('/srv');
  });

  it.each([
    ['the volume has it', '/app', CONF, {}],
    [
      'an init container fills it',
      '/app',
      { emptyDir: {} },
      {
        podSpec: {
          volumes: [{ name: 'v', emptyDir: {} }],
          initContainers: [{ name: 'i', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/x' }] }],
        },
      },
    ],
    ['nobody knows what it has', '/app', { persistentVolumeClaim: { claimName: 'c' } }, {}],
    ['it lies elsewhere', '/application', CONF, {}],
  ])('nothing where %s', async (_what, path, volume, more) => {
    const world = new World(seed);
    world.configMap({ server: 'x' }, { name: 'conf' });
    mounting(world, path, { volume, ended: ABSENT, ...more });
    await noFinding(world, RULE);
  });
});
