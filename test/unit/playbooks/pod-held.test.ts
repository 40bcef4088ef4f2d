import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';

const SEEDS = [5, 55, 555];

describe.each(SEEDS)('pods that are held (seed %i)', (seed) => {
  /** One pod that is not there yet, of a template that was otherwise before. */
  const held = (now: Loose, before: Loose): { world: World; pod: Loose; workload: Loose } => {
    const world = new World(seed);
    const container = world.container();
    const workload = world.workload({
      replicas: 1,
      containers: [container],
      podSpec: now,
      earlier: [{ podSpec: before }],
      pods: 'waiting',
      waiting: { reason: 'ContainerCreating' },
    });
    return { world, workload, pod: world.podsOf(workload)[0]! };
  };
  const unscheduled = (pod: Loose, conditions: Loose[]) => {
    delete pod.spec.nodeName;
    pod.status = { phase: 'Pending', ...(conditions.length > 0 ? { conditions } : {}) };
  };

  it('by a scheduler that does not look at them', async () => {
    const { world, pod } = held({ schedulerName: 'gang' }, { schedulerName: 'default-scheduler' });
    unscheduled(pod, []);
    const { fixes, message } = await onlyFinding(world, 'pod-held');
    expect(message).toContain('scheduler gang');
    expect(fixes[0]!.changes).toMatchObject([{ ops: [{ op: 'test' }, { path: '/spec/template/spec/schedulerName', value: 'default-scheduler' }] }]); // prettier-ignore
  });

  it('by the only scheduler: no template is changed for it', async () => {
    const { world, pod } = held({}, { nodeSelector: {} });
    unscheduled(pod, []);
    const finding = await onlyFinding(world, 'pod-held');
    expect(finding).toMatchObject({ fixes: [], beyond: true, unfixed: expect.stringContaining('control plane') });
  });

  it('by a volume that cannot be mounted', async () => {
    const volume = (path: string) => ({ volumes: [{ name: 'models', hostPath: { path, type: 'Directory' } }] });
    const { world, pod } = held(volume('/new'), volume('/old'));
    const said = 'MountVolume.SetUp failed for volume "models" : hostPath type check failed: /new is not a directory';
    world.event(pod as never, 'FailedMount', said, { type: 'Warning', count: 4 });
    const { fixes } = await onlyFinding(world, 'pod-held');
    expect(fixes[0]!.changes).toMatchObject([{ ops: [{ op: 'test', value: '/new' }, { value: '/old' }] }]);
  });

  it('by the network of their node, which no template mends', async () => {
    const { world, pod } = held({ dnsPolicy: 'ClusterFirst' }, { dnsPolicy: 'Default' });
    world.event(pod as never, 'FailedCreatePodSandBox', 'plugin type="bridge" failed: no IP addresses available', {
      type: 'Warning',
      count: 7,
    });
    expect(await onlyFinding(world, 'pod-held')).toMatchObject({ fixes: [], beyond: true });
  });

  it('by a readiness gate that all known states have: it stays', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 1, podSpec: { readinessGates: [{ conditionType: 'lb.example/in' }] } });
    const [pod] = world.podsOf(workload) as Loose[];
    pod!.status.conditions = [
      { type: 'ContainersReady', status: 'True' },
      { type: 'Ready', status: 'False' },
    ];
    const finding = await onlyFinding(world, 'pod-held');
    expect(finding).toMatchObject({ fixes: [], unfixed: expect.stringContaining('lb.example/in') });
  });

  it('not where they are about to come', async () => {
    const young = held({ schedulerName: 'gang' }, { schedulerName: 'default-scheduler' });
    unscheduled(young.pod, []);
    young.pod.metadata.creationTimestamp = '2031-05-06T07:08:05Z';
    await noFinding(young.world, 'pod-held');
    const once = held(
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { volumes: [{ name: 'v', hostPath: { path: '/x' } }] },
    );
    once.pod.metadata.creationTimestamp = '2031-05-06T07:08:05Z';
    once.world.event(once.pod as never, 'FailedMount', 'MountVolume.SetUp failed for volume "v" : not yet', {
      count: 1,
    });
    await noFinding(once.world, 'pod-held');
  });

  it('not where others were evicted for their node, or long ago', async () => {
    for (const [message, age] of [
      ['The node was low on resource: memory. ', '07:05:00'],
      ['Usage of EmptyDir volume "v" exceeds the limit "8Mi". ', '05:00:00'],
    ]) {
      const world = new World(seed);
      const workload = world.workload({
        replicas: 1,
        podSpec: { volumes: [{ name: 'v', emptyDir: { sizeLimit: '8Mi' } }] },
      });
      const { metadata, spec } = structuredClone(world.podsOf(workload)[0]!) as Loose;
      const { labels, ownerReferences } = metadata;
      world.add('Pod', 'v1', 'gone', {
        metadata: { labels, ownerReferences, creationTimestamp: `2031-05-06T${age}Z` },
        spec,
        status: { phase: 'Failed', reason: 'Evicted', message },
      });
      await noFinding(world, 'pod-held');
    }
  });
});
