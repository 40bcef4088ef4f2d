import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';
import { crashed } from './unfamiliar/fault.ts';

const SEEDS = [8, 53];
const RULE = 'job-failed';
const RAN = '2031-05-06T06:20:00Z';
const FAILED = '2031-05-06T06:21:00Z';
const LATER = '2031-05-06T06:40:00Z';

function gaveUp(
  world: World,
  options: { name?: string; container?: Loose; spec?: Loose; metadata?: Loose; said?: string } = {},
) {
  const { name = 'migrate', said = 'FATAL: password authentication failed' } = options;
  const containers = [{ name: 'run', image: 'registry.example/tool:1', command: ['tool'], ...options.container }];
  const job = world.add('Job', 'batch/v1', name, {
    metadata: { labels: { app: 'schema', 'app.kubernetes.io/managed-by': 'Helm' }, ...options.metadata },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } },
      template: {
        metadata: { labels: { app: 'schema', 'batch.kubernetes.io/controller-uid': 'u-1', 'job-name': name } },
        spec: { restartPolicy: 'Never', containers },
      },
      ...options.spec,
    },
    status: {
      startTime: RAN,
      failed: 1,
      conditions: [
        {
          type: 'Failed',
          status: 'True',
          reason: 'BackoffLimitExceeded',
          message: 'Job has reached the specified backoff limit',
          lastTransitionTime: FAILED,
        },
      ],
    },
  });
  const pod = world.add('Pod', 'v1', `${name}-x1`, {
    metadata: {
      creationTimestamp: RAN,
      labels: { app: 'schema' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: job.metadata.uid, controller: true }],
    },
    spec: { containers },
    status: {
      phase: 'Failed',
      startTime: RAN,
      containerStatuses: [
        {
          name: 'run',
          image: 'i',
          ready: false,
          restartCount: 0,
          state: { terminated: { exitCode: 2, reason: 'Error', startedAt: RAN, finishedAt: RAN } },
        },
      ],
    },
  });
  world.logs.set(`${pod.metadata.name}/run/false`, [said]);
  return job;
}

/** A ConfigMap whose entry somebody changed at `at`. */
function settings(world: World, at: string, data: Record<string, string> = { DSN: 'db=right' }): KubeObject {
  return world.configMap(data, {
    name: 'schema-settings',
    metadata: {
      creationTimestamp: '2031-05-01T00:00:00Z',
      managedFields: [
        {
          manager: 'kubectl-edit',
          operation: 'Update',
          time: at,
          fieldsV1: { 'f:data': Object.fromEntries(Object.keys(data).map((key) => [`f:${key}`, {}])) },
        },
      ],
    },
  });
}

const READS = { envFrom: [{ configMapRef: { name: 'schema-settings' } }] };
const made = (fix: Loose): Loose => JSON.parse(fix.files[0].content);

/** A Deployment that crashes for want of what the Job makes. */
function waiter(world: World, container: Loose = READS, said = 'ERROR: relation "orders" does not exist'): KubeObject {
  const workload = world.workload({
    name: 'orders',
    replicas: 1,
    containers: [world.container({ name: 'main', ...container })],
  });
  for (const pod of world.podsOf(workload)) {
    crashed(pod, 'main');
    world.logs.set(`${pod.metadata.name}/main/true`, [said]);
  }
  return workload;
}

describe.each(SEEDS)('a Job that was given up before its configuration was right (seed %i)', (seed) => {
  it('runs again under a name of its own, once a person agrees', async () => {
    const world = new World(seed);
    settings(world, LATER);
    const job = gaveUp(world, { container: READS });
    waiter(world);
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.object.name).toBe(job.metadata.name);
    expect(finding.message).toMatch(/exit code 2.*schema-settings.*kubectl-edit.*Deployment orders waits/);
    expect(finding.evidence.map(({ text }) => text).join('\n')).toMatch(/password authentication[^]*relation "orders"/);
    const [fix] = finding.fixes;
    expect(fix!.needsPerson).toContain('only a person can say');
    expect(fix!.commands).toEqual([['create', '-f', '{{job-migrate-again.json}}', '-n', world.namespace]]);
    expect(made(fix)).toMatchObject({ kind: 'Job', metadata: { name: 'migrate-again', labels: { app: 'schema' } } });
    expect(made(fix).spec.template.metadata.labels).toEqual({ app: 'schema' });
    expect(made(fix).spec.template.spec).toEqual(job.spec.template.spec);
    expect(made(fix).spec.selector).toBeUndefined();
    expect(made(fix).metadata.labels).toEqual({ app: 'schema' });
  });

  it('the plan wants a person', async () => {
    const world = new World(seed);
    settings(world, LATER);
    const job = gaveUp(world, { container: READS });
    const plan = await world.plan([], [job]);
    expect(plan?.steps).toHaveLength(1);
    expect(plan?.needsPerson).toContain('migrate');
  });

  it('whose store came up later runs again, too', async () => {
    const world = new World(seed);
    const store = world.workload({ name: 'store', replicas: 1, containers: [world.container({ port: 5432 })] });
    world.service({ app: 'store' }, [{ port: 5432, targetPort: 5432 }], {
      name: 'store',
      metadata: { creationTimestamp: '2031-05-01T00:00:00Z' },
    });
    for (const pod of world.podsOf(store) as Loose[]) pod.status.conditions[0].lastTransitionTime = LATER;
    gaveUp(world, {
      container: { env: [{ name: 'DSN', value: 'postgres://store:5432/x' }] },
      said: 'error: connect store:5432: refused',
    });
    const [fix] = (await onlyFinding(world, RULE)).fixes;
    expect(made(fix).metadata.name).toBe('migrate-again');
  });

  it.each([
    [
      'nothing that it needs changed since',
      (world: World) => (settings(world, '2031-05-05T00:00:00Z'), gaveUp(world, { container: READS })),
      /created? it/,
    ],
    [
      'what it asks does not exist yet',
      (world: World) => (
        settings(world, LATER),
        gaveUp(world, { container: { ...READS, args: ['http://nowhere:80/'] } })
      ),
      /nowhere/,
    ],
    [
      'somebody asks for it by its name',
      (world: World) => {
        settings(world, LATER);
        gaveUp(world, { container: READS });
        world.workload({
          name: 'front',
          podSpec: {
            initContainers: [{ name: 'wait', image: 'k', args: ['wait', '--for=condition=complete', 'job/migrate'] }],
          },
        });
      },
      /front asks for Job migrate by its name/,
    ],
    [
      'something else made it',
      (world: World) => (
        settings(world, LATER),
        gaveUp(world, {
          container: READS,
          metadata: {
            ownerReferences: [{ apiVersion: 'x/v1', kind: 'Workflow', name: 'w', uid: 'u', controller: true }],
          },
        })
      ),
      /Workflow w/,
    ],
    [
      'its selector is its own',
      (world: World) => (settings(world, LATER), gaveUp(world, { container: READS, spec: { manualSelector: true } })),
      /selector/,
    ],
  ])('does not where %s', async (_what, build, why) => {
    const world = new World(seed);
    build(world);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(why);
  });

  it('is in the past once a later run of the same came to its end', async () => {
    const world = new World(seed);
    settings(world, LATER);
    const job = gaveUp(world, { container: READS });
    world.add('Job', 'batch/v1', 'by-hand', {
      spec: { ...job.spec },
      status: { startTime: LATER, succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] },
    });
    await noFinding(world, RULE);
  });

  it.each([
    ['after they were started', '2031-05-06T07:08:00Z', 1],
    ['before', '2031-05-06T07:00:00Z', 0],
  ])(
    'once it did its work, pods that wait for their next start are made anew: %s',
    async (_when, completionTime, count) => {
      const world = new World(seed);
      settings(world, LATER);
      const workload = waiter(world);
      world.add('Job', 'batch/v1', 'migrate-again', {
        spec: { template: { metadata: {}, spec: { containers: [{ name: 'run', image: 'i', ...READS }] } } },
        status: { startTime: LATER, completionTime, succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] },
      });
      const [crash] = byRule(await world.diagnose(), 'container-crash');
      expect(crash!.fixes).toHaveLength(count);
      if (count === 0) return;
      expect(crash!.fixes[0]!.changes).toMatchObject([{ type: 'delete', object: { kind: 'Pod' } }]);
      expect(crash!.object.name).toBe(workload.metadata.name);
    },
  );

  it('is awaited while a later run goes on', async () => {
    const world = new World(seed);
    settings(world, LATER);
    const job = gaveUp(world, { container: READS });
    world.add('Job', 'batch/v1', 'by-hand', {
      spec: { ...job.spec },
      status: { startTime: '2031-05-06T07:08:00Z', active: 1 },
    });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('by-hand');
  });

  it('runs with what puts its configuration right, where nothing else would show that', async () => {
    const world = new World(seed);
    const store = world.workload({ name: 'store', replicas: 1, containers: [world.container({ port: 5432 })] });
    world.serviceFor(store, { name: 'store', spec: { ports: [{ port: 5432, targetPort: 5432 }] } });
    const applied = JSON.stringify({ data: { DSN: 'postgres://store:5432/x' } });
    const map = settings(world, '2031-05-05T00:00:00Z', { DSN: 'postgres://sotre:5432/x' });
    map.metadata.annotations = { 'kubectl.kubernetes.io/last-applied-configuration': applied };
    const job = gaveUp(world, { container: READS, said: 'could not translate host name "sotre"' });
    const context = world.context([job]);
    const { findings } = await new PlaybookBrain().diagnose(context);
    const [missing] = byRule(findings, 'missing-service');
    expect(missing!.fixes.every(({ needsPerson }) => needsPerson)).toBe(true);
    expect(missing!.fixes[0]!.changes.map(({ type }) => type)).toEqual(['json-patch', 'create']);
    expect(missing!.fixes[0]!.commands).toHaveLength(2);
  });
});
