import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/domain/finding.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose, WorkloadOptions } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [33, 66, 777, 2024];

function refused(world: World, said: string, options: WorkloadOptions = {}): KubeObject {
  const workload = world.workload({ replicas: 2, pods: 'none', ...options });
  const maker = workload.kind === 'Deployment' ? world.revisionsOf(workload).at(-1)! : workload;
  world.event(maker, 'FailedCreate', `Error creating: ${said}`, { type: 'Warning' });
  return workload;
}

function mended(finding: Finding, workload: KubeObject, fix = 0): Loose {
  return applyPatch(workload, patchOps(finding.fixes[fix]!.commands[0]!)).spec.template.spec;
}

const RESTRICTED =
  'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

describe.each(SEEDS)('pod-security-forbids (seed %i)', (seed) => {
  it('exactly what the message demands is set where the user is known', async () => {
    const world = new World(seed);
    const workload = refused(world, RESTRICTED, { podSpec: { securityContext: { runAsUser: 1000 } } });
    const finding = await onlyFinding(world, 'pod-security-forbids');
    expect(mended(finding, workload).containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(finding.message).toContain('restricted:latest');
  });

  it('a user is taken from a ready pod of the same image, and is not invented', async () => {
    const world = new World(seed);
    const container = world.container();
    const workload = refused(world, RESTRICTED, { containers: [container] });
    const without = await onlyFinding(world, 'pod-security-forbids');
    expect(without.fixes).toEqual([]);
    expect(without.unfixed).toContain('as which user');
    world.workload({ containers: [{ ...container, securityContext: { runAsUser: 65532 } }] });
    const finding = await onlyFinding(world, 'pod-security-forbids');
    expect(mended(finding, workload).containers[0].securityContext).toMatchObject({
      runAsUser: 65532,
      runAsNonRoot: true,
    });
  });

  it('a privilege that came with the template goes with it; one that was always there is for its owner', async () => {
    const said = 'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)';
    const world = new World(seed);
    const workload = refused(world, said, {
      podSpec: { hostNetwork: true },
      earlier: [{ podSpec: { hostNetwork: undefined } }],
    });
    expect(mended(await onlyFinding(world, 'pod-security-forbids'), workload).hostNetwork).toBeUndefined();

    const always = new World(seed);
    refused(always, said, { podSpec: { hostNetwork: true } });
    const finding = await onlyFinding(always, 'pod-security-forbids');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('owner');
  });
});

describe.each(SEEDS)('missing-pod-reference (seed %i)', (seed) => {
  const CASES = [
    ['PriorityClass', 'scheduling.k8s.io/v1', null, 'priorityClassName', (name: string) => `pods "x" is forbidden: no PriorityClass with name ${name} was found`],
    ['RuntimeClass', 'node.k8s.io/v1', null, 'runtimeClassName', (name: string) => `pods "x" is forbidden: pod rejected: RuntimeClass "${name}" not found`],
    ['ServiceAccount', 'v1', undefined, 'serviceAccountName', (name: string) => `pods "x" is forbidden: error looking up service account some-ns/${name}: serviceaccount "${name}" not found`],
  ] as const; // prettier-ignore

  it.each(CASES)('%s: the one of before, or the clearly similar one', async (kind, apiVersion, scope, field, say) => {
    const world = new World(seed);
    world.add(kind, apiVersion, 'billing-high', {}, scope === null ? null : world.namespace);
    const workload = refused(world, say('biling-high'), { podSpec: { [field]: 'biling-high' } });
    const similar = await onlyFinding(world, 'missing-pod-reference');
    expect(mended(similar, workload)[field]).toBe('billing-high');
    expect(similar.fixes[0]!.confidence).toBeLessThan(0.75);

    const former = new World(seed);
    former.add(kind, apiVersion, 'older', {}, scope === null ? null : former.namespace);
    const other = refused(former, say('newer'), {
      podSpec: { [field]: 'newer' },
      earlier: [{ podSpec: { [field]: 'older' } }],
    });
    expect(mended(await onlyFinding(former, 'missing-pod-reference'), other)[field]).toBe('older');
  });

  it('is for a person where a RuntimeClass was named that was not before; a class of priority is taken out again', async () => {
    const of = async ([kind, , , field, say]: (typeof CASES)[number]) => {
      const world = new World(seed);
      refused(world, say('gvisor'), { podSpec: { [field]: 'gvisor' }, earlier: [{ podSpec: { [field]: undefined } }] });
      return { kind, finding: await onlyFinding(world, 'missing-pod-reference'), plan: await world.plan() };
    };
    const sandbox = await of(CASES[1]);
    expect(sandbox.finding.fixes).toEqual([]);
    expect(sandbox.finding.unfixed).toMatch(/named no RuntimeClass before, and gvisor may be there to contain/);
    expect(sandbox.plan).toBeNull();
    expect((await of(CASES[0])).finding.fixes).toHaveLength(1);
  });

  it('is explained where nothing tells which is meant', async () => {
    const world = new World(seed);
    refused(world, CASES[0][4]('gold'), { podSpec: { priorityClassName: 'gold' } });
    const finding = await onlyFinding(world, 'missing-pod-reference');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('PriorityClass');
  });
});

describe.each(SEEDS)('admission-denied and pod-creation-refused (seed %i)', (seed) => {
  it('tell the words of who denies, and set back what these quote', async () => {
    const world = new World(seed);
    const container = world.container({ image: 'evil.example/app:latest' });
    const said =
      'admission webhook "images.policy.example" denied the request: image evil.example/app:latest is not allowed here';
    const workload = refused(world, said, {
      containers: [container],
      earlier: [{ containers: [{ ...container, image: 'good.example/app:1' }] }],
    });
    const finding = await onlyFinding(world, 'admission-denied');
    expect(finding.message).toContain('image evil.example/app:latest is not allowed here');
    expect(mended(finding, workload).containers[0].image).toBe('good.example/app:1');
    expect(JSON.stringify(finding.fixes)).not.toContain('webhook');
  });

  it('a policy is told as well, without a fix where nothing changed', async () => {
    const world = new World(seed);
    refused(
      world,
      "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'must-have-owner' with binding 'b' denied request: label owner is missing",
    );
    const finding = await onlyFinding(world, 'admission-denied');
    expect(finding.message).toContain('label owner is missing');
    expect(finding.fixes).toEqual([]);
  });

  it('an invalid field is set back; what nobody knows is told as the server said it', async () => {
    const world = new World(seed);
    const workload = refused(world, 'Pod "x" is invalid: spec.dnsPolicy: Unsupported value: "Never"', {
      podSpec: { dnsPolicy: 'Never' },
      earlier: [{ podSpec: { dnsPolicy: 'ClusterFirst' } }],
    });
    const finding = await onlyFinding(world, 'pod-creation-refused');
    expect(finding.message).toContain('the server says: Pod "x" is invalid: spec.dnsPolicy');
    expect(mended(finding, workload).dnsPolicy).toBe('ClusterFirst');
  });

  it('a Job under way is explained: its template cannot be changed', async () => {
    const world = new World(seed);
    const job = world.add('Job', 'batch/v1', world.random.name(), {
      spec: { parallelism: 1, completions: 1, template: { metadata: {}, spec: { containers: [world.container()] } } },
      status: { startTime: world.takenAt },
    });
    world.event(job, 'FailedCreate', 'Error creating: pods "x" is forbidden: because');
    const finding = await onlyFinding(world, 'pod-creation-refused');
    expect(finding.object.name).toBe(job.metadata.name);
    expect(finding.unfixed).toContain('Job');
    job.status.conditions = [{ type: 'Complete', status: 'True' }];
    expect(byRule(await world.diagnose(), 'pod-creation-refused')).toEqual([]);
  });

  it('an old event is no refusal once pods were made, unless the controller says so', async () => {
    const world = new World(seed);
    const workload = refused(world, 'pods "x" is forbidden: because');
    const set = world.revisionsOf(workload)[0]!;
    world.event(set, 'SuccessfulCreate', 'Created pod: x', { lastTimestamp: '2031-05-06T07:05:00Z' });
    expect(byRule(await world.diagnose(), 'pod-creation-refused')).toEqual([]);
    set.status.conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'pods "x" is forbidden: because' }];
    expect(byRule(await world.diagnose(), 'pod-creation-refused')).toHaveLength(1);
  });
});
