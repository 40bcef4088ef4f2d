import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/domain/finding.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { resourceProblem } from '../../../src/kube/resource-rules.ts';
import { quantity } from '../../../src/text/quantity.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [33, 66, 777, 2024];

/** A workload whose current ReplicaSet (or own controller) is refused with `said`. */
function refused(world: World, said: string, options: WorkloadOptions = {}): KubeObject {
  const workload = world.workload({ replicas: 2, pods: 'none', ...options });
  const maker = workload.kind === 'Deployment' ? world.revisionsOf(workload).at(-1)! : workload;
  world.event(maker, 'FailedCreate', `Error creating: ${said}`, { type: 'Warning' });
  return workload;
}

const quotaOf = (world: World, hard: Loose, used: Loose = {}, spec: Loose = {}): KubeObject =>
  world.add('ResourceQuota', 'v1', world.random.name(), { spec: { hard, ...spec }, status: { hard, used } });

const rangeOf = (world: World, ...limits: Loose[]): KubeObject =>
  world.add('LimitRange', 'v1', world.random.name(), { spec: { limits } });

/** The pod spec after the first command of a fix. */
function mended(finding: Finding, workload: KubeObject, fix = 0): Loose {
  return applyPatch(workload, patchOps(finding.fixes[fix]!.commands[0]!)).spec.template.spec;
}

const first = (podSpec: Loose): Loose => podSpec.containers[0].resources;

describe.each(SEEDS)('quota-demands-resources (seed %i)', (seed) => {
  const hard = { 'requests.memory': '256Mi', 'limits.memory': '512Mi' };
  const said = (quota: KubeObject) =>
    `pods "x" is forbidden: failed quota: ${quota.metadata.name}: must specify limits.memory for: c; requests.memory for: c`;

  it.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)(
    '%s gets amounts that all its pods fit with',
    async (kind) => {
      const world = new World(seed);
      const quota = quotaOf(world, hard);
      const workload = refused(world, said(quota), { kind });
      const finding = await onlyFinding(world, 'quota-demands-resources');
      expect(finding.severity).toBe('critical');
      expect(finding.message).toContain(
        `${quota.metadata.name} demands that every container sets limits.memory, requests.memory`,
      );
      const podSpec = mended(finding, workload);
      expect(resourceProblem(podSpec, { ranges: [], quotas: [quota] }, kind === 'DaemonSet' ? 1 : 2)).toBeNull();
      expect(finding.evidence.map(({ text }) => text).join()).toMatch(/even share|a modest amount/);
      expect(JSON.stringify(finding.fixes)).not.toMatch(/ResourceQuota|replicas/);
    },
  );

  it('what other containers have comes before an invented amount, and what it had itself before that', async () => {
    const world = new World(seed);
    const quota = quotaOf(world, { 'requests.memory': '4Gi' });
    const resources = { requests: { memory: '48Mi' } };
    world.workload({ containers: [world.container({ resources })] });
    const container = world.container();
    const workload = refused(
      world,
      `pods "x" is forbidden: failed quota: ${quota.metadata.name}: must specify requests.memory`,
      {
        containers: [container],
        earlier: [{ containers: [{ ...container, resources: { requests: { memory: '40Mi' } } }] }],
      },
    );
    const finding = await onlyFinding(world, 'quota-demands-resources');
    expect(first(mended(finding, workload))).toEqual({ requests: { memory: '40Mi' } });
    expect(first(mended(finding, workload, 1))).toEqual({ requests: { memory: '48Mi' } });
  });

  it('shares with other workloads that wait for the same, and proposes nothing where too little is left', async () => {
    const world = new World(seed);
    const quota = quotaOf(world, hard, { 'requests.memory': '96Mi', 'limits.memory': '0' });
    const workloads = [refused(world, said(quota)), refused(world, said(quota))];
    const findings = byRule(await world.diagnose(), 'quota-demands-resources');
    const asked = workloads.map((workload) => {
      const finding = findings.find(({ object }) => object.name === workload.metadata.name)!;
      return 2 * quantity(first(mended(finding, workload)).requests.memory);
    });
    expect(asked[0]! + asked[1]!).toBeLessThanOrEqual(160 * 2 ** 20);

    const full = new World(seed);
    refused(full, said(quotaOf(full, hard, hard)));
    const finding = await onlyFinding(full, 'quota-demands-resources');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('quota');
  });

  it('is silent where pods are there, however old the events', async () => {
    const world = new World(seed);
    refused(world, said(quotaOf(world, hard)), { pods: 'ready' });
    expect(byRule(await world.diagnose(), 'quota-demands-resources')).toEqual([]);
  });
});

describe.each(SEEDS)('quota-exceeded (seed %i)', (seed) => {
  const said = (quota: KubeObject, name: string, asked: string, used: string, hard: string) =>
    `pods "x" is forbidden: exceeded quota: ${quota.metadata.name}, requested: ${name}=${asked}, used: ${name}=${used}, limited: ${name}=${hard}`;
  const asking = (world: World, memory: string) => world.container({ resources: { requests: { memory } } });

  it('a request that grew is set back', async () => {
    const world = new World(seed);
    const quota = quotaOf(world, { 'requests.memory': '1Gi' }, { 'requests.memory': '0' });
    const container = asking(world, '2Gi');
    const before = { ...container, resources: { requests: { memory: '128Mi' } } };
    const workload = refused(world, said(quota, 'requests.memory', '2Gi', '0', '1Gi'), {
      containers: [container],
      earlier: [{ containers: [before] }],
    });
    const finding = await onlyFinding(world, 'quota-exceeded');
    expect(first(mended(finding, workload))).toEqual(before.resources);
    expect(finding.message).toContain('requests.memory: 0 of 1Gi used, 2Gi more asked for');
  });

  it('is explained with whose finished pods still count', async () => {
    const world = new World(seed);
    const quota = quotaOf(world, { 'count/pods': '3' }, { 'count/pods': '3' });
    const tidy = world.add('CronJob', 'batch/v1', 'tidy', { spec: { schedule: '0 3 * * *', suspend: false } });
    for (const index of [1, 2, 3]) {
      const owned = (owner: KubeObject) => ({
        ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid!, controller: true }], // prettier-ignore
      });
      const job = world.add('Job', 'batch/v1', `tidy-${index}`, {
        metadata: owned(tidy),
        spec: { template: { spec: { containers: [] } } },
        status: { conditions: [{ type: 'Complete', status: 'True' }] },
      });
      world.add('Pod', 'v1', `tidy-${index}-x`, {
        metadata: owned(job),
        spec: { containers: [] },
        status: { phase: 'Succeeded' },
      });
    }
    refused(world, said(quota, 'count/pods', '1', '3', '3'));
    const finding = await onlyFinding(world, 'quota-exceeded');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(
      /^3 of the 3 that count as count\/pods have finished: those of CronJob tidy; .*successfulJobsHistoryLimit/,
    );
  });

  it.each([
    ['Succeeded', 4],
    ['Running', 0],
  ])('names all whose pods have finished, with their sum (%s)', async (phase, done) => {
    const world = new World(seed);
    const quota = quotaOf(world, { 'count/pods': '6' }, { 'count/pods': '6' });
    for (const index of [1, 2, 3, 4]) {
      const job = world.add('Job', 'batch/v1', `export-${index}`, { spec: { template: { spec: { containers: [] } } } });
      world.add('Pod', 'v1', `export-${index}-x`, {
        metadata: {
          ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: job.metadata.uid!, controller: true }], // prettier-ignore
        },
        spec: { containers: [] },
        status: { phase },
      });
    }
    refused(world, said(quota, 'count/pods', '1', '6', '6'));
    const { unfixed, evidence } = await onlyFinding(world, 'quota-exceeded');
    const all =
      /4 of the 6 that count as count\/pods have finished: those of Job export-1, Job export-2, Job export-3, Job export-4/;
    expect(all.test(unfixed!)).toBe(done === 4);
    expect(evidence.filter(({ text }) => all.test(text))).toHaveLength(done === 4 ? 1 : 0);
    expect(/ttlSecondsAfterFinished/.test(unfixed!)).toBe(done === 4);
  });

  it('is explained with who takes it where nothing grew, and never scaled down', async () => {
    const world = new World(seed);
    const quota = quotaOf(world, { pods: '3' }, { pods: '3' });
    const other = world.workload({ replicas: 3 });
    refused(world, said(quota, 'pods', '1', '3', '3'));
    const finding = await onlyFinding(world, 'quota-exceeded');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain(quota.metadata.name);
    expect(finding.evidence.map(({ text }) => text).join()).toContain(
      `Deployment ${other.metadata.name} takes 3 of pods with 3 pods`,
    );
  });

  it('replicas beyond those applied are taken back', async () => {
    const world = new World(seed);
    const quota = quotaOf(world, { pods: '2' }, { pods: '2' });
    const workload = refused(world, said(quota, 'pods', '1', '2', '2'), { replicas: 6 });
    workload.metadata.annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { replicas: 2 } }),
    };
    const finding = await onlyFinding(world, 'quota-exceeded');
    expect(finding.fixes[0]!.commands).toEqual([
      ['scale', `deployment/${workload.metadata.name}`, '--replicas=2', '-n', world.namespace],
    ]);
  });

  it('a rolling update without room for a pod more replaces them one by one', async () => {
    const world = new World(seed);
    const quota = quotaOf(world, { pods: '2' }, { pods: '2' });
    const container = world.container();
    const workload = refused(world, said(quota, 'pods', '1', '2', '2'), {
      containers: [container],
      earlier: [{ containers: [{ ...container, image: 'registry.example/old:1' }], readyPods: 2 }],
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } },
    });
    const finding = await onlyFinding(world, 'quota-exceeded');
    expect(finding.severity).toBe('warning');
    const after = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec.strategy.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  });
});

describe.each(SEEDS)('limit-range-forbids (seed %i)', (seed) => {
  const container = (type: Loose) => ({ type: 'Container', ...type });
  const check = async (limits: Loose, resources: Loose, said: string) => {
    const world = new World(seed);
    const range = rangeOf(world, limits);
    const workload = refused(world, said, { containers: [world.container({ resources })] });
    const finding = await onlyFinding(world, 'limit-range-forbids');
    const podSpec = mended(finding, workload);
    expect(resourceProblem(podSpec, { ranges: [range], quotas: [] }, 2)).toBeNull();
    expect(JSON.stringify(finding.fixes)).not.toContain('LimitRange');
    return { resources: first(podSpec), finding };
  };

  it('a default limit below the request gives way to one above it', async () => {
    const { resources, finding } = await check(
      container({ default: { memory: '64Mi' }, defaultRequest: { memory: '32Mi' }, max: { memory: '512Mi' } }),
      { requests: { memory: '96Mi' } },
      'Pod "x" is invalid: spec.containers[0].resources.requests: Invalid value: "96Mi": must be less than or equal to memory limit of 64Mi',
    );
    expect(resources).toEqual({ requests: { memory: '96Mi' }, limits: { memory: '192Mi' } });
    expect(finding.message).toContain('is 64Mi, the default of a limit range, and so below its request of 96Mi');
  });

  it.each([
    ['a limit above the maximum', { max: { memory: '256Mi' } }, { requests: { memory: '64Mi' }, limits: { memory: '1Gi' } }, { requests: { memory: '64Mi' }, limits: { memory: '256Mi' } }],
    ['a request below the minimum', { min: { cpu: '100m' } }, { requests: { cpu: '20m' } }, { requests: { cpu: '100m' } }],
    ['too wide a ratio', { maxLimitRequestRatio: { cpu: '4' } }, { requests: { cpu: '50m' }, limits: { cpu: '1' } }, { requests: { cpu: '250m' }, limits: { cpu: '1' } }],
    ['too wide a ratio where the request may not grow', { max: { cpu: '200m' }, maxLimitRequestRatio: { cpu: '4' } }, { requests: { cpu: '50m' }, limits: { cpu: '1' } }, { requests: { cpu: '50m' }, limits: { cpu: '200m' } }],
    ['a request above the maximum', { max: { cpu: '1' } }, { requests: { cpu: '3' }, limits: { cpu: '3' } }, { requests: { cpu: '1' }, limits: { cpu: '1' } }],
  ])('%s is brought into the range', async (_name, range, has, wanted) => {
    const said = 'pods "x" is forbidden: maximum memory usage per Container is 256Mi, but limit is 1Gi';
    expect((await check(container(range), has, said)).resources).toEqual(wanted);
  }); // prettier-ignore

  it('a limit gives way to its ratio where a quota has no room for a larger request', async () => {
    const has = { requests: { cpu: '50m' }, limits: { cpu: '1' } };
    const ratio = container({ maxLimitRequestRatio: { cpu: '4' } });
    const said =
      'pods "x" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 20.000000';
    const { finding } = await check(ratio, has, said);
    const amounts = finding.fixes.map(({ changes }) => JSON.stringify(changes).match(/"(?:250m|200m)"/g));
    expect(amounts).toEqual([['"250m"'], ['"200m"']]);
    const world = new World(seed);
    rangeOf(world, ratio);
    world.add('ResourceQuota', 'v1', 'budget', {
      spec: { hard: { 'requests.cpu': '150m' } },
      status: { hard: { 'requests.cpu': '150m' }, used: { 'requests.cpu': '0' } },
    });
    const workload = refused(world, said, { containers: [world.container({ resources: has })] });
    const [only] = byRule(await world.diagnose(), 'limit-range-forbids');
    expect(first(mended(only!, workload))).toEqual({ requests: { cpu: '50m' }, limits: { cpu: '200m' } });
  });

  it('a person has to agree where memory that the template asks for is taken away', async () => {
    const has = { requests: { memory: '128Mi' }, limits: { memory: '128Mi' } };
    const max = container({ max: { memory: '64Mi' } });
    const said = 'pods "x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi';
    const { finding } = await check(max, has, said);
    expect(finding.fixes[0]!.needsPerson).toContain('nothing tells that it lives with 64Mi');
    const roomy = { requests: { memory: '32Mi' }, limits: { memory: '128Mi' } };
    expect((await check(max, roomy, said)).finding.fixes[0]!.needsPerson).toBeUndefined();
  });

  it('what the container had before comes first', async () => {
    const world = new World(seed);
    rangeOf(world, container({ max: { cpu: '1' } }));
    const one = world.container({ resources: { limits: { cpu: '8' }, requests: { cpu: '8' } } });
    const before = { limits: { cpu: '500m' }, requests: { cpu: '250m' } };
    const workload = refused(world, 'pods "x" is forbidden: maximum cpu usage per Container is 1, but limit is 8', {
      containers: [one],
      earlier: [{ containers: [{ ...one, resources: before }] }],
    });
    expect(first(mended(await onlyFinding(world, 'limit-range-forbids'), workload))).toEqual(before);
  });
});
