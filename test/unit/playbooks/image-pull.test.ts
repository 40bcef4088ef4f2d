import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [2, 19, 88, 404, 31337];
const RULE = 'image-pull';

const only = (world: World) => onlyFinding(world, RULE);

const waiting = (reason: string, message = 'manifest unknown: not found') => ({ reason, message });

describe.each(SEEDS)('an image that cannot be pulled (seed %i)', (seed) => {
  const build = (kind: WorkloadOptions['kind'], more: Loose = {}) => {
    const world = new World(seed);
    const good = world.container();
    const bad = { ...good, image: `${good.image}-nope` };
    const reason = world.random.pick(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);
    const workload = world.workload({
      kind,
      replicas: 1,
      containers: [bad],
      earlier: [{ containers: [good], readyPods: 0 }],
      pods: 'waiting',
      waiting: waiting(reason),
      ...more,
    });
    return { world, good, bad, workload };
  };

  it.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)(
    'of a %s is set back when only it changed',
    async (kind) => {
      const { world, good, workload } = build(kind);
      const finding = await only(world);
      const { name } = workload.metadata;
      expect(finding.severity).toBe('critical');
      expect(finding.object).toMatchObject({ kind, name });
      expect(finding.fixes[0]!.commands[0]).toEqual([
        'set',
        'image',
        `${kind.toLowerCase()}/${name}`,
        `${good.name}=${good.image}`,
        '-n',
        world.namespace,
      ]);
      const rest = finding.fixes[0]!.commands.slice(1);
      expect(rest).toEqual(
        kind === 'StatefulSet' ? [['delete', 'pod', `${name}-0`, '-n', world.namespace, '--wait=false']] : [],
      );
    },
  );

  it('is rolled back when more than the image changed', async () => {
    const { world, workload } = build('Deployment', { podSpec: { terminationGracePeriodSeconds: 5 } });
    const revision = world.revisionsOf(workload)[0]!;
    revision.spec.template.spec = { ...revision.spec.template.spec, terminationGracePeriodSeconds: 30 };
    const finding = await only(world);
    expect(finding.fixes[0]!.commands).toEqual([
      ['rollout', 'undo', `deployment/${workload.metadata.name}`, '-n', world.namespace, '--to-revision=1'],
    ]);
    expect(finding.fixes[1]!.commands[0]!.slice(0, 2)).toEqual(['set', 'image']);
  });

  it('skips earlier revisions whose image fails as well', async () => {
    const world = new World(seed);
    const good = world.container();
    const [first, second] = [
      { ...good, image: 'a.example/x:bad1' },
      { ...good, image: 'a.example/x:bad2' },
    ];
    const workload = world.workload({
      containers: [second],
      earlier: [{ containers: [good] }, { containers: [first] }],
      pods: 'waiting',
      waiting: waiting('ImagePullBackOff'),
    });
    // A pod of the middle revision is still there and fails too.
    const pod = structuredClone(world.podsOf(workload)[0]!) as Loose;
    pod.metadata.name += '-old';
    pod.spec.containers = [first];
    world.add('Pod', 'v1', pod.metadata.name, pod);
    expect((await only(world)).fixes[0]!.commands[0]).toContain(`${good.name}=${good.image}`);
  });

  it('does not go back to a revision that cannot run any more', async () => {
    const world = new World(seed);
    const container = world.container();
    const [bad, unset, unplaced] = ['0', '1', '2'].map((tag) => ({ ...container, image: `a.example/x:${tag}` }));
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'gone', key: 'k' } } }];
    world.workload({
      containers: [bad!],
      earlier: [
        { containers: [container] },
        { containers: [{ ...unset, env }] },
        { containers: [unplaced!], podSpec: { nodeSelector: { nowhere: 'x' } } },
      ],
      pods: 'waiting',
      waiting: waiting('ErrImagePull'),
    });
    const { fixes } = await only(world);
    expect(fixes[0]!.commands[0]).toContain(`${container.name}=${container.image}`);
    expect(JSON.stringify(fixes)).not.toMatch(/to-revision=[23]|a\.example\/x:[12]/);
  });

  it('prefers a revision with ready pods and is only a warning while they serve', async () => {
    const world = new World(seed);
    const old = world.container();
    const [good, bad] = [
      { ...old, image: 'a.example/x:2' },
      { ...old, image: 'a.example/x:3' },
    ];
    world.workload({
      replicas: 1,
      containers: [bad],
      earlier: [{ containers: [old], readyPods: 1 }, { containers: [good] }],
      pods: 'waiting',
      waiting: waiting('ErrImagePull'),
    });
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    expect(finding.fixes[0]!.commands[0]).toContain(`${old.name}=${old.image}`);
  });

  it('takes a tag of the same repository that runs, when there is no history', async () => {
    const world = new World(seed);
    const repository = `r.example:5000/${world.random.name()}`;
    world.workload({ containers: [world.container({ image: `${repository}:7.1` })] });
    const container = world.container({ image: `${repository}:7.9` });
    world.workload({ containers: [container], pods: 'waiting', waiting: waiting('ErrImagePull') });
    expect((await only(world)).fixes[0]!.commands[0]).toContain(`${container.name}=${repository}:7.1`);
  });

  /** The image of the failing workload, and whether one that runs elsewhere is proposed for it. */
  const proposed = async (failing: string, running: string, message?: string) => {
    const world = new World(seed);
    world.workload({ containers: [world.container({ image: running })] });
    const bad = world.container({ image: failing });
    const workload = world.workload({ containers: [bad], pods: 'waiting', waiting: waiting('ErrImagePull', message) });
    for (const pod of world.podsOf(workload))
      world.event(pod, 'Failed', `Failed to pull image "${failing}": ${message ?? 'not found'}`);
    const finding = await only(world);
    if (finding.fixes.length === 0) expect(finding.unfixed ?? '').not.toBe('');
    return finding.fixes.some(({ commands }) => commands[0]!.includes(`${bad.name}=${running}`));
  };

  it.each([
    ['team/payments:1.0', 'team/paymnets:1.0'],
    ['team/payments:1.0', 'taem/payments:1.0'],
    ['registry.example/team/payments:1.0', 'regsitry.example/team/payments:1.0'],
    ['nginx:1.25', 'ngnix:1.25'],
    ['docker.io/library/nginx:1.25', 'ngnix:1.25'],
  ])('takes %s for its misspelling %s', async (running, failing) => {
    expect(await proposed(failing, running)).toBe(true);
  });

  it.each([
    ['team/payments-ui:1.0', 'team/payments:1.0'],
    ['team/payments:1.0', 'team/payments-ui:1.0'],
    ['team/payments-worker:1.0', 'team/payments:1.0'],
    ['team/payments-blue:1.0', 'team/payments-green:1.0'],
    ['team/web1:1.0', 'team/web2:1.0'],
    ['team-a/payments:1.0', 'team-b/payments:1.0'],
    ['red/payments:1.0', 'reed/paymentz:1.0'],
    ['other/payments:1.0', 'team/payments:1.0'],
    ['team/sub/payments:1.0', 'team/payments:1.0'],
  ])('does not run %s in place of another program, %s', async (running, failing) => {
    expect(await proposed(failing, running)).toBe(false);
  });

  it.each([
    'dial tcp 10.1.2.3:443: i/o timeout',
    'failed to authorize: 401 Unauthorized',
    'toomanyrequests: You have reached your pull rate limit',
    'failed to register layer: write /x: no space left on device',
    'net/http: TLS handshake timeout',
  ])('takes no other image while the wanted one may be there: %s', async (message) => {
    expect(await proposed('team/paymnets:1.0', 'team/payments:1.0', message)).toBe(false);
    expect(await proposed('team/payments:1.0', 'team/payments:1.1', message)).toBe(false);
  });

  it.each([
    ['Always', 'ErrImagePull', 'dial tcp 10.1.2.3:443: i/o timeout'],
    ['Never', 'ErrImageNeverPull', 'not present with pull policy of Never'],
  ])('gets back the pull policy that the same image had before %s', async (policy, reason, message) => {
    const world = new World(seed);
    const good = { ...world.container(), imagePullPolicy: 'IfNotPresent' };
    const workload = world.workload({
      containers: [{ ...good, imagePullPolicy: policy }],
      earlier: [{ containers: [good] }],
      pods: 'waiting',
      waiting: waiting(reason, message),
    });
    const finding = await only(world);
    expect(finding.message).toContain(`imagePullPolicy ${policy} of container ${good.name} is new`);
    const { template } = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec;
    expect(template.spec.containers[0]).toMatchObject({ image: good.image, imagePullPolicy: 'IfNotPresent' });
  });

  it('keeps the pull policy where the image was another before', async () => {
    const { world, good } = build('Deployment');
    for (const object of world.list('Deployment')) object.spec.template.spec.containers[0].imagePullPolicy = 'Always';
    const finding = await only(world);
    expect(finding.message).not.toContain('imagePullPolicy');
    expect(JSON.stringify(finding.fixes)).toContain(good.image);
    expect(JSON.stringify(finding.fixes)).not.toContain('imagePullPolicy');
  });

  it('has no fix without history and without anything alike', async () => {
    const world = new World(seed);
    world.workload({ pods: 'waiting', waiting: waiting('ErrImagePull') });
    const finding = await only(world);
    expect(finding.fixes).toEqual([]);
    expect(finding.evidence.length).toBeGreaterThan(1);
  });

  it('names only the container that fails', async () => {
    const world = new World(seed);
    const [main, side] = [world.container(), world.container({ portName: 'side' })];
    const bad = { ...side, image: 'a.example/side:0' };
    const workload = world.workload({
      containers: [main, bad],
      earlier: [{ containers: [main, side] }],
      pods: 'waiting',
      waiting: { ...waiting('ErrImagePull'), container: bad.name },
    });
    expect((await only(world)).fixes[0]!.commands[0]).toEqual([
      'set',
      'image',
      `deployment/${workload.metadata.name}`,
      `${side.name}=${side.image}`,
      '-n',
      world.namespace,
    ]);
  });

  it('leaves a container alone that a webhook injected', async () => {
    const { world, workload } = build('Deployment');
    for (const pod of world.podsOf(workload)) {
      const status = pod.status.containerStatuses[0];
      pod.spec = { ...pod.spec, containers: [{ name: 'mesh', image: 'm.example/mesh:1' }] };
      status.name = 'mesh';
    }
    const finding = await only(world);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('webhook');
  });

  it.each(['Job', 'ReplicaSet'])('of a %s is for who made it', async (kind) => {
    const { world, workload } = build('Deployment');
    const { spec } = workload.spec.template;
    const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
    const owner = world.add(kind, apiVersion, world.random.name(), { spec: { template: { spec } } });
    for (const object of [...world.revisionsOf(workload), workload]) world.remove(object);
    for (const pod of world.list('Pod'))
      pod.metadata.ownerReferences = [
        { apiVersion, kind, name: owner.metadata.name, uid: owner.metadata.uid!, controller: true },
      ];
    const finding = await only(world);
    expect(finding.object.kind).toBe(kind);
    expect(finding.unfixed).toContain('make it anew');
  });

  it('of a stuck StatefulSet pod with a good template needs only the pod replaced', async () => {
    const { world, workload, good } = build('StatefulSet');
    workload.spec.template.spec = { ...workload.spec.template.spec, containers: [good] };
    const finding = await only(world);
    expect(finding.fixes.map((fix) => fix.commands)).toEqual([
      [['delete', 'pod', `${workload.metadata.name}-0`, '-n', world.namespace, '--wait=false']],
    ]);
  });

  it('does not delete pods of a parallel StatefulSet, which its controller replaces', async () => {
    const { world } = build('StatefulSet', { spec: { podManagementPolicy: 'Parallel' } });
    expect((await only(world)).fixes[0]!.commands).toHaveLength(1);
  });

  it('is less sure where the registry cannot be reached', async () => {
    const { world: sure } = build('Deployment');
    const { world: unsure } = build('Deployment', { waiting: waiting('ErrImagePull', 'dial tcp: i/o timeout') });
    expect((await only(unsure)).fixes[0]!.confidence).toBeLessThan((await only(sure)).fixes[0]!.confidence);
  });

  it('shows what the kubelet said without control characters and credentials', async () => {
    const message = `bad\u001b[31m thing\u202e ${'x'.repeat(900)} https://user:hunter2@r.example/`;
    const { world } = build('Deployment', {
      waiting: waiting('ErrImagePull', `https://user:hunter2@r.example ${message}`),
    });
    for (const { text } of (await only(world)).evidence) {
      expect(text.length).toBeLessThanOrEqual(300);
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}]|hunter2/u);
    }
  });
});

it('an image that is just being pulled is no finding', async () => {
  const world = new World(6);
  world.workload({ pods: 'waiting', waiting: { reason: 'ContainerCreating' } });
  expect(byRule(await world.diagnose(), RULE)).toEqual([]);
});
