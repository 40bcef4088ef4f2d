import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/domain/finding.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';

const RULE = 'credential-refused';
const MADE = '2031-05-06T05:00:00Z';
const CHANGED = '2031-05-06T07:00:00Z';
const BEFORE = '2031-05-06T06:30:00Z';
const AFTER = '2031-05-06T07:01:00Z';

interface Options {
  /** Whose Secret was changed. */
  changed?: 'callee' | 'caller' | 'none' | 'shared';
  calleeSince?: string;
  callerSince?: string;
  says?: string[];
}

interface Scene {
  caller: KubeObject;
  callee: KubeObject;
  secrets: Record<'callee' | 'caller', KubeObject>;
}

/** A program that is not ready and asks another one, each with a Secret of its own, or one for both. */
function scene(world: World, options: Options = {}): Scene {
  const { changed = 'callee', calleeSince = AFTER, callerSince = AFTER } = options;
  const secret = (name: string, isChanged: boolean) =>
    world.secret(['token'], {
      name,
      metadata: {
        creationTimestamp: MADE,
        managedFields: [
          {
            manager: 'kubectl-patch',
            operation: 'Update',
            time: isChanged ? CHANGED : MADE,
            fieldsV1: { 'f:data': { 'f:token': {} } },
          },
        ],
      },
    });
  const ofCallee = secret('vault-token', changed === 'callee' || changed === 'shared');
  const ofCaller = changed === 'shared' ? ofCallee : secret('payroll-vault', changed === 'caller');
  const taking = ({ metadata }: KubeObject) => ({
    name: 'TOKEN',
    valueFrom: { secretKeyRef: { name: metadata.name, key: 'token' } },
  });
  const callee = world.workload({ name: 'vault', containers: [world.container({ env: [taking(ofCallee)] })] });
  world.serviceFor(callee, { name: 'vault' });
  const asking = world.container({ env: [taking(ofCaller), { name: 'UPSTREAM', value: 'http://vault:8080' }] });
  const caller = world.workload({ name: 'payroll', containers: [asking] });
  const since = (workload: KubeObject, startedAt: string) => {
    for (const pod of world.podsOf(workload)) pod['status'].containerStatuses[0].state.running = { startedAt };
  };
  since(callee, calleeSince);
  since(caller, callerSince);
  for (const pod of world.podsOf(caller)) {
    pod['status'].conditions[0].status = 'False';
    const lines = options.says ?? ['serving', 'upstream vault:8080/read failed: HTTP/1.1 401 Unauthorized'];
    world.logs.set(`${pod.metadata.name}/${asking.name}/false`, lines);
  }
  return { caller, callee, secrets: { callee: ofCallee, caller: ofCaller } };
}

const restarts = (finding: Finding) => finding.fixes.map(({ changes }) => changes.map(({ type }) => type));

describe.each([3, 21, 77])('a credential that another one refuses (seed %i)', (seed) => {
  it.each(['callee', 'caller'] as const)(
    'is led back to the Secret of one side (%s), which is for people',
    async (side) => {
      const world = new World(seed);
      const { secrets } = scene(world, { changed: side });
      const finding = await onlyFinding(world, RULE);
      expect(finding).toMatchObject({ object: { kind: 'Secret', name: secrets[side].metadata.name }, beyond: true });
      expect(finding.message).toMatch(/Deployment vault refuses the credential of Deployment payroll/);
      expect(finding.fixes).toEqual([]);
      expect(finding.unfixed).toMatch(/neither read nor written/);
      expect(finding.evidence.map(({ text }) => text).join('\n')).toMatch(/401 Unauthorized[^]*kubectl-patch/);
    },
  );

  it.each([
    'FATAL: password authentication failed for user "app" (vault:8080)',
    "Access denied for user 'app'@'10.0.0.7' asking vault",
    'vault: invalid API key',
    'login to http://vault:8080 failed: token has expired; authentication error',
  ])('is told by many servers: %s', async (line) => {
    const world = new World(seed);
    scene(world, { says: [line] });
    await onlyFinding(world, RULE);
  });

  it('is mended by a new start where the other one still uses what its Secret held before', async () => {
    const world = new World(seed);
    scene(world, { changed: 'shared', calleeSince: BEFORE });
    const finding = await onlyFinding(world, RULE);
    expect(finding.object).toMatchObject({ kind: 'Deployment', name: 'vault' });
    expect(restarts(finding)).toEqual([['rollout-restart']]);
  });

  it('of pods that are behind their own Secret is told as that', async () => {
    const world = new World(seed);
    scene(world, { changed: 'shared', callerSince: BEFORE });
    const findings = await world.diagnose();
    expect(byRule(findings, RULE)).toEqual([]);
    expect(byRule(findings, 'stale-config')).toHaveLength(1);
  });

  it('keeps what else the program reads from being tried', async () => {
    const world = new World(seed);
    const { caller } = scene(world, { callerSince: BEFORE });
    const banner = world.configMap(
      { text: 'hello' },
      {
        metadata: {
          creationTimestamp: MADE,
          managedFields: [
            { manager: 'kubectl', operation: 'Update', time: CHANGED, fieldsV1: { 'f:data': { 'f:text': {} } } },
          ],
        },
      },
    );
    caller.spec!.template.spec.containers[0].env.push({
      name: 'BANNER',
      valueFrom: { configMapKeyRef: { name: banner.metadata.name, key: 'text' } },
    });
    expect(byRule(await world.diagnose(), 'stale-config')).toEqual([]);
  });

  it.each<[string, Options]>([
    ['no Secret was changed', { changed: 'none' }],
    ['nobody refuses it', { says: ['asked vault:8080: 200'] }],
    ['a store of users does, which another rule knows', { says: ['vault: WRONGPASS invalid username-password pair'] }],
    ['a request of a visitor is refused that names nobody whom it asks', { says: ['GET /login 200', 'POST /x 403'] }],
  ])('is no finding where %s', async (_, options) => {
    const world = new World(seed);
    scene(world, options);
    await noFinding(world, RULE);
  });
});
