import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'api-access-denied';
const RBAC = 'rbac.authorization.k8s.io/v1';

/** A program that does not become ready because it may not list Services, and the RBAC that should have let it. */
function refused(seed: number, change: Loose = {}) {
  const world = new World(seed);
  const account = change.account ?? world.random.name();
  const workload = world.workload({
    pods: 'waiting',
    waiting: { reason: 'CrashLoopBackOff' },
    podSpec: { serviceAccountName: account },
    earlier: [{ podSpec: { serviceAccountName: account, hostname: 'before' } }],
  });
  world.add('ServiceAccount', 'v1', account);
  const role = world.add(
    'ClusterRole',
    RBAC,
    world.random.name('role-'),
    { rules: change.rules ?? [{ apiGroups: [''], resources: ['services', 'pods'], verbs: ['list', 'watch'] }] },
    null,
  );
  const subject = { kind: 'ServiceAccount', name: account, namespace: world.namespace, ...change.subject };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.metadata.name };
  const binding = world.add(
    change.bindingIn ? 'RoleBinding' : 'ClusterRoleBinding',
    RBAC,
    `${account}-binds`,
    { roleRef: { ...roleRef, ...change.roleRef }, subjects: [subject] },
    change.bindingIn ?? null,
  );
  // Noise: others' rights say nothing.
  world.add(
    'ClusterRoleBinding',
    RBAC,
    world.random.name(),
    { roleRef: { ...roleRef, name: 'cluster-admin' }, subjects: [{ kind: 'Group', name: 'system:masters' }] },
    null,
  );
  const where = change.denied ?? 'at the cluster scope';
  for (const pod of world.podsOf(workload)) {
    const [status] = pod.status.containerStatuses as KubeObject['spec'][];
    status.imageID = 'sha256:1';
    world.logs.set(`${pod.metadata.name}/${status.name}/false`, [
      'starting',
      `E0101 reflector: services is forbidden: User \\"system:serviceaccount:${world.namespace}:${account}\\" cannot list resource \\"services\\" in API group \\"\\" ${where}`,
    ]);
  }
  return { world, workload, account, role, binding };
}

describe.each([3, 21, 4711])('a program that the API server refuses (seed %i)', (seed) => {
  it('is told which role a gathered one does not gather any more', async () => {
    const { world, role } = refused(seed, { rules: [] });
    const label = { 'example.test/to-reader': 'true' };
    (role as Loose)['aggregationRule'] = { clusterRoleSelectors: [{ matchLabels: label }] };
    const rules = [{ apiGroups: [''], resources: ['services'], verbs: ['list'] }];
    const able = world.add('ClusterRole', RBAC, world.random.name('reads-'), { rules }, null);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.message).toContain('gathers its rules from ClusterRoles labelled example.test/to-reader=true');
    expect(finding.message).toContain(`ClusterRole ${able.metadata.name} allows it and lacks that label`);
  });

  it('is explained by the subject whose namespace differs, and nothing is changed', async () => {
    const { world, workload, binding } = refused(seed, { subject: { namespace: 'elsewhere' } });
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    expect(finding.fixes).toEqual([]);
    expect(finding.message).toContain(
      `ClusterRoleBinding ${binding.metadata.name} has "elsewhere" in subjects[0].namespace, not "${world.namespace}"`,
    );
    expect(finding.unfixed).toContain(binding.metadata.name);
    // The former revision would not have more rights.
    expect(await world.plan([], [workload])).toBeNull();
  });

  it.each<[string, Loose, string]>([
    ['a subject of another kind', { subject: { kind: 'User', namespace: undefined } }, 'subjects[0].kind'],
    ['a role that does not exist', { roleRef: { name: 'nowhere' } }, 'roleRef.name'],
    ['a verb', { rules: [{ apiGroups: [''], resources: ['services'], verbs: ['get'] }] }, 'rules[0].verbs'],
    [
      'an API group',
      { rules: [{ apiGroups: ['apps'], resources: ['services'], verbs: ['list'] }] },
      'rules[0].apiGroups',
    ],
    [
      'a misspelt resource',
      { rules: [{ apiGroups: [''], resources: ['service'], verbs: ['list'] }] },
      'rules[0].resources',
    ],
    [
      'names it is limited to',
      { rules: [{ apiGroups: [''], resources: ['services'], verbs: ['list'], resourceNames: ['one'] }] },
      'rules[0].resourceNames',
    ],
    [
      'a binding of another namespace',
      { bindingIn: 'elsewhere', denied: 'in the namespace "here"' },
      'metadata.namespace',
    ],
  ])('is explained by %s', async (_, change, field) => {
    const { world } = refused(seed, change);
    const finding = await onlyFinding(world, RULE);
    expect(finding.evidence.map((one) => one.field)).toContain(field);
    expect(finding.fixes).toEqual([]);
  });

  it('is explained by a name that is nearly its own', async () => {
    const { world, account } = refused(seed, { account: 'collector', subject: { name: 'colector' } });
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain(`has "colector" in subjects[0].name, not "${account}"`);
  });

  it('says so where no binding comes near, and where RBAC may not be read', async () => {
    const { world } = refused(seed, { subject: { name: 'zq' }, rules: [] });
    expect((await onlyFinding(world, RULE)).message).toContain('nothing binds ServiceAccount');
    const { world: blind } = refused(seed);
    const context = blind.context();
    const { PlaybookBrain } = await import('../../../src/agents/playbooks/playbook-brain.ts');
    const evidence = { ...context.evidence, list: () => Promise.reject(new Error('forbidden')) };
    const { findings } = await new PlaybookBrain().diagnose({ ...context, evidence });
    expect(byRule(findings, RULE)[0]?.message).toContain('could not be read');
  });
});

it.each([{}, { bindingIn: 'here', denied: 'in the namespace "here"' }])(
  'a binding that is gone is missed by name, and no role that everybody holds is to be widened',
  async (change) => {
    const { world, account, role, binding } = refused(9, change);
    const everybody = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' };
    for (const name of ['system:basic-user', 'house-rules']) {
      world.add('ClusterRole', RBAC, name, { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }, null);
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
      world.add('ClusterRoleBinding', RBAC, name, { roleRef, subjects: [everybody] }, null);
    }
    world.remove(binding);
    const { message, fixes, evidence, unfixed } = await onlyFinding(world, RULE);
    expect(message).toContain(`nothing binds ServiceAccount ${account}; ClusterRole ${role.metadata.name} would`);
    expect(JSON.stringify([message, evidence, unfixed])).not.toMatch(/system:basic-user|house-rules/);
    expect(fixes).toEqual([]);
  },
);

it('a role that the server keeps is not to be widened, even where the account holds it', async () => {
  const { world, role, binding } = refused(9);
  const name = 'system:discovery';
  world.add('ClusterRole', RBAC, name, { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }, null);
  Object.assign(binding, { roleRef: { ...binding['roleRef'], name } });
  world.remove(role);
  expect((await onlyFinding(world, RULE)).message).toContain('no binding gives it a role that does');
});

it('is silent about programs that are well', async () => {
  const world = new World(5);
  const workload = world.workload({ podSpec: { serviceAccountName: 'own' } });
  expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  const [pod] = world.podsOf(workload);
  world.logs.set(`${pod!.metadata.name}/${pod!.status.containerStatuses[0].name}/false`, ['all is forbidden fruit']);
  expect(byRule(await world.diagnose(), RULE)).toEqual([]);
});

describe('a program without a token', () => {
  const build = (template: Loose, account: Loose, line: string) => {
    const world = new World(6);
    const workload = world.workload({
      pods: 'waiting',
      waiting: { reason: 'CrashLoopBackOff' },
      podSpec: { serviceAccountName: 'own', ...template },
    });
    world.add('ServiceAccount', 'v1', 'own', account);
    for (const pod of world.podsOf(workload)) {
      const [status] = pod.status.containerStatuses as KubeObject['spec'][];
      status.imageID = 'sha256:1';
      world.logs.set(`${pod.metadata.name}/${status.name}/false`, [line]);
    }
    return { world, workload };
  };
  const missed = 'open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory';

  it('is explained by the field that keeps it away, and is given none', async () => {
    const off = { automountServiceAccountToken: false };
    for (const [template, account, kind] of [
      [off, {}, 'Deployment'],
      [{}, off, 'ServiceAccount'],
    ] as const) {
      const { world, workload } = build(template, account, missed);
      const finding = await onlyFinding(world, 'account-token');
      expect(finding.evidence.map(({ object }) => object?.kind)).toContain(kind);
      expect(finding.fixes).toEqual([]);
      expect(await world.plan([], [workload])).toBeNull();
    }
  });

  it('is named where the former revision differs in nothing else, and the program does not say what it lacks', async () => {
    const world = new World(8);
    const workload = world.workload({
      pods: 'waiting',
      waiting: { reason: 'CrashLoopBackOff' },
      podSpec: { serviceAccountName: 'own', automountServiceAccountToken: false },
      earlier: [{ podSpec: { automountServiceAccountToken: undefined }, readyPods: 1 }],
    });
    world.add('ServiceAccount', 'v1', 'own');
    const finding = await onlyFinding(world, 'account-token');
    expect(finding.message).toContain('automountServiceAccountToken');
    expect(finding.fixes).toEqual([]);
    expect(await world.plan([], [workload])).toBeNull();
  });

  it('of a client without a configuration of its own is missed too', async () => {
    const off = { automountServiceAccountToken: false };
    const { world } = build(off, {}, 'The connection to the server localhost:8080 was refused');
    expect((await onlyFinding(world, 'account-token')).severity).toBe('critical');
  });

  it('that does not miss one is left alone', async () => {
    const off = { automountServiceAccountToken: false };
    expect(byRule(await build(off, {}, 'some other failure').world.diagnose(), 'account-token')).toEqual([]);
    expect(byRule(await build({}, {}, missed).world.diagnose(), 'account-token')).toEqual([]);
    const wins = build({ automountServiceAccountToken: true }, off, missed);
    expect(byRule(await wins.world.diagnose(), 'account-token')).toEqual([]);
  });
});
