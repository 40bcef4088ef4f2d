import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { authorityCertificate } from '../cluster/certificates.ts';
import { applyPatch } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { EXPIRED_CERTIFICATE } from '../../support/expired-certificate.ts';
import { World } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const applied = (spec: Loose) => ({ annotations: { [APPLIED]: JSON.stringify({ spec }) } });

function mended(object: KubeObject, { fixes }: Finding): KubeObject {
  const [change] = fixes[0]!.changes;
  if (change?.type !== 'json-patch') throw new Error('not a patch');
  return applyPatch(object, change.ops) as KubeObject;
}

/** What rules say while nothing is measured as unhealthy. */
async function whenWell(world: World): Promise<Finding[]> {
  const well = { ...world.context(), severity: { known: true as const, items: [] } };
  return (await new PlaybookBrain().diagnose(well)).findings;
}

describe.each([4, 31])('a CronJob that does not run (seed %i)', (seed) => {
  const RULE = 'cron-job-schedule';
  const cron = (world: World, spec: Loose, fields: Loose = {}) =>
    world.add('CronJob', 'batch/v1', world.random.name(), {
      spec: { schedule: '* * * * *', concurrencyPolicy: 'Forbid', ...spec },
      status: { lastScheduleTime: '2031-05-06T07:07:00Z' },
      ...fields,
    });

  it('gets the schedule that was last applied, or none by guess', async () => {
    const world = new World(seed);
    const never = cron(world, { schedule: '0 0 31 2 *' }, { metadata: applied({ schedule: '0 3 * * *' }) });
    expect(mended(never, await onlyFinding(world, RULE)).spec.schedule).toBe('0 3 * * *');
    const other = new World(seed);
    cron(other, { schedule: '0 0 30 2 *' });
    const finding = await onlyFinding(other, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/which day/);
  });

  it('gets the deadline that was last applied', async () => {
    const world = new World(seed);
    const status = { lastScheduleTime: '2031-05-06T06:00:00Z' };
    const late = cron(world, { startingDeadlineSeconds: 1 }, { status, metadata: applied({ schedule: '* * * * *' }) });
    expect(mended(late, await onlyFinding(world, RULE)).spec).not.toHaveProperty('startingDeadlineSeconds');
  });

  it('names the run that does not end, and does not stop it', async () => {
    const world = new World(seed);
    const owner = cron(world, {}, { status: { lastScheduleTime: '2031-05-06T06:00:00Z' } });
    world.add('Job', 'batch/v1', 'stuck', {
      metadata: {
        ownerReferences: [
          {
            apiVersion: 'batch/v1',
            kind: 'CronJob',
            name: owner.metadata.name,
            uid: owner.metadata.uid!,
            controller: true,
          },
        ],
      },
      status: { startTime: '2031-05-06T06:00:00Z', active: 1 },
    });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('Job stuck has run for');
    expect(finding.fixes).toEqual([]);
  });

  it('is left alone while it runs or is meant to rest, and noted where it was suspended by hand', async () => {
    const world = new World(seed);
    cron(world, {});
    cron(world, { suspend: true }, { metadata: applied({ suspend: true }) });
    cron(world, { suspend: true });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    const idle = cron(world, { suspend: true }, { metadata: applied({ schedule: '* * * * *' }) });
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('info');
    expect(mended(idle, finding).spec.suspend).toBe(false);
  });

  it('is resumed where it was applied with the words that it runs', async () => {
    const world = new World(seed);
    const idle = cron(world, { suspend: true }, { metadata: applied({ schedule: '* * * * *', suspend: false }) });
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('warning');
    expect(mended(idle, finding).spec.suspend).toBe(false);
  });
});

describe.each([4, 31])('a disruption budget (seed %i)', (seed) => {
  const RULE = 'disruption-budget-room';
  const budget = (world: World, workload: KubeObject, spec: Loose, fields: Loose = {}) =>
    world.add('PodDisruptionBudget', 'policy/v1', world.random.name(), {
      spec: { selector: { matchLabels: workload.spec.template.metadata.labels }, ...spec },
      status: { disruptionsAllowed: 0 },
      ...fields,
    });

  it.each<Loose>([{ minAvailable: 3 }, { maxUnavailable: 0 }, { minAvailable: '100%' }])(
    'without room is noted (%o)',
    async (spec) => {
      const world = new World(seed);
      budget(world, world.workload({ replicas: 3 }), spec);
      const finding = await onlyFinding(world, RULE);
      expect(finding.severity).toBe('info');
      expect(finding.fixes).toEqual([]);
    },
  );

  it('that a cordoned node waits for gets back what was last applied', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 2 });
    const tight = budget(world, workload, { minAvailable: 2 }, { metadata: applied({ minAvailable: 1 }) });
    world.list('Node')[0]!.spec.unschedulable = true;
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('warning');
    expect(mended(tight, finding).spec.minAvailable).toBe(1);
  });

  it('with room, or at work, is left alone', async () => {
    const world = new World(seed);
    budget(world, world.workload({ replicas: 3 }), { minAvailable: 2 });
    budget(world, world.workload({ replicas: 3 }), { minAvailable: '50%' });
    budget(world, world.workload({ replicas: 1, pods: 'waiting', waiting: { reason: 'CrashLoopBackOff' } }), {
      minAvailable: 1,
    });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});

describe.each([4, 31])('something that was deleted and does not go (seed %i)', (seed) => {
  const RULE = 'stuck-deletion';
  const LONG_AGO = '2031-05-06T07:00:00Z';

  it('is explained by its finalizer, which is not taken off', async () => {
    const world = new World(seed);
    world.configMap({ a: 'b' }, { metadata: { deletionTimestamp: LONG_AGO, finalizers: ['backup.example.com/keep'] } });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('backup.example.com/keep');
    expect(finding.message).toContain('the controller of backup.example.com');
    expect(finding.fixes).toEqual([]);
    expect(finding.severity).toBe('warning');
  });

  it('is only noted where pods use the claim', async () => {
    const world = new World(seed);
    world.add('PersistentVolumeClaim', 'v1', 'data', {
      metadata: { deletionTimestamp: LONG_AGO, finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { volumeName: 'v' },
      status: { phase: 'Bound' },
    });
    const workload = world.workload({
      podSpec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] },
    });
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('info');
    expect(finding.message).toContain(workload.metadata.name);
  });

  it('is told at once where a pod cannot be placed for it, with what becomes of the data', async () => {
    const world = new World(seed);
    world.add('PersistentVolumeClaim', 'v1', 'data', {
      metadata: { deletionTimestamp: '2031-05-06T07:08:08Z', finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { volumeName: 'v' },
      status: { phase: 'Bound' },
    });
    world.add('PersistentVolume', 'v1', 'v', { spec: { persistentVolumeReclaimPolicy: 'Delete' } }, null);
    const workload = world.workload({
      pods: 'waiting',
      podSpec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] },
    });
    for (const pod of world.podsOf(workload)) delete (pod as Loose)['spec'].nodeName;
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({ severity: 'critical', fixes: [] });
    expect(finding.message).toContain('reclaim policy Delete');
    expect(finding.unfixed).toContain('volume v kept');
  });

  it('is explained by an API that is down, where it is a namespace', async () => {
    const world = new World(seed);
    world.add(
      'Namespace',
      'v1',
      world.namespace,
      {
        metadata: { deletionTimestamp: LONG_AGO },
        status: { conditions: [{ type: 'NamespaceDeletionDiscoveryFailure', status: 'True', message: 'stale' }] },
      },
      null,
    );
    const api = world.add(
      'APIService',
      'apiregistration.k8s.io/v1',
      'v1.metrics.example.com',
      {
        spec: { service: { namespace: 'kube-system', name: 'm' } },
        status: { conditions: [{ type: 'Available', status: 'False', message: 'no endpoints' }] },
      },
      null,
    );
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain(api.metadata.name);
    expect(finding.unfixed).toMatch(/whoever runs it/);
  });

  it('is not spoken of while it may still go', async () => {
    const world = new World(seed);
    world.configMap(
      { a: 'b' },
      { metadata: { deletionTimestamp: '2031-05-06T07:08:00Z', finalizers: ['x.example/y'] } },
    );
    world.configMap({ a: 'b' }, { metadata: { finalizers: ['x.example/y'] } });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});

/** Another template, of which no pod was made yet. */
function newRevision(world: World, workload: KubeObject): void {
  const { spec } = workload;
  spec.template = { ...spec.template, spec: { ...spec.template.spec, hostname: 'newer' } };
  const { apiVersion, kind, metadata } = workload;
  world.add('ControllerRevision', 'apps/v1', `${metadata.name}-newest`, {
    metadata: { ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid!, controller: true }] },
    revision: 9,
    data: { spec: { template: spec.template } },
  });
}

describe.each([4, 31])('a rollout that is held (seed %i)', (seed) => {
  const RULE = 'rollout-held';
  const newer = ({ spec }: KubeObject) => {
    spec.template = { ...spec.template, spec: { ...spec.template.spec, hostname: 'newer' } };
  };

  it('is resumed where that was last applied, when something is wrong', async () => {
    const world = new World(seed);
    const workload = world.workload({ spec: { paused: true }, annotations: applied({}).annotations });
    newer(workload);
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('warning');
    expect(mended(workload, finding).spec).not.toHaveProperty('paused');
    expect(byRule(await whenWell(world), RULE).map(({ severity }) => severity)).toEqual(['info']);
  });

  it('is resumed where a Service selects pods of the newest template and no other', async () => {
    const resumed = async (selected: Loose) => {
      const world = new World(seed);
      const workload = world.workload({ spec: { paused: true } });
      const { template } = workload.spec;
      const labels = { ...template.metadata.labels, track: 'next' };
      workload.spec.template = { ...template, metadata: { ...template.metadata, labels } };
      world.service({ ...template.metadata.labels, ...selected }, [{ port: 80, targetPort: 'http' }]);
      const { fixes } = await onlyFinding(world, RULE);
      return fixes.map(({ changes: [change] }) => {
        const patched = applyPatch(workload, change?.type === 'json-patch' ? change.ops : []);
        return patched.spec.paused as unknown;
      });
    };
    expect(await resumed({ track: 'next' })).toEqual([undefined]);
    expect(await resumed({})).toEqual([]);
  });

  it.each<[Loose, Loose]>([
    [{ type: 'OnDelete' }, { type: 'RollingUpdate' }],
    [
      { type: 'RollingUpdate', rollingUpdate: { partition: 3 } },
      { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    ],
  ])('of a StatefulSet by %o goes on', async (updateStrategy, expected) => {
    const world = new World(seed);
    const workload = world.workload({
      kind: 'StatefulSet',
      replicas: 3,
      spec: { updateStrategy },
      annotations: applied({ updateStrategy: { type: 'RollingUpdate' } }).annotations,
    });
    newRevision(world, workload);
    expect(mended(workload, await onlyFinding(world, RULE)).spec.updateStrategy).toEqual(expected);
  });

  it.each([
    ['the present template no longer names', 'stock', 'http://other:80', ['rollout-held']],
    ['the present template names too', 'gone', 'http://gone:80', ['missing-service', 'rollout-held']],
  ])('of a StatefulSet comes before a Service that %s', async (_, asked, address, rules) => {
    const world = new World(seed);
    const env = (value: string) => [{ name: 'UPSTREAM_URL', value }];
    const container = world.container({ env: env(`http://${asked}:80`) });
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } };
    const workload = world.workload({
      kind: 'StatefulSet',
      replicas: 2,
      containers: [container],
      spec: { updateStrategy },
      annotations: applied({ updateStrategy: { type: 'RollingUpdate' } }).annotations,
    });
    world.serviceFor(world.workload(), { name: 'other' });
    newRevision(world, workload);
    workload.spec.template = {
      ...workload.spec.template,
      spec: { ...workload.spec.template.spec, containers: [{ ...container, env: env(address) }] },
    };
    world.revisionsOf(workload).at(-1)!['data'].spec.template.spec = workload.spec.template.spec;
    for (const pod of world.podsOf(workload))
      world.logs.set(`${pod.metadata.name}/${container.name}/false`, [`wget: bad address '${asked}:80'`]);
    const found = (await world.diagnose()).filter(({ severity }) => severity !== 'info').map(({ rule }) => rule);
    expect(found.filter((rule) => /^(?:missing-service|rollout-held)$/.test(rule)).sort()).toEqual(rules);
  });

  it('by broken pods of a former template goes on when they are replaced', async () => {
    for (const type of ['OnDelete', 'RollingUpdate']) {
      const world = new World(seed);
      const workload = world.workload({
        kind: 'StatefulSet',
        replicas: 2,
        pods: 'waiting',
        waiting: { reason: 'ImagePullBackOff' },
        spec: { updateStrategy: { type } },
      });
      newRevision(world, workload);
      const finding = await onlyFinding(world, RULE);
      expect(finding.severity).toBe('critical');
      expect(finding.fixes[0]!.commands.map(([verb, kind]) => `${verb} ${kind}`)).toEqual(['delete pod', 'delete pod']);
    }
    const parallel = new World(seed);
    const free = parallel.workload({
      kind: 'StatefulSet',
      pods: 'waiting',
      waiting: { reason: 'ImagePullBackOff' },
      spec: { podManagementPolicy: 'Parallel' },
    });
    newRevision(parallel, free);
    expect(byRule(await parallel.diagnose(), RULE)).toEqual([]);
  });

  it('on purpose, or without a newer template, is left as it is', async () => {
    const world = new World(seed);
    world.workload({ spec: { paused: true } });
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    const meant = world.workload({ spec: { paused: true } });
    newer(meant);
    expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
  });
});

it('a quota that is nearly used up is noted, one with room or of a single object is not', async () => {
  const world = new World(11);
  const quota = (hard: Loose, used: Loose) =>
    world.add('ResourceQuota', 'v1', world.random.name(), { status: { hard, used } });
  quota({ pods: '10', 'limits.memory': '2Gi' }, { pods: '5', 'limits.memory': '1Gi' });
  quota({ services: '1', secrets: '0' }, { services: '1', secrets: '0' });
  expect(byRule(await world.diagnose(), 'quota-headroom')).toEqual([]);
  quota({ pods: '10', 'limits.memory': '2Gi' }, { pods: '5', 'limits.memory': '1980Mi' });
  const finding = await onlyFinding(world, 'quota-headroom');
  expect(finding.severity).toBe('info');
  expect(finding.message).toContain('limits.memory 1980Mi of 2Gi');
  expect(finding.fixes).toEqual([]);
});

it('a webhook that trusts an expired authority is named, one whose authority is valid is not', async () => {
  const world = new World(9);
  const hook = (caBundle: string) =>
    world.add(
      'ValidatingWebhookConfiguration',
      'admissionregistration.k8s.io/v1',
      world.random.name(),
      { webhooks: [{ name: 'guard.example.test', clientConfig: { url: 'https://x.example', caBundle } }] },
      null,
    );
  hook(Buffer.from(authorityCertificate).toString('base64'));
  hook('bm9uZQ==');
  expect(byRule(await world.diagnose(), 'webhook-certificate')).toEqual([]);
  hook(Buffer.from(EXPIRED_CERTIFICATE).toString('base64'));
  const finding = await onlyFinding(world, 'webhook-certificate');
  expect(finding.severity).toBe('warning');
  expect(finding.fixes).toEqual([]);
});
