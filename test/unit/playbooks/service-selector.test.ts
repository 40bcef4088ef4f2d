import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';

const SEEDS = [14, 28, 3000, 65537];
const RULE = 'service-selector';

const only = (world: World) => onlyFinding(world, RULE);

function selectorAfter(world: World, finding: Awaited<ReturnType<typeof only>>) {
  const service = world.list('Service').find((object) => object.metadata.name === finding.object.name)!;
  return applyPatch(service, patchOps(finding.fixes[0]!.commands[0]!)).spec.selector;
}

describe.each(SEEDS)('a selector that picks pods of others, too (seed %i)', (seed) => {
  const failing = [
    { source: 'check', id: 'check', grade: 1, message: 'connection refused', object: null, namespace: 'x' },
  ] as never;
  const build = (portOfOther: number) => {
    const world = new World(seed);
    const part = { part: 'shop' };
    const own = world.workload({ labels: { ...part, app: 'own' }, containers: [world.container({ port: 7070 })] });
    const other = { port: portOfOther };
    world.workload({ labels: { ...part, app: 'other' }, containers: [world.container(other)] });
    world.service(part, [{ port: 80, targetPort: 7070 }], { name: own.metadata.name });
    return { world, part };
  };
  const found = async (world: World, items: never) => {
    const context = world.context();
    const { findings } = await new PlaybookBrain().diagnose({ ...context, severity: { known: true, items } as never });
    return byRule(findings, RULE);
  };

  it('gets the label that tells them apart, while a check fails', async () => {
    const { world, part } = build(9999);
    const [finding] = await found(world, failing);
    expect(finding!.message).toContain('are known to listen on 7070');
    expect(selectorAfter(world, finding!)).toEqual({ ...part, app: 'own' });
    expect(await found(world, [] as never)).toEqual([]);
    expect(await found(build(7070).world, failing)).toEqual([]);
  });
});

describe.each(SEEDS)('a selector that fits no pod (seed %i)', (seed) => {
  it('gets the one value that differs', async () => {
    const world = new World(seed);
    const [app, part] = [world.random.name(), world.random.name()];
    const labels = { 'app.example/name': app, part };
    const workload = world.workload({ labels });
    for (let others = 0; others < 3; others++)
      world.workload({ labels: { 'app.example/name': app, part: world.random.name() } });
    world.service({ ...labels, part: `${part}x` }, [{ port: 80, targetPort: 'http' }], {
      name: workload.metadata.name,
    });
    expect(selectorAfter(world, await only(world))).toEqual(labels);
  });

  it('finds the value under another key', async () => {
    const world = new World(seed);
    const name = world.random.name();
    world.workload({ labels: { 'app.kubernetes.io/name': name } });
    world.service({ app: name }, [{ port: 80, targetPort: 'http' }]);
    expect(selectorAfter(world, await only(world))).toEqual({ 'app.kubernetes.io/name': name });
  });

  it('goes back to the selector last applied', async () => {
    const world = new World(seed);
    const workload = world.workload();
    const selector = workload.spec.template.metadata.labels;
    const applied = JSON.stringify({ spec: { selector } });
    world.service({ x: '1', y: '2' }, [{ port: 80, targetPort: 'http' }], {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': applied } },
    });
    expect(selectorAfter(world, await only(world))).toEqual(selector);
  });

  it('loses a key that the pods had before', async () => {
    const world = new World(seed);
    const app = world.random.name();
    world.workload({ labels: { app }, earlier: [{ labels: { app, stage: 'blue' } }] });
    world.service({ app, stage: 'blue' }, [{ port: 80, targetPort: 'http' }]);
    expect(selectorAfter(world, await only(world))).toEqual({ app });
  });

  it('has no fix where several workloads fit equally well, or none does', async () => {
    const world = new World(seed);
    const app = world.random.name();
    for (let others = 0; others < 2; others++) world.workload({ labels: { app, part: world.random.name() } });
    world.service({ app, part: 'zz' }, [{ port: 80, targetPort: 'http' }]);
    const finding = await only(world);
    expect(finding.fixes).toEqual([]);
    expect(finding.severity).toBe('warning');
  });

  it('has no fix where two resemble what it asks for', async () => {
    const world = new World(seed);
    const app = world.random.name();
    for (const part of ['front-a', 'front-b']) world.workload({ labels: { app, part } });
    world.service({ app, part: 'front' }, [{ port: 80, targetPort: 'http' }]);
    expect((await only(world)).fixes).toEqual([]);
  });

  it('is never emptied', async () => {
    const world = new World(seed);
    const name = world.random.name();
    world.workload({ name, labels: { tier: 'web' }, earlier: [{ labels: { app: name } }] });
    world.service({ app: name }, [{ port: 80, targetPort: 'http' }], { name });
    expect((await only(world)).fixes).toEqual([]);
  });

  it('does not take in pods of another workload when it loses a key', async () => {
    const build = (labels: Record<string, string>) => {
      const world = new World(seed);
      const name = world.random.name();
      world.workload({ name, labels: { part: 'shop' }, earlier: [{ labels: { part: 'shop', app: name } }] });
      world.workload({ labels, replicas: world.random.int(0, 2) });
      world.service({ app: name, part: 'shop' }, [{ port: 80, targetPort: 'http' }], { name });
      return world;
    };
    const alone = build({ part: 'other' });
    expect(selectorAfter(alone, await only(alone))).toEqual({ part: 'shop' });
    expect((await only(build({ part: 'shop', app: 'else' }))).fixes).toEqual([]);
  });

  it.each([
    ['payments-worker', 'a word more'],
    ['payment', 'a letter less'],
    ['ledger', 'another name'],
  ])('of a workload that is gone does not lead to %s (%s)', async (other) => {
    const world = new World(seed);
    const common = { 'app.kubernetes.io/part-of': 'shop' };
    world.serviceFor(world.workload({ name: other, labels: { ...common, app: other } }), { name: other });
    world.service({ ...common, app: 'payments' }, [{ port: 80, targetPort: 'http' }], { name: 'payments' });
    expect((await only(world)).fixes).toEqual([]);
  });

  it.each([
    ['color', 'green', 'blue'],
    ['track', 'canary', 'stable'],
    ['slot', 'a', 'b'],
    ['role', 'primary', 'replica'],
    ['stage', 'dev', 'prod'],
    ['shard', '0', '1'],
  ])('that asks for the other one of a family is left as it is (%s %s)', async (key, asked, there) => {
    const world = new World(seed);
    const name = world.random.name();
    world.workload({ name, labels: { app: name, [key]: there } });
    world.service({ app: name, [key]: asked }, [{ port: 80, targetPort: 'http' }], { name });
    expect((await only(world)).fixes).toEqual([]);
  });

  it('gets a misspelt value that several workloads share', async () => {
    const world = new World(seed);
    const app = world.random.name();
    for (const track of ['stable', 'canary']) world.workload({ labels: { app, track } });
    world.service({ app: `${app}x` }, [{ port: 80, targetPort: 'http' }], { name: `${app}-svc` });
    expect(selectorAfter(world, await only(world))).toEqual({ app });
  });

  it('of a Service that nobody uses is only information, unless somebody fails from outside', async () => {
    const world = new World(seed);
    const service = world.service({ app: world.random.name() }, [{ port: 80 }]);
    const severityAmong = async (unhealthy: KubeObject[]) => {
      const { findings } = await new PlaybookBrain().diagnose(world.context(unhealthy));
      return byRule(findings, RULE).map(({ severity }) => severity);
    };
    expect(await severityAmong([service])).toEqual(['info']);
    expect(await severityAmong([])).toEqual(['warning']);
    const backend = { service: { name: service.metadata.name, port: { number: 80 } } };
    world.add('Ingress', 'networking.k8s.io/v1', world.random.name(), { spec: { defaultBackend: backend } });
    expect(await severityAmong([service])).toEqual(['critical']);
  });

  it('is not judged when it fits a workload at 0 or kinds could not be read', async () => {
    const world = new World(seed);
    world.serviceFor(world.workload({ replicas: 0 }));
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    world.service({ app: 'no' }, [{ port: 80, targetPort: 'http' }]);
    world.unreadable['StatefulSet'] = 'forbidden';
    expect(byRule(await world.diagnose(), RULE)).toEqual([]);
  });
});

describe.each(SEEDS)('a Service whose label another program of the product got, too (seed %i)', (seed) => {
  const product = (part: string) => {
    const world = new World(seed);
    const silent = { ports: undefined, readinessProbe: undefined, livenessProbe: undefined, env: undefined };
    const [own] = ['tiles', 'thumbs'].map((name) =>
      world.workload({
        name: `atlas-${name}`,
        labels: { app: 'atlas', part: name },
        replicas: 1,
        containers: [name === 'tiles' ? world.container({ port: 8080 }) : { ...world.container(), ...silent }],
      }),
    );
    void own;
    world.service({ app: 'atlas' }, [{ port: 80, targetPort: 8080 }], { name: part });
    return world;
  };

  it('picks the program that has its name in a label', async () => {
    const finding = await onlyFinding(product('tiles'), RULE);
    expect(finding.message).toContain('Deployment atlas-thumbs');
    expect(JSON.stringify(finding.fixes[0]!.changes)).toContain('/spec/selector/part');
  });

  it('is left alone where no label tells which program is meant', async () => {
    await noFinding(product('atlas'), RULE);
  });
});

describe.each(SEEDS)('a Service whose addresses somebody wrote by hand (seed %i)', (seed) => {
  const written = (pick: (pods: Loose[]) => string) => {
    const world = new World(seed);
    for (const node of world.list('Node') as Loose[]) node.spec = { ...node.spec, podCIDR: '10.7.0.0/16' };
    const workload = world.workload({
      kind: 'StatefulSet',
      name: 'depot',
      replicas: 2,
      containers: [world.container({ port: 5432 })],
    });
    const pods = world.podsOf(workload) as Loose[];
    pods.forEach((pod, index) => {
      pod.status.podIP = `10.7.0.${20 + index}`;
      pod.status.podIPs = [{ ip: pod.status.podIP }];
    });
    const service: Loose = world.service(undefined as never, [{ port: 5432, targetPort: 5432 }], { name: 'primary' });
    delete service.spec.selector;
    world.add('EndpointSlice', 'discovery.k8s.io/v1', 'primary-1', {
      metadata: { labels: { 'kubernetes.io/service-name': 'primary' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 5432, protocol: 'TCP' }],
      endpoints: [{ addresses: [pick(pods)], conditions: { ready: true } }],
    });
    return world;
  };

  it('is explained where no pod has the address any more, with who listens there', async () => {
    const finding = await onlyFinding(
      written(() => '10.7.0.9'),
      RULE,
    );
    expect(finding.message).toMatch(/primary-1.*10\.7\.0\.9.*depot-/);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('primary-1');
  });

  it("is left alone where a pod has it, or it lies outside the pods' network", async () => {
    await noFinding(
      written(([pod]) => pod!.status.podIP),
      RULE,
    );
    await noFinding(
      written(() => '192.0.2.7'),
      RULE,
    );
  });
});
