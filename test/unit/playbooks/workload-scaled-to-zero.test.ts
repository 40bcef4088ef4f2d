import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import { onlyFinding } from './findings.ts';

const SEEDS = [3, 8, 21, 77, 4711];
const RULE = 'workload-scaled-to-zero';

const only = (world: World) => onlyFinding(world, RULE);

function sizes(finding: Awaited<ReturnType<typeof only>>): number[] {
  return finding.fixes.map(({ commands }) =>
    Number(commands[0]!.find((word) => word.startsWith('--replicas='))!.slice(11)),
  );
}

const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const applied = (replicas: number) => ({ [APPLIED]: JSON.stringify({ spec: { replicas } }) });

/** A workload that asks the Service. */
function callerOf(world: World, { metadata }: { metadata: { name: string } }) {
  return world.workload({
    replicas: 1,
    containers: [world.container({ env: [{ name: 'UPSTREAM', value: `http://${metadata.name}:80/` }] })],
  });
}

describe.each(SEEDS)('a workload scaled to 0 (seed %i)', (seed) => {
  it.each(['from N to 0', 'to 0 from N'])('gets back the size that its event names (%s)', async (form) => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0 });
    const service = world.serviceFor(workload);
    callerOf(world, service);
    const size = world.random.int(2, 9);
    const set = world.revisionsOf(workload)[0]!.metadata.name;
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} ${form.replace('N', String(size))}`);
    const finding = await only(world);
    expect(finding.severity).toBe('critical');
    expect(finding.object.name).toBe(workload.metadata.name);
    expect(finding.fixes[0]!.commands).toEqual([
      ['scale', `deployment/${workload.metadata.name}`, `--replicas=${size}`, '-n', world.namespace],
    ]);
    expect(JSON.stringify(finding.evidence)).toContain(service.metadata.name);
  });

  it('does not take the end of an old ReplicaSet in a rollout for its size', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0, earlier: [{ podSpec: { hostname: 'old' } }] });
    world.serviceFor(workload);
    const [old, now] = world.revisionsOf(workload).map((object) => object.metadata.name);
    world.event(workload, 'ScalingReplicaSet', `Scaled up replica set ${now} from 0 to 5`, {
      lastTimestamp: '2031-05-06T06:58:00Z',
    });
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${old} from 1 to 0`, {
      lastTimestamp: '2031-05-06T06:59:00Z',
    });
    expect(sizes(await only(world))[0]).toBe(5);
  });

  it('takes the last of several sizes', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0 });
    world.serviceFor(workload);
    const set = world.revisionsOf(workload)[0]!.metadata.name;
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} from 9 to 0`, {
      lastTimestamp: '2031-05-06T06:10:00Z',
    });
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} from 4 to 0`, {
      lastTimestamp: '2031-05-06T06:50:00Z',
    });
    expect(sizes(await only(world))[0]).toBe(4);
  });

  it('asks its autoscaler', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0, kind: world.random.pick(['Deployment', 'StatefulSet']) });
    world.serviceFor(workload);
    const minReplicas = world.random.int(2, 6);
    world.add('HorizontalPodAutoscaler', 'autoscaling/v2', world.random.name(), {
      spec: {
        minReplicas,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: workload.kind, name: workload.metadata.name },
      },
    });
    expect(sizes(await only(world))[0]).toBe(minReplicas);
  });

  it('asks the annotation of an old ReplicaSet, then siblings, then takes 1', async () => {
    const build = (withOld: boolean, withSiblings: boolean) => {
      const world = new World(seed);
      const workload = world.workload({ replicas: 0, earlier: [{ podSpec: { hostname: 'old' } }] });
      world.serviceFor(workload);
      const old = world.revisionsOf(workload)[0]!;
      if (withOld) old.metadata.annotations!['deployment.kubernetes.io/desired-replicas'] = '6';
      if (withSiblings) for (const replicas of [2, 2, 3]) world.workload({ replicas });
      return world;
    };
    expect(sizes(await only(build(true, true)))[0]).toBe(6);
    expect(sizes(await only(build(false, true)))[0]).toBe(2);
    expect(sizes(await only(build(false, false)))).toEqual([1]);
  });

  it('counts the ordinals of a StatefulSet in events and claims', async () => {
    const world = new World(seed);
    const spec = { volumeClaimTemplates: [{ metadata: { name: 'data' } }] };
    const workload = world.workload({ kind: 'StatefulSet', replicas: 0, spec });
    world.serviceFor(workload);
    const { name } = workload.metadata;
    world.add('PersistentVolumeClaim', 'v1', `data-${name}-1`, {
      spec: { volumeName: 'v' },
      status: { phase: 'Bound' },
    });
    expect(sizes(await only(world))[0]).toBe(2);
    world.event(workload, 'SuccessfulDelete', `delete Pod ${name}-2 in StatefulSet ${name} successful`);
    expect(sizes(await only(world))[0]).toBe(3);
  });

  it('is a warning where nobody asks it, but it ran a moment ago as was declared', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0, annotations: applied(3) });
    const set = world.revisionsOf(workload)[0]!.metadata.name;
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} from 2 to 0`);
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    expect(sizes(finding)[0]).toBe(2);
  });

  it('is a warning where its Service has nobody else, and nobody is known to ask it', async () => {
    const world = new World(seed);
    world.serviceFor(world.workload({ replicas: 0 }));
    expect((await only(world)).severity).toBe('warning');
  });

  it('is critical where an Ingress or somebody outside asks it', async () => {
    for (const type of ['NodePort', 'ClusterIP']) {
      const world = new World(seed);
      const service = world.serviceFor(world.workload({ replicas: 0 }), { spec: { type } });
      const backend = { service: { name: service.metadata.name, port: { number: service.spec.ports[0].port } } };
      if (type === 'ClusterIP')
        world.add('Ingress', 'networking.k8s.io/v1', world.random.name(), { spec: { defaultBackend: backend } });
      expect((await only(world)).severity).toBe('critical');
    }
  });

  it('is a warning where somebody asks it although 0 was applied', async () => {
    const world = new World(seed);
    const service = world.serviceFor(world.workload({ replicas: 0, annotations: applied(0) }));
    callerOf(world, service);
    const finding = await only(world);
    expect(finding.severity).toBe('warning');
    expect(JSON.stringify(finding.evidence)).toContain('asks for 0');
  });

  it('believes events of a predecessor with the same name', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0 });
    world.serviceFor(workload);
    const message = `Scaled up replica set ${workload.metadata.name}-abc from 0 to 3`;
    world.event(workload, 'ScalingReplicaSet', message, {
      involvedObject: { kind: 'Deployment', name: workload.metadata.name, namespace: world.namespace, uid: 'gone' },
    });
    expect(sizes(await only(world))[0]).toBe(3);
  });
});

describe.each(SEEDS)('a workload that is rightly at 0 (seed %i)', (seed) => {
  const info = async (world: World) => {
    const finding = await only(world);
    expect(finding.severity).toBe('info');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).not.toContain('how many');
    return finding;
  };

  it('was applied so, and nobody asks the Service that it left', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0, annotations: applied(0) });
    world.serviceFor(workload);
    const set = world.revisionsOf(workload)[0]!.metadata.name;
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} from 2 to 0`);
    expect((await info(world)).message).toContain('asks for 0');
  });

  it('was scaled down by hand a moment ago, and nobody asks it', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0 });
    const set = world.revisionsOf(workload)[0]!.metadata.name;
    world.event(workload, 'ScalingReplicaSet', `Scaled down replica set ${set} from 2 to 0`);
    await info(world);
  });

  it('never ran and nobody needs it', async () => {
    const world = new World(seed);
    world.workload({ replicas: 0 });
    world.workload({ replicas: 3 });
    await info(world);
  });

  it('has other pods behind its Service (blue and green)', async () => {
    const world = new World(seed);
    const labels = { app: world.random.name() };
    const blue = world.workload({ replicas: 0, labels: { ...labels, color: 'blue' } });
    world.workload({ replicas: 2, labels: { ...labels, color: 'green' } });
    const set = world.revisionsOf(blue)[0]!.metadata.name;
    world.event(blue, 'ScalingReplicaSet', `Scaled down replica set ${set} from 2 to 0`);
    world.service(labels, [{ port: 80, targetPort: 'http' }]);
    await info(world);
  });

  it('is scaled by KEDA', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0 });
    world.serviceFor(workload);
    const snapshot = world.snapshot();
    snapshot.objects['ScaledObject.keda.sh'] = [
      {
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'ScaledObject',
        metadata: { name: 'x', namespace: world.namespace },
        spec: { scaleTargetRef: { name: workload.metadata.name } },
      },
    ];
    world.snapshot = () => snapshot;
    await info(world);
  });

  it('is not judged when the pods could not be read', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 0 });
    world.serviceFor(workload);
    world.unreadable['Pod'] = 'forbidden';
    await info(world);
  });
});
