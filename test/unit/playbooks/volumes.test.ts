import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const HOST = 'kubernetes.io/hostname';

describe.each([3, 77, 4096])('a claim that no volume made by hand fits (seed %i)', (seed) => {
  const RULE = 'unmatched-claim';
  function shop(claim: Loose, volume: Loose | null, phase = 'Available') {
    const world = new World(seed);
    const spec = {
      storageClassName: 'manual',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    };
    const made = world.add('PersistentVolumeClaim', 'v1', 'data', {
      spec: { ...spec, ...claim },
      status: { phase: 'Pending' },
    });
    world.add('StorageClass', 'storage.k8s.io/v1', 'manual', { provisioner: 'kubernetes.io/no-provisioner' }, null);
    if (volume) {
      const has = { storageClassName: 'manual', accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } };
      world.add('PersistentVolume', 'v1', 'by-hand', { spec: { ...has, ...volume }, status: { phase } }, null);
    }
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
    world.workload({ podSpec: { volumes }, pods: 'pending' });
    return { world, made };
  }

  it.each<[string, Loose]>([
    ['class', { storageClassName: '' }],
    ['ReadWriteMany', { accessModes: ['ReadWriteMany'] }],
    ['9Gi', { resources: { requests: { storage: '9Gi' } } }],
    ['labels', { selector: { matchLabels: { disk: 'fast' } } }],
  ])('names what keeps the only one from it (%s), and leaves both to their owners', async (word, claim) => {
    const finding = await onlyFinding(shop(claim, {}).world, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.message).toContain('by-hand');
    expect(finding.message).toContain(word);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('owns');
  });

  const formerly = (world: World, spec: object, name = 'old') => {
    const claimRef = { namespace: world.namespace, name: 'data', uid: 'former' };
    const given = { accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' }, claimRef, ...spec };
    return world.add('PersistentVolume', 'v1', name, { spec: given, status: { phase: 'Released' } }, null);
  };

  it.each([
    ['a class that volumes made by hand have', { storageClassName: 'manual' }, {}],
    ['a class that is but a name', { storageClassName: 'by-hand' }, { storageClassName: 'by-hand', volumeName: 'old' }],
    ['no class', { storageClassName: '' }, { storageClassName: '', volumeName: 'old' }],
  ])('is given what a deleted claim of its name left behind (%s)', async (_what, spec, asked) => {
    const { world, made } = shop(asked, null);
    const volume = formerly(world, spec);
    const finding = await onlyFinding(world, RULE);
    expect(finding.object.name).toBe(made.metadata.name);
    expect(finding.message).toContain('deleted claim of the same name');
    expect(finding.fixes).toHaveLength(1);
    const [fix] = finding.fixes;
    const [gone, reserved, anew] = fix!.commands;
    expect(gone!.slice(0, 3)).toEqual(['delete', 'persistentvolumeclaim', 'data']);
    const patch = JSON.parse(reserved!.find((word) => word.startsWith('-p='))!.slice(3)) as unknown[];
    expect(patch).toEqual([
      { op: 'test', path: '/spec/claimRef/uid', value: 'former' },
      {
        op: 'replace',
        path: '/spec/claimRef',
        value: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: world.namespace, name: 'data' },
      },
    ]);
    expect(anew![0]).toBe('create');
    const claim = JSON.parse(fix!.files![0]!.content) as { spec: object };
    expect(claim.spec).toEqual(made.spec);
    volume.spec.claimRef.name = 'other';
    const others = byRule(await world.diagnose(), RULE);
    expect(others.flatMap(({ fixes }) => fixes)).toEqual([]);
  });

  it.each([
    ['there are two', (world: World) => void formerly(world, { storageClassName: 'manual' }, 'older')],
    [
      'it would not outlive an undo',
      (_: World, volume: Loose) => void (volume.spec.persistentVolumeReclaimPolicy = 'Delete'),
    ],
    ['it is too small', (_: World, volume: Loose) => void (volume.spec.capacity.storage = '1Mi')],
  ])('is not given what a deleted claim of its name left behind when %s', async (_what, spoil) => {
    const { world } = shop({}, null);
    spoil(world, formerly(world, { storageClassName: 'manual' }));
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('kubectl patch pv old');
  });

  it('names the claim for which the volume that it asks for is kept', async () => {
    const { world } = shop({ storageClassName: '', volumeName: 'old' }, null);
    const volume = formerly(world, { storageClassName: '' });
    volume.spec.claimRef.name = 'other';
    expect((await onlyFinding(world, RULE)).message).toContain(`kept for another claim, ${world.namespace}/other`);
    volume.status.phase = 'Available';
    delete volume.spec.claimRef;
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });

  it('says nothing while one fits, or a provisioner makes it', async () => {
    const fits = shop({}, {});
    expect(byRule(await fits.world.diagnose(), RULE)).toEqual([]);
    const made = shop({ storageClassName: 'fast' }, {});
    made.world.add('StorageClass', 'storage.k8s.io/v1', 'fast', { provisioner: 'fast.example' }, null);
    expect(byRule(await made.world.diagnose(), RULE)).toEqual([]);
  });
});

describe.each([3, 77, 4096])('a volume on another node (seed %i)', (seed) => {
  function bound(world: World, hostname: string) {
    const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: HOST, operator: 'In', values: [hostname] }] }] };
    world.add(
      'PersistentVolume',
      'v1',
      'pv',
      { spec: { nodeAffinity: { required } }, status: { phase: 'Bound' } },
      null,
    );
    world.add('PersistentVolumeClaim', 'v1', 'data', { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } });
    return [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
  }

  it('is followed by the placement that the pods had before', async () => {
    const world = new World(seed);
    const [near, far] = [world.node(), world.node()];
    const volumes = bound(world, near.metadata.name);
    const workload = world.workload({
      podSpec: { volumes, nodeSelector: { [HOST]: far.metadata.name } },
      earlier: [{ podSpec: { nodeSelector: { [HOST]: near.metadata.name } } }],
      pods: 'pending',
    });
    const finding = await onlyFinding(world, 'volume-reach');
    const after = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec.template.spec.nodeSelector).toEqual({ [HOST]: near.metadata.name });
  });

  it('is lost to them with its node, and nobody else’s data is touched', async () => {
    const world = new World(seed);
    world.workload({ podSpec: { volumes: bound(world, 'gone') }, pods: 'pending' });
    const finding = await onlyFinding(world, 'volume-reach');
    expect(finding.message).toContain('does not have');
    expect(finding.fixes).toEqual([]);
  });

  function multiAttach(own: boolean) {
    const world = new World(seed);
    const other = world.node();
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
    world.add('PersistentVolumeClaim', 'v1', 'data', { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } });
    const container = world.container();
    if (!own) world.workload({ replicas: 1, podSpec: { volumes } });
    const workload = world.workload({
      replicas: 1,
      podSpec: { volumes },
      containers: [{ ...container, image: 'new.example/x:2' }],
      earlier: own ? [{ containers: [container], readyPods: 1 }] : [],
      pods: 'waiting',
      waiting: { reason: 'ContainerCreating' },
      spec: { strategy: { type: 'RollingUpdate' } },
    });
    const pod = world.podsOf(workload).find((each) => each.status.phase === 'Pending')!;
    pod.spec.nodeName = other.metadata.name;
    const text = 'Multi-Attach error for volume "pv" Volume is already used by pod(s) x';
    world.event(pod, 'FailedAttachVolume', text, { type: 'Warning' });
    return world;
  }

  it('is let go by an old pod of the same rollout', async () => {
    const finding = await onlyFinding(multiAttach(true), 'volume-held');
    expect(JSON.stringify(finding.fixes[0]!.changes)).toContain('"maxUnavailable":1');
  });

  it('is let go as it was applied, where one pod alone may have it', async () => {
    const world = multiAttach(true);
    const claim = world.list('PersistentVolumeClaim')[0] as Loose;
    claim.spec.accessModes = ['ReadWriteOncePod'];
    const [workload] = world.list('Deployment') as Loose[];
    const applied = JSON.stringify({ spec: { strategy: { type: 'Recreate' } } });
    workload!.metadata.annotations = {
      ...workload!.metadata.annotations,
      'kubectl.kubernetes.io/last-applied-configuration': applied,
    };
    const pod = world.podsOf(workload!).find((each) => each['status'].phase === 'Pending') as Loose;
    delete pod.spec.nodeName;
    const text = '0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.'; // prettier-ignore
    world.event(pod, 'FailedScheduling', text, { type: 'Warning' });
    const finding = await onlyFinding(world, 'volume-held');
    expect(finding.message).toContain('for one pod at a time');
    expect(JSON.stringify(finding.fixes[0]!.changes)).toContain('Recreate');
    claim.spec.accessModes = ['ReadWriteOnce'];
    expect(byRule(await world.diagnose(), 'volume-held')).toEqual([]);
  });

  it('stays with another workload', async () => {
    const finding = await onlyFinding(multiAttach(false), 'volume-held');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('decides');
  });
});
