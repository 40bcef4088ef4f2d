import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import type { KnownAction } from '../../../src/domain/action.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';

const RULE = 'store-access-refused';
const DIGEST = 'd'.repeat(64);
const ACTION: KnownAction = { name: 'redis-load-users', digest: DIGEST, title: 'Load', allowed: true };
const KEPT_NOWHERE = 'port 6379\nsave ""\nappendonly no\naclfile /etc/users/users.acl\n';
const NOPERM = "NOPERM this user has no permissions to run the 'incr' command";
const WRONGPASS = 'WRONGPASS invalid username-password pair or user is disabled.';

interface Options {
  config?: string;
  says?: string;
  image?: string;
  named?: string;
}

/** A store behind a Service, and a client that crashes and says why. */
function refused(world: World, options: Options = {}): { store: KubeObject; client: KubeObject } {
  const { config = KEPT_NOWHERE, says = NOPERM, image = 'registry.example/redis:7', named = 'cart-db' } = options;
  const map = world.configMap({ 'redis.conf': config });
  const container = {
    ...world.container({ port: 6379 }),
    image,
    args: ['/etc/config/redis.conf'],
    volumeMounts: [
      { name: 'config', mountPath: '/etc/config' },
      { name: 'users', mountPath: '/etc/users/' },
    ],
  };
  const volumes = [
    { name: 'config', configMap: { name: map.metadata.name } },
    { name: 'users', secret: { secretName: 'users' } },
  ];
  const store = world.workload({ name: 'cart-store', containers: [container], podSpec: { volumes } });
  for (const pod of world.podsOf(store))
    for (const status of pod['status'].containerStatuses) {
      status.imageID = 'sha256:1';
      status.state = { running: { startedAt: world.takenAt } };
    }
  world.service(store.spec!.template.metadata.labels, [{ port: 6379, targetPort: 6379 }], { name: 'cart-db' });
  const asking = { ...world.container(), env: [{ name: 'STORE_HOST', value: named }] };
  const client = world.workload({ containers: [asking], pods: 'waiting', waiting: { reason: 'CrashLoopBackOff' } });
  for (const pod of world.podsOf(client))
    for (const status of pod['status'].containerStatuses)
      Object.assign(status, { imageID: 'sha256:2', restartCount: 3 });
  for (const pod of world.podsOf(client))
    for (const previous of [true, false])
      world.logs.set(`${pod.metadata.name}/${asking.name}/${previous}`, [`store: ${says}`]);
  return { store, client };
}

async function findings(world: World, actions: readonly KnownAction[]): Promise<Finding[]> {
  const diagnosis = await new PlaybookBrain().diagnose({ ...world.context(), actions });
  return byRule(diagnosis.findings, RULE);
}

describe.each([3, 41, 977])('a store that refuses its client (seed %i)', (seed) => {
  it('loads its users again in the pinned server, and only then may be restarted', async () => {
    const world = new World(seed);
    const { store, client } = refused(world);
    const [finding, ...more] = await findings(world, [ACTION]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: 'critical', object: { kind: store.kind, name: 'cart-store' } });
    expect(finding!.message).toMatch(/NOPERM/);
    expect(finding!.message).toContain(client.metadata.name);
    const [load, restart] = finding!.fixes;
    const [pod] = world.podsOf(store);
    expect(load!.changes[0]).toEqual({
      type: 'action',
      call: {
        name: 'redis-load-users',
        digest: DIGEST,
        at: {
          namespace: world.namespace,
          pod: pod!.metadata.name,
          uid: pod!.metadata.uid,
          container: store.spec!.template.spec.containers[0].name,
          imageId: 'sha256:1',
        },
        inputs: { port: '6379', 'users-file': '/etc/users/users.acl' },
      },
    });
    const servers = world.podsOf(store).length;
    expect(load!.commands[0]!.slice(0, 3)).toEqual(['runbook', 'run', 'redis-load-users']);
    expect(load!.changes.filter(({ type }) => type === 'action')).toHaveLength(servers);
    expect(load!.commands.slice(servers).every(([verb, kind]) => verb === 'delete' && kind === 'pod')).toBe(true);
    expect(restart!.changes[0]).toMatchObject({ type: 'rollout-restart', object: { name: 'cart-store' } });
    expect(restart!.confidence).toBeLessThan(load!.confidence);
  });

  it('proposes nothing that was not allowed, and says how to allow it', async () => {
    const world = new World(seed);
    refused(world);
    const [known] = await findings(world, [{ ...ACTION, allowed: false }]);
    expect(known!.fixes).toEqual([]);
    expect(known!.unfixed).toContain('stratus runbook allow redis-load-users');
    const none = await onlyFinding(world, RULE);
    expect(none.fixes).toEqual([]);
    expect(none.unfixed).toMatch(/no action for it is here/);
  });

  it('does not restart a server of which nobody knows what it keeps', async () => {
    const world = new World(seed);
    refused(world, { config: 'aclfile /etc/users/users.acl\n' });
    const [finding] = await findings(world, [ACTION]);
    expect(finding!.fixes).toHaveLength(1);
  });

  it('has no fix for a server without a file of users', async () => {
    const world = new World(seed);
    refused(world, { config: 'save ""\nappendonly no\nrequirepass x\n' });
    const [finding] = await findings(world, [ACTION]);
    expect(finding!.fixes).toEqual([]);
    expect(finding!.unfixed).toMatch(/no file of users/);
  });

  it.each<[string, Options]>([
    ['the log speaks of something else', { says: 'connection reset by peer' }],
    ['what is behind the name is another kind of server', { image: 'registry.example/postgres:15', config: 'x' }],
    ['no setting names a server that is here', { named: 'elsewhere-db' }],
  ])('is silent where %s', async (_, options) => {
    const world = new World(seed);
    refused(world, options);
    if (options.image) for (const one of world.list('Deployment')) one.spec!.template.spec.containers[0].args = [];
    expect(await findings(world, [ACTION])).toEqual([]);
    await noFinding(world, RULE);
  });

  it('speaks of a removed user, too', async () => {
    const world = new World(seed);
    refused(world, { says: WRONGPASS });
    const [finding] = await findings(world, [ACTION]);
    expect(finding!.message).toMatch(/WRONGPASS: the store knows no such user/);
  });
});
