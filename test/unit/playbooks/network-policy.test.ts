import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { callEdges, policyEnd } from '../../../src/kube/call-edges.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import type { Direction } from '../../../src/kube/network-policy.ts';
import { cutting } from '../../../src/kube/network-policy.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';
import { applyPatch } from './json-patch.ts';

const SEEDS = [6, 60, 600];
const RULE = 'network-policy';

/** A front that asks a store by its Service, and other pods beside them. */
function shop(seed: number, logged = true) {
  const world = new World(seed);
  const port = world.random.port();
  const store = world.workload({ name: 'store', containers: [world.container({ port })] });
  world.serviceFor(store, { name: 'store', spec: { ports: [{ port: 80, targetPort: port, protocol: 'TCP' }] } });
  const env = [{ name: 'STORE_URL', value: 'http://store:80/' }];
  const front = world.workload({ name: 'front', containers: [world.container({ env })] });
  world.workload({ name: 'aside' });
  const container = front.spec!.template.spec.containers[0].name;
  if (logged)
    for (const pod of world.podsOf(front))
      world.logs.set(`${pod.metadata.name}/${container}/false`, ['GET http://store:80/ failed: i/o timeout']);
  const policy = (spec: Loose, fields: Loose = {}) =>
    world.add('NetworkPolicy', 'networking.k8s.io/v1', world.random.name(), { spec, ...fields });
  return { world, front, store, port, policy };
}

/** Whether front reaches store after a fix, and whether aside does (which it must not where it did not before). */
function after(world: World, fix: Finding['fixes'][number], way: Direction) {
  const view = new ClusterView(world.snapshot());
  let policies = world.list('NetworkPolicy');
  for (const change of fix.changes as Change[]) {
    if (change.type === 'json-patch')
      policies = policies.map((each) =>
        each.metadata.name === change.object.name ? applyPatch(each, change.ops) : each,
      );
    else if (change.type === 'create')
      policies = [...policies, JSON.parse(fix.files!.find(({ name }) => name === change.file)!.content) as KubeObject];
    else throw new Error(`no such change may be made: ${change.type}`);
  }
  const [call] = callEdges(view);
  const end = (name: string) =>
    policyEnd(
      view,
      view.workloads().find(({ metadata }) => metadata.name === name)!,
    )!;
  const reaches = (from: string, to: string, port = call!.port) =>
    cutting(policies, { from: end(from), to: end(to), port, protocol: 'TCP' }, way).length === 0;
  return { needed: reaches('front', 'store'), aside: reaches('aside', 'store'), port: reaches('front', 'store', 9) };
}

describe.each(SEEDS)('a policy that cuts what is needed (seed %i)', (seed) => {
  it('lets through exactly the caller, to exactly the port', async () => {
    const { world, policy } = shop(seed);
    policy({ podSelector: { matchLabels: { app: 'store' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { app: 'aside2' } } }], ports: [{ port: 1 }] }] }); // prettier-ignore
    const finding = await onlyFinding(world, RULE);
    expect(finding.severity).toBe('critical');
    expect(after(world, finding.fixes[0]!, 'ingress')).toEqual({ needed: true, aside: false, port: false });
  });

  it('gets the port where it has the peer', async () => {
    const { world, policy, port } = shop(seed);
    const made = policy({ podSelector: { matchLabels: { app: 'store' } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'front' } } }], ports: [{ protocol: 'TCP', port: 80 }] }] }); // prettier-ignore
    const [fix] = (await onlyFinding(world, RULE)).fixes;
    const [change] = fix!.changes as Loose[];
    expect(applyPatch(made, change.ops).spec.ingress[0].ports).toEqual([
      { protocol: 'TCP', port: 80 },
      { protocol: 'TCP', port },
    ]);
  });

  it('gets the label that the caller has where it names one that no pod has', async () => {
    const { world, policy, port } = shop(seed);
    const made = policy({ podSelector: { matchLabels: { app: 'store' } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'frnt' } } }], ports: [{ protocol: 'TCP', port }] }] }); // prettier-ignore
    const [fix] = (await onlyFinding(world, RULE)).fixes;
    const [change] = fix!.changes as Loose[];
    expect(applyPatch(made, change.ops).spec.ingress[0].from[0].podSelector.matchLabels).toEqual({ app: 'front' });
  });

  it('goes back to what was last applied', async () => {
    const { world, policy } = shop(seed);
    const good = { podSelector: { matchLabels: { app: 'store' } }, ingress: [{ from: [{ podSelector: {} }] }] };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: good }) };
    const made = policy({ ...good, ingress: [] }, { metadata: { annotations } });
    const [fix] = (await onlyFinding(world, RULE)).fixes;
    const [change] = fix!.changes as Loose[];
    expect(applyPatch(made, change.ops).spec).toEqual(good);
  });

  it('stays as it is where it denies everything to everybody: the callee gets a policy of its own', async () => {
    const { world, policy } = shop(seed);
    const made = policy({ podSelector: {}, policyTypes: ['Ingress'] });
    const finding = await onlyFinding(world, RULE);
    for (const fix of finding.fixes) {
      expect(fix.changes.every(({ type }) => type === 'create')).toBe(true);
      expect(after(world, fix, 'ingress')).toEqual({ needed: true, aside: false, port: false });
    }
    expect(made.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress'] });
  });

  it('of the caller leaves out the store and the DNS', async () => {
    const { world, policy } = shop(seed);
    policy({ podSelector: { matchLabels: { app: 'front' } }, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] }); // prettier-ignore
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toMatch(/DNS/);
    const [fix] = finding.fixes;
    expect(after(world, fix!, 'egress')).toEqual({ needed: true, aside: true, port: false });
    expect(JSON.stringify(fix!.changes)).toContain('"port":53');
  });

  it.each([
    [['lookup pay.example.com on 10.96.0.10:53: read udp 10.1.1.2:4321->10.96.0.10:53: i/o timeout'], 1],
    [['panic: nil pointer'], 0],
  ])('leaves out the DNS for who asks a host outside, as its log says: %j', async (said, found) => {
    const world = new World(seed);
    const main = world.container({ name: 'main', env: [{ name: 'PAY', value: 'https://pay.example.com' }] });
    const workload = world.workload({ name: 'front', replicas: 1, containers: [main] });
    const [pod] = world.podsOf(workload) as Loose[];
    pod.status.conditions[0].status = 'False';
    world.logs.set(`${pod.metadata.name}/main/false`, said);
    world.add('NetworkPolicy', 'networking.k8s.io/v1', 'out', {
      spec: {
        podSelector: { matchLabels: { app: 'front' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 443, protocol: 'TCP' }] }],
      },
    });
    const findings = byRule(await world.diagnose(), RULE);
    expect(findings).toHaveLength(found);
    expect(JSON.stringify(findings[0]?.fixes ?? 53)).toContain('53');
  });

  it('may be meant while nobody suffers', async () => {
    const { world, policy } = shop(seed, false);
    policy({ podSelector: { matchLabels: { app: 'store' } }, policyTypes: ['Ingress'] });
    const context = world.context();
    const { PlaybookBrain } = await import('../../../src/agents/playbooks/playbook-brain.ts');
    const quiet = { ...context, severity: { known: true as const, items: [] } };
    const findings = byRule((await new PlaybookBrain().diagnose(quiet)).findings, RULE);
    expect(findings.map(({ severity, fixes }) => [severity, fixes.length])).toEqual([['info', 0]]);
  });

  it('warns without a fix where it came after the pods that it cuts', async () => {
    const { world, policy } = shop(seed, false);
    const edit = {
      manager: 'kubectl-create',
      operation: 'Update',
      time: '2031-05-06T07:00:00Z',
      fieldsV1: { 'f:spec': {} },
    };
    const managedFields = [edit];
    policy(
      { podSelector: { matchLabels: { app: 'store' } }, policyTypes: ['Ingress'] },
      { metadata: { managedFields } },
    );
    const quiet = { ...world.context(), severity: { known: true as const, items: [] } };
    const { PlaybookBrain } = await import('../../../src/agents/playbooks/playbook-brain.ts');
    const [finding] = byRule((await new PlaybookBrain().diagnose(quiet)).findings, RULE);
    expect(finding).toMatchObject({ severity: 'warning', fixes: [] });
    expect(finding!.message).toContain('Deployment front → Deployment store');
    expect(finding!.unfixed).toContain('kubectl-create');
  });

  it('warns without a fix where it denies everything to everybody and nobody suffers yet', async () => {
    const { world, policy } = shop(seed, false);
    policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const { PlaybookBrain } = await import('../../../src/agents/playbooks/playbook-brain.ts');
    const quiet = { ...world.context(), severity: { known: true as const, items: [] } };
    const findings = byRule((await new PlaybookBrain().diagnose(quiet)).findings, RULE);
    expect(findings.map(({ severity, fixes }) => [severity, fixes.length])).toEqual([['warning', 0]]);
  });

  it('is silent where policies allow what is needed', async () => {
    const { world, policy } = shop(seed);
    policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [{ podSelector: {} }] }], egress: [{}] }); // prettier-ignore
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});
