import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { byRule } from './findings.ts';

const RULE = 'degraded-after-change';
const MADE = '2031-05-06T05:00:00Z';
const CHANGED = '2031-05-06T07:00:00Z';
const UNREADY = '2031-05-06T07:00:20Z';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

interface Options {
  says?: string;
  /** Nobody is behind the Service that is asked. */
  isGone?: boolean;
  isReady?: boolean;
}

/** A program that is not ready and says why, and whom it asks: ready, with a setting that was changed a moment before. */
function scene(world: World, { says, isGone, isReady }: Options = {}) {
  const applied = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', data: { PORT: '8080' } });
  const map = world.configMap(
    { PORT: '9090' },
    {
      metadata: {
        creationTimestamp: MADE,
        annotations: { [LAST_APPLIED]: applied },
        managedFields: [
          { manager: 'kubectl-patch', operation: 'Update', time: CHANGED, fieldsV1: { 'f:data': { 'f:PORT': {} } } },
        ],
      },
    },
  );
  const serving = world.container({ port: 8080, envFrom: [{ configMapRef: { name: map.metadata.name } }] });
  const callee = world.workload({ kind: 'Deployment', name: 'backend', containers: [serving] });
  world.service(callee.spec!.template.metadata.labels, [{ port: 8080, targetPort: 8080 }], { name: 'backend' });
  for (const pod of world.podsOf(callee)) {
    pod['status'].containerStatuses[0].state.running.startedAt = '2031-05-06T07:00:05Z';
    if (isGone) pod['status'].conditions[0].status = 'False';
  }
  const asking = world.container({ env: [{ name: 'UPSTREAM', value: 'http://backend:8080' }] });
  const caller = world.workload({ kind: 'Deployment', name: 'front', containers: [asking] });
  for (const pod of world.podsOf(caller)) {
    if (!isReady) Object.assign(pod['status'].conditions[0], { status: 'False', lastTransitionTime: UNREADY });
    world.logs.set(`${pod.metadata.name}/${asking.name}/false`, [
      'listening',
      says ?? 'ERROR upstream backend:8080/ failed: Connection refused',
    ]);
  }
  return { map, callee, caller };
}

describe.each([3, 21, 77])('a program that complains of another one which is ready (seed %i)', (seed) => {
  it('leads to what was changed there, before anything is done to the program itself', async () => {
    const world = new World(seed);
    const { map } = scene(world);
    const [first] = await world.diagnose();
    expect(first).toMatchObject({ rule: RULE, severity: 'critical', object: { kind: 'Deployment', name: 'backend' } });
    expect(first!.message).toMatch(/PORT of ConfigMap .* changed .*before this began: .*Connection refused/);
    expect(first!.fixes[0]!.changes).toMatchObject([
      { type: 'json-patch', object: { kind: 'ConfigMap', name: map.metadata.name } },
      { type: 'rollout-restart', object: { name: 'backend' } },
    ]);
  });

  it.each<[string, Options]>([
    ['nothing is complained of', { says: 'asked backend:8080: 200' }],
    ['it complains of somebody else', { says: 'ERROR upstream cache:8080/ failed: Connection refused' }],
    ['the other one is not ready itself, which other rules tell', { isGone: true }],
    ['all is well', { isReady: true }],
  ])('is no finding where %s', async (_, options) => {
    const world = new World(seed);
    scene(world, options);
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
