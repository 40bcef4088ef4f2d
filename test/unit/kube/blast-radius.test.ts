import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { blastRadiusText } from '../../../src/domain/blast-radius.ts';
import { blastRadiusOf } from '../../../src/kube/blast-radius.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import type { Loose } from '../playbooks/builders.ts';
import { World } from '../playbooks/builders.ts';

function shop(replicas = 4, spec: Loose = {}, kind: 'Deployment' | 'StatefulSet' = 'Deployment') {
  const world = new World(11);
  const container = world.container({ ports: [{ name: 'http', containerPort: 8080 }] });
  const workload = world.workload({ kind, replicas, containers: [container], spec });
  const { labels } = workload.spec!.template.metadata;
  const service = world.service(labels, [{ port: 80, targetPort: 8080 }]);
  const budget = world.add('PodDisruptionBudget', 'policy/v1', 'keep', {
    spec: { selector: { matchLabels: labels } },
    status: { disruptionsAllowed: 1 },
  });
  return { world, workload, service, budget };
}

const changed = (object: KubeObject, change: (copy: Loose) => void) => {
  const after = structuredClone(object);
  change(after);
  return { ref: refOf(object), before: object, after };
};

const newImage = (copy: Loose) => (copy.spec.template.spec.containers[0].image = 'x/other:2');

describe('how far a change reaches', () => {
  it('names pods, endpoints and budgets that a new template touches', () => {
    const { world, workload, service, budget } = shop();
    const radius = blastRadiusOf(new ClusterView(world.snapshot()), [changed(workload, newImage)]);
    expect(radius).toMatchObject({
      objects: 1,
      pods: 4,
      services: [{ service: refOf(service), ready: 4, out: 1 }],
      budgets: [{ budget: refOf(budget), allowed: 1 }],
    });
    expect(blastRadiusText(radius).join('\n')).toMatch(/4 pods replaced[^]*at most 1 of its 4[^]*allows 1 disruption/);
  });

  it('says that all endpoints go where the strategy takes all pods at once', () => {
    const { world, workload } = shop(3, { strategy: { type: 'Recreate' } });
    const { services } = blastRadiusOf(new ClusterView(world.snapshot()), [changed(workload, newImage)]);
    expect(services[0]).toMatchObject({ ready: 3, out: 3 });
  });

  it('is nothing where nothing is replaced', () => {
    const onDelete = shop(2, { updateStrategy: { type: 'OnDelete' } }, 'StatefulSet');
    const view = new ClusterView(onDelete.world.snapshot());
    expect(blastRadiusOf(view, [changed(onDelete.workload, newImage)])).toMatchObject({ pods: 0, services: [] });
    const { world, workload } = shop();
    const paused = changed(workload, (copy: Loose) => (copy.metadata.annotations = { note: 'x' }));
    expect(blastRadiusOf(new ClusterView(world.snapshot()), [paused])).toMatchObject({ pods: 0, services: [] });
  });

  it('counts what a smaller size takes away', () => {
    const { world, workload } = shop(4);
    const radius = blastRadiusOf(new ClusterView(world.snapshot()), [
      changed(workload, (copy: Loose) => (copy.spec.replicas = 1)),
    ]);
    expect(radius).toMatchObject({ pods: 3, services: [{ ready: 4, out: 3 }] });
  });

  it('counts endpoints that another selector loses', () => {
    const { world, service } = shop(2);
    const radius = blastRadiusOf(new ClusterView(world.snapshot()), [
      changed(service, (copy: Loose) => (copy.spec.selector = { app: 'nobody' })),
    ]);
    expect(radius).toMatchObject({ pods: 0, services: [{ ready: 2, out: 2 }] });
  });

  it('counts deleted pods and workloads', () => {
    const { world, workload } = shop(3);
    const view = new ClusterView(world.snapshot());
    const pod = view.podsOf(workload)[0]!;
    const gone = (object: KubeObject) => ({ ref: refOf(object), before: object, after: null });
    expect(blastRadiusOf(view, [gone(pod)])).toMatchObject({ pods: 1, services: [{ out: 1 }] });
    expect(blastRadiusOf(view, [gone(workload)])).toMatchObject({ pods: 3, services: [{ out: 3 }] });
  });

  it('says what it could not see', () => {
    const { world, workload } = shop();
    const snapshot = world.snapshot();
    delete snapshot.objects.PodDisruptionBudget;
    const radius = blastRadiusOf(new ClusterView(snapshot), [changed(workload, newImage)]);
    expect(blastRadiusText(radius).at(-1)).toMatch(/PodDisruptionBudget could not be read/);
  });
});
