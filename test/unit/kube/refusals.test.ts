import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { refusals } from '../../../src/kube/refusals.ts';
import { subjectsOf } from '../../../src/kube/subjects.ts';
import { refKey, refOf } from '../../../src/domain/kube-object.ts';
import { World } from '../playbooks/builders.ts';

const seen = (world: World) =>
  refusals(new ClusterView(world.snapshot())).map(({ workload, maker, message }) => [
    `${workload.kind}/${maker.kind}`,
    message,
  ]);

const owned = (owner: KubeObject) => ({
  ownerReferences: [
    {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.metadata.name,
      uid: owner.metadata.uid!,
      controller: true,
    },
  ],
});

function job(world: World, owner?: KubeObject, spec: object = {}): KubeObject {
  return world.add('Job', 'batch/v1', world.random.name('job-'), {
    ...(owner ? { metadata: owned(owner) } : {}),
    spec: { parallelism: 2, completions: 2, template: { metadata: {}, spec: { containers: [] } }, ...spec },
    status: {},
  });
}

describe('refusals', () => {
  it('are found at whoever makes the pods', () => {
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      const world = new World(5);
      world.event(world.workload({ kind, pods: 'none' }), 'FailedCreate', 'no');
      expect(seen(world)).toEqual([[`${kind}/${kind}`, 'no']]);
    }
    const world = new World(5);
    const cron = world.add('CronJob', 'batch/v1', 'nightly', {
      spec: { jobTemplate: { spec: { template: { spec: {} } } } },
    });
    world.event(job(world, cron), 'FailedCreate', 'no');
    expect(seen(world)).toEqual([['CronJob/Job', 'no']]);
  });

  it('of the ReplicaSet itself are the Deployment’s', () => {
    const world = new World(5);
    const deployment = world.workload({ pods: 'ready' });
    world.event(deployment, 'ReplicaSetCreateError', 'no more ReplicaSets');
    expect(seen(world)).toEqual([]);
    deployment.status.conditions = [{ type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError' }];
    expect(seen(world)).toEqual([['Deployment/Deployment', 'no more ReplicaSets']]);
  });

  it('are over for Jobs that ended, wait or have their pods, and for what is scaled to 0', () => {
    const world = new World(5);
    const ended = job(world);
    ended.status.conditions = [{ type: 'Complete', status: 'True' }];
    const done = job(world);
    done.status.succeeded = 2;
    const idle = world.workload({ replicas: 0 });
    for (const one of [ended, done, job(world, undefined, { suspend: true }), ...world.revisionsOf(idle)])
      world.event(one, 'FailedCreate', 'no');
    expect(seen(world)).toEqual([]);
  });

  it('are told without what the recorder of events adds, or by the condition alone', () => {
    const world = new World(5);
    const one = world.workload({ pods: 'none' });
    world.event(world.revisionsOf(one)[0]!, 'FailedCreate', '(combined from similar events): no');
    const other = world.workload({ pods: 'none' });
    world.revisionsOf(other)[0]!.status.conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'never' }];
    expect(
      seen(world)
        .map(([, message]) => message)
        .sort(),
    ).toEqual(['never', 'no']);
  });

  it('by a webhook connect its configuration to the workload', () => {
    const world = new World(5);
    const workload = world.workload({ pods: 'none' });
    world.event(world.revisionsOf(workload)[0]!, 'FailedCreate', 'failed calling webhook "a.example": no');
    const config = world.add(
      'MutatingWebhookConfiguration',
      'admissionregistration.k8s.io/v1',
      'a',
      { webhooks: [{ name: 'a.example' }] },
      null,
    );
    const view = new ClusterView(world.snapshot());
    expect(subjectsOf(view, refOf(config))).toEqual([refKey(refOf(workload))]);
  });
});
