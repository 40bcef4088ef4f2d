import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { World } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import { crashed } from './unfamiliar/fault.ts';

const SEEDS = [14, 61];
const RULE = 'unexpanded-variable';

function crashing(world: World, container: Loose, said: string, options: WorkloadOptions = {}): KubeObject {
  const main = { name: 'main', image: 'registry.example/app:1', ...container };
  const workload = world.workload({ replicas: 1, containers: [main], ...options });
  for (const pod of world.podsOf(workload)) {
    crashed(pod, 'main');
    world.logs.set(`${pod.metadata.name}/main/true`, [said]);
  }
  return workload;
}

const mended = (workload: KubeObject, finding: { fixes: { commands: string[][] }[] }): Loose =>
  applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec.template.spec.containers[0];

const URL = { name: 'DB_URL', value: 'postgres://$(DB_HOST):5432/app' };
const HOST = { name: 'DB_HOST', value: 'db' };
const SAID = 'getaddrinfo ENOTFOUND $(DB_HOST)';

describe.each(SEEDS)('$(NAME) that stays as it is written (seed %i)', (seed) => {
  it('the variable that stands after it comes before it', async () => {
    const world = new World(seed);
    const other = { name: 'MODE', value: 'live' };
    const workload = crashing(world, { env: [other, URL, HOST] }, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.message).toContain('stands after it');
    expect(mended(workload, finding).env).toEqual([other, HOST, URL]);
  });

  it('comes after what it is made of itself, and before all that are made of it', async () => {
    const world = new World(seed);
    const [zone, host] = [{ name: 'ZONE', value: 'a' }, { name: 'DB_HOST', value: 'db-$(ZONE)' }]; // prettier-ignore
    const workload = crashing(world, { env: [URL, zone, host] }, SAID);
    expect(mended(workload, await onlyFinding(world, RULE)).env).toEqual([zone, host, URL]);
  });

  it('two that one is made of come before it together', async () => {
    const world = new World(seed);
    const port = { name: 'DB_PORT', value: '5432' };
    const both = { name: 'DB_URL', value: 'postgres://$(DB_HOST):$(DB_PORT)/app' };
    const workload = crashing(world, { env: [both, HOST, port] }, `${SAID}:$(DB_PORT)`);
    const [finding] = byRule(await world.diagnose(), RULE);
    expect(mended(workload, finding!).env).toEqual([HOST, port, both]);
  });

  it('two that need each other are left as they are', async () => {
    const world = new World(seed);
    crashing(world, { env: [{ name: 'A', value: '$(B)' }, { name: 'B', value: '$(A)' }] }, 'no $(B)'); // prettier-ignore
    expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
  });

  it('the environment of the revision before, which had it', async () => {
    const world = new World(seed);
    const container = { name: 'main', image: 'registry.example/app:1', env: [HOST, URL] };
    const workload = crashing(world, { env: [URL] }, SAID, { earlier: [{ containers: [container] }] });
    expect(mended(workload, await onlyFinding(world, RULE)).env).toEqual([HOST, URL]);
  });

  it('a misspelt name in an argument, which the log holds', async () => {
    const world = new World(seed);
    const args = ['--listen=:$(PROT)'];
    const workload = crashing(world, { args, env: [{ name: 'PORT', value: '1' }] }, 'lookup tcp/$(PROT): unknown port');
    expect(mended(workload, await onlyFinding(world, RULE)).args).toEqual(['--listen=:$(PORT)']);
  });

  it('a name that nobody knows is explained', async () => {
    const world = new World(seed);
    crashing(world, { env: [URL] }, 'FATAL: no such database');
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.message).toContain('$(DB_HOST)');
  });

  it.each([
    ['it has the variable', { env: [HOST, URL] }],
    ['a Secret gives it', { envFrom: [{ secretRef: { name: 'db' } }], env: [URL] }],
    ['a source is not there', { envFrom: [{ configMapRef: { name: 'gone' } }], env: [URL] }],
    ['the kubelet makes it of a Service', { env: [{ name: 'A', value: '$(REDIS_SERVICE_HOST)' }] }],
    ['it is written for a literal one', { env: [{ name: 'A', value: '$$(DB_HOST)' }] }],
    ['a shell reads it', { command: ['sh', '-c', 'echo $(HOSTNAME_OF) $(date)'] }],
  ])('nothing where %s', async (_what, container) => {
    const world = new World(seed);
    world.secret(['DB_HOST'], { name: 'db' });
    crashing(world, container, 'panic: oh');
    await noFinding(world, RULE);
  });

  it('nothing of a workload that is well', async () => {
    const world = new World(seed);
    world.workload({ containers: [world.container({ env: [URL] })] });
    await noFinding(world, RULE);
  });
});
