import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [1, 7, 42, 99, 1234];
const RULE = 'service-target-port';

const only = (world: World) => onlyFinding(world, RULE);

/** targetPorts of the Service after the best fix. */
function targetsAfter(world: World, finding: Awaited<ReturnType<typeof only>>, alternative = 0) {
  const service = world.list('Service').find((object) => object.metadata.name === finding.object.name)!;
  const argv = finding.fixes[alternative]!.commands[0]!;
  expect(argv.slice(0, 5)).toEqual(['patch', 'service', service.metadata.name, '-n', world.namespace]);
  return applyPatch(service, patchOps(argv)).spec.ports.map((port: Loose) => port.targetPort);
}

describe.each(SEEDS)('a Service whose targetPort nobody serves (seed %i)', (seed) => {
  it('is sent to the only declared port', async () => {
    const world = new World(seed);
    const workload = world.workload({ kind: world.random.pick(['Deployment', 'StatefulSet', 'DaemonSet']) });
    const port = workload.spec.template.spec.containers[0].ports[0].containerPort;
    const service = world.service(workload.spec.template.metadata.labels, [
      { port: 80, targetPort: world.random.port() },
    ]);
    const finding = await only(world);
    expect(finding.object).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      namespace: world.namespace,
      name: service.metadata.name,
    });
    expect(finding.severity).toBe('critical');
    expect(finding.evidence[0]!.field).toBe('spec.ports[0].targetPort');
    expect(targetsAfter(world, finding)).toEqual([port]);
  });

  it('follows the port name among several ports', async () => {
    const world = new World(seed);
    const [http, grpc, metrics] = [world.random.port(), world.random.port(), world.random.port()];
    const ports = [
      { containerPort: metrics, name: 'metrics' },
      { containerPort: http, name: 'http' },
      { containerPort: grpc, name: 'grpc' },
    ];
    const workload = world.workload({ containers: [world.container({ ports, readinessProbe: undefined })] });
    world.service(workload.spec.template.metadata.labels, [
      { name: 'http', port: 80, targetPort: http },
      { name: 'grpc', port: 90, targetPort: world.random.port() },
    ]);
    expect(targetsAfter(world, await only(world))).toEqual([http, grpc]);
  });

  it('mends two wrong ports in one patch, each to its own', async () => {
    const world = new World(seed);
    const [a, b] = [world.random.port(), world.random.port()];
    const ports = [
      { containerPort: a, name: 'api' },
      { containerPort: b, name: 'stream' },
    ];
    const workload = world.workload({ containers: [world.container({ ports, readinessProbe: undefined })] });
    world.service(workload.spec.template.metadata.labels, [
      { name: 'stream', port: 1, targetPort: world.random.port() },
      { name: 'api', port: 2, targetPort: world.random.port() },
    ]);
    const finding = await only(world);
    expect(targetsAfter(world, finding)).toEqual([b, a]);
    expect(finding.fixes.length).toBeGreaterThan(1);
  });

  it('does not take a port that another port of the Service already has', async () => {
    const world = new World(seed);
    const [low, high] = [world.random.port(), world.random.port()].sort((a, b) => a - b) as [number, number];
    const container = world.container({
      ports: [
        { containerPort: low, name: 'one' },
        { containerPort: high, name: 'two' },
      ],
      readinessProbe: { tcpSocket: { port: low } },
      livenessProbe: { tcpSocket: { port: high } },
    });
    const workload = world.workload({ containers: [container] });
    world.service(workload.spec.template.metadata.labels, [
      { name: 'a', port: 1, targetPort: low },
      { name: 'b', port: 2, targetPort: world.random.port() },
    ]);
    expect(targetsAfter(world, await only(world))).toEqual([low, high]);
  });

  it('takes a probe port where no port is declared', async () => {
    const world = new World(seed);
    const port = world.random.port();
    const container = world.container({ ports: undefined, readinessProbe: { tcpSocket: { port } } });
    const workload = world.workload({ containers: [container] });
    world.service(workload.spec.template.metadata.labels, [{ port: 443, targetPort: world.random.port() }]);
    expect(targetsAfter(world, await only(world))).toEqual([port]);
  });

  it('replaces a name that the pods do not have by the close one', async () => {
    const world = new World(seed);
    const ports = [
      { containerPort: world.random.port(), name: 'admin' },
      { containerPort: world.random.port(), name: 'web-api' },
    ];
    const workload = world.workload({ containers: [world.container({ ports, readinessProbe: undefined })] });
    world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: 'webapi' }]);
    expect(targetsAfter(world, await only(world))).toEqual(['web-api']);
  });

  it('uses the number when the named port has gone and none is named', async () => {
    const world = new World(seed);
    const port = world.random.port();
    const workload = world.workload({
      containers: [world.container({ ports: [{ containerPort: port }], readinessProbe: undefined })],
    });
    world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: 'http' }]);
    expect(targetsAfter(world, await only(world))).toEqual([port]);
  });

  it('asks a person where only a probe speaks for one of several ports', async () => {
    const world = new World(seed);
    const ports = [
      { name: 'mgmt', containerPort: 9090 },
      { name: 'orders-api', containerPort: 8080 },
    ];
    const readinessProbe = { httpGet: { path: '/', port: 'mgmt' } };
    const workload = world.workload({ containers: [world.container({ ports, readinessProbe })] });
    world.service(workload.spec.template.metadata.labels, [{ name: 'web', port: 80, targetPort: 'http' }]);
    const { fixes } = await only(world);
    expect(fixes.length).toBeGreaterThan(0);
    for (const { needsPerson } of fixes) expect(needsPerson).toContain('9090');
  });

  it('finds the port that an earlier revision gave the name to', async () => {
    const world = new World(seed);
    const [first, second] = [world.random.port(), world.random.port()];
    const base = world.container({ readinessProbe: undefined });
    const now = {
      ...base,
      ports: [
        { containerPort: first, name: 'alpha' },
        { containerPort: second, name: 'omega' },
      ],
    };
    const before = {
      ...base,
      ports: [
        { containerPort: first, name: 'alpha' },
        { containerPort: second, name: 'public' },
      ],
    };
    const workload = world.workload({ containers: [now], earlier: [{ containers: [before] }] });
    world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: 'public' }]);
    expect(targetsAfter(world, await only(world))).toEqual(['omega']);
  });

  it('chooses a name that fits pods of two templates', async () => {
    const world = new World(seed);
    const labels = { app: world.random.name() };
    const [one, two] = [world.random.port(), world.random.port()];
    world.workload({
      labels: { ...labels, track: 'a' },
      containers: [world.container({ port: one, portName: 'api' })],
    });
    world.workload({
      labels: { ...labels, track: 'b' },
      containers: [world.container({ port: two, portName: 'api' })],
    });
    world.service(labels, [{ port: 80, targetPort: one }]);
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    expect(targetsAfter(world, finding)).toEqual(['api']);
  });

  it('goes back to the configuration last applied', async () => {
    const world = new World(seed);
    const [a, b] = [world.random.port(), world.random.port()];
    const ports = [
      { containerPort: a, name: 'one' },
      { containerPort: b, name: 'two' },
    ];
    const workload = world.workload({ containers: [world.container({ ports, readinessProbe: undefined })] });
    const applied = JSON.stringify({ spec: { ports: [{ port: 80, targetPort: b }] } });
    world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: world.random.port() }], {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': applied } },
    });
    const finding = await only(world);
    expect(targetsAfter(world, finding)).toEqual([b]);
    expect(targetsAfter(world, finding, 1)).toEqual([a]);
  });

  it('is found while its workload has no pods', async () => {
    const world = new World(seed);
    const workload = world.workload({ pods: 'none' });
    world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: world.random.port() }]);
    await only(world);
  });
});

describe.each(SEEDS)('a Service port for users that leads to metrics (seed %i)', (seed) => {
  const build = (name: string, serviceName?: string) => {
    const world = new World(seed);
    const [http, metrics] = [world.random.port(), world.random.port()];
    const ports = [
      { containerPort: http, name: 'http' },
      { containerPort: metrics, name: 'metrics' },
    ];
    const workload = world.workload({ containers: [world.container({ ports, readinessProbe: undefined })] });
    world.service(workload.spec.template.metadata.labels, [{ name, port: 80, targetPort: metrics }], {
      name: serviceName,
    });
    return { world, http };
  };

  it('is a warning with the port of its name as fix', async () => {
    const { world, http } = build('http');
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    expect(finding.message).toContain('metrics');
    expect(targetsAfter(world, finding)).toEqual([http]);
  });

  it('is meant so where the Service or its port says metrics', async () => {
    for (const { world } of [build('http-metrics'), build('http', 'shop-metrics')]) {
      expect(byRule(await world.diagnose(), RULE)).toEqual([]);
    }
  });
});

describe.each(SEEDS)('a Service that is in order (seed %i)', (seed) => {
  const quiet = async (world: World) => expect(byRule(await world.diagnose(), RULE)).toEqual([]);

  it('may target a port that no container declares, when nothing is declared at all', async () => {
    const world = new World(seed);
    const workload = world.workload({ containers: [world.container({ ports: undefined, readinessProbe: undefined })] });
    world.service(workload.spec.template.metadata.labels, [{ port: 80, targetPort: world.random.port() }]);
    await quiet(world);
  });

  it('may target an undeclared port beside a declared one for metrics', async () => {
    const world = new World(seed);
    const ports = [{ containerPort: world.random.port(), name: 'metrics' }];
    const workload = world.workload({ containers: [world.container({ ports, readinessProbe: undefined })] });
    world.service(workload.spec.template.metadata.labels, [{ name: 'web', port: 80, targetPort: world.random.port() }]);
    await quiet(world);
  });

  it('may target what a probe, a variable or an argument names', async () => {
    const world = new World(seed);
    const [a, b, c] = [world.random.port(), world.random.port(), world.random.port()];
    const container = world.container({
      livenessProbe: { tcpSocket: { port: a } },
      env: [{ name: 'LISTEN_ADDR', value: `0.0.0.0:${b}` }],
      args: ['serve', `--admin-port=${c}`],
    });
    const workload = world.workload({ containers: [container] });
    const ports = [a, b, c].map((targetPort, index) => ({ name: `p${index}`, port: index + 1, targetPort }));
    world.service(workload.spec.template.metadata.labels, ports);
    await quiet(world);
  });

  it('may lack pods, a selector or a port of its own', async () => {
    const world = new World(seed);
    world.service({}, [{ port: 80, targetPort: 80 }], { spec: { selector: undefined } });
    world.service({}, [], { spec: { type: 'ExternalName', selector: undefined, externalName: 'example.org' } });
    world.service({ app: world.random.name() }, [{ port: 80, targetPort: 'x' }]);
    await quiet(world);
  });

  it('may be headless with a port that nobody thought about', async () => {
    const world = new World(seed);
    const workload = world.workload({ kind: 'StatefulSet' });
    world.service(workload.spec.template.metadata.labels, [{ name: 'http', port: 80, targetPort: 80 }], {
      spec: { clusterIP: 'None' },
    });
    await quiet(world);
  });

  it('ignores pods that have ended', async () => {
    const world = new World(seed);
    const labels = { app: world.random.name() };
    const workload = world.workload({ labels });
    world.service(labels, [{ port: 80, targetPort: 'http' }]);
    world.add('Pod', 'v1', world.random.name(), {
      metadata: { labels },
      spec: { containers: [world.container({ portName: 'other' })] },
      status: { phase: 'Succeeded' },
    });
    expect(workload).toBeDefined();
    await quiet(world);
  });
});

describe.each(SEEDS)('a port name that two containers have (seed %i)', (seed) => {
  const tapped = (earlier: boolean) => {
    const world = new World(seed);
    const main = world.container({ name: 'main', ports: [{ name: 'http', containerPort: 8080 }], readinessProbe: undefined }); // prettier-ignore
    const tap = world.container({ name: 'tap', ports: [{ name: 'http', containerPort: 9113 }], readinessProbe: undefined }); // prettier-ignore
    const workload = world.workload({
      kind: 'Deployment',
      containers: [tap, main],
      ...(earlier ? { earlier: [{ containers: [main] }] } : {}),
    });
    world.service(workload.spec.template.metadata.labels, [{ name: 'http', port: 80, targetPort: 'http' }]);
    return world;
  };

  it('leads to the first, and is put to the number that it stood for before', async () => {
    const world = tapped(true);
    const finding = await only(world);
    expect(finding.severity).toBe('critical');
    expect(finding.message).toMatch(/9113 of tap.*before.*8080/);
    expect(targetsAfter(world, finding)).toEqual([8080]);
  });

  it('is only a suspect where it always led there, and none while all is well', async () => {
    expect((await only(tapped(false))).severity).toBe('warning');
    const well = { ...tapped(true).context(), severity: { known: true as const, items: [] } };
    expect(byRule((await new PlaybookBrain().diagnose(well)).findings, RULE)).toEqual([]);
  });
});
