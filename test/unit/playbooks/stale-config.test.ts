import { describe, expect, it } from 'vitest';
import { refOf } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [3, 21, 77];
const RULE = 'stale-config';
const CHANGED = '2031-05-06T07:00:00Z';

const fields = (data: string[], time: string) => [
  { manager: 'kubectl-patch', operation: 'Update', time, fieldsV1: { 'f:data': Object.fromEntries(data.map((key) => [`f:${key}`, {}])) } },
]; // prettier-ignore

/** A caller that reads where to ask from a ConfigMap which names another Service since `changed`. */
function reader(world: World, how: 'env' | 'envFrom' | 'subPath' | 'file', startedAt: string, to = 'green') {
  const asked = world.workload();
  world.serviceFor(asked, { name: 'green' });
  const map = world.configMap(
    { upstream: `${to}:8080` },
    { metadata: { managedFields: fields(['upstream'], CHANGED) } },
  );
  const { name } = map.metadata;
  const spec: Record<typeof how, Loose> = {
    env: { env: [{ name: 'UPSTREAM', valueFrom: { configMapKeyRef: { name, key: 'upstream' } } }] },
    envFrom: { envFrom: [{ configMapRef: { name } }] },
    subPath: { volumeMounts: [{ name: 'c', mountPath: '/etc/x', subPath: 'upstream' }] },
    file: { volumeMounts: [{ name: 'c', mountPath: '/etc/x' }] },
  };
  const volumes =
    how === 'subPath' || how === 'file' ? { podSpec: { volumes: [{ name: 'c', configMap: { name } }] } } : {};
  const container = world.container(spec[how]);
  const workload = world.workload({ containers: [container], ...volumes });
  for (const pod of world.podsOf(workload)) pod['status'].containerStatuses[0].state.running.startedAt = startedAt;
  const say = (line: string) => {
    for (const pod of world.podsOf(workload)) world.logs.set(`${pod.metadata.name}/${container.name}/false`, [line]);
  };
  return { workload, map, say, asked };
}

const BEFORE = '2031-05-06T06:30:00Z';
const AFTER = '2031-05-06T07:01:00Z';

describe.each(SEEDS)('configuration that changed after pods read it (seed %i)', (seed) => {
  it.each(['env', 'envFrom', 'subPath', 'file'] as const)('is read anew by a restart (%s)', async (how) => {
    const world = new World(seed);
    const { workload, say } = reader(world, how, BEFORE);
    say('upstream blue:8080 gave nothing');
    const finding = await onlyFinding(world, RULE);
    expect(finding.object.name).toBe(workload.metadata.name);
    expect(finding.severity).toBe('critical');
    expect(finding.fixes[0]!.commands).toEqual([
      ['rollout', 'restart', `deployment/${workload.metadata.name}`, '-n', world.namespace],
    ]);
    expect(finding.fixes[0]!.confidence).toBeGreaterThan(0.9);
  });

  it('is read anew by replacing the old pods of a ReplicaSet that nobody owns, one after the other', async () => {
    const world = new World(seed);
    const { workload, say } = reader(world, 'env', BEFORE);
    say('upstream blue:8080 gave nothing');
    // Left alone by its Deployment, as `kubectl delete --cascade=orphan` does.
    const set = world.revisionsOf(workload).at(-1)!;
    const pods = world.podsOf(workload);
    world.remove(workload);
    delete set.metadata.ownerReferences;
    const finding = await onlyFinding(world, RULE);
    expect(finding.object).toMatchObject({ kind: 'ReplicaSet', name: set.metadata.name });
    expect(finding.fixes[0]!.changes).toEqual(pods.map((pod) => ({ type: 'delete', object: refOf(pod), wait: true })));
  });

  it('is a guess where only the times speak and the pods are not ready', async () => {
    const world = new World(seed);
    const { workload } = reader(world, 'env', BEFORE);
    for (const pod of world.podsOf(workload)) pod['status'].conditions[0].status = 'False';
    expect((await onlyFinding(world, RULE)).fixes[0]!.confidence).toBeLessThan(0.7);
  });

  it('is no matter where an error is passed on that somebody else had with a host of its own', async () => {
    const world = new World(seed);
    const { workload, say, asked } = reader(world, 'file', BEFORE);
    const store = world.workload({ name: 'green-store' });
    world.serviceFor(store, { name: 'green-db' });
    asked.spec!.template.spec.containers[0].env = [{ name: 'STORE', value: 'green-db:6379' }];
    for (const pod of world.podsOf(workload)) pod['status'].conditions[0].status = 'False';
    say('request failed: answered 502: no answer from green-db:6379');
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });

  it('is no reason for a restart where it now names nothing', async () => {
    const world = new World(seed);
    const { workload } = reader(world, 'env', BEFORE, `gren.${world.namespace}`);
    for (const pod of world.podsOf(workload)) pod['status'].conditions[0].status = 'False';
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/does not exist/);
  });

  it.each(['env', 'subPath', 'file'] as const)('is no matter while all is well (%s)', async (how) => {
    const world = new World(seed);
    reader(world, how, BEFORE).say('served 12 requests from green:8080');
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });

  it('is no matter to pods that started after it', async () => {
    const world = new World(seed);
    reader(world, 'env', AFTER).say('upstream blue:8080 gave nothing');
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
