import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { itemId } from '../../../src/domain/severity.ts';
import { evaluateHealth } from '../../../src/severity/health-oracle.ts';
import type { PodMood } from './objects.ts';
import {
  ago,
  container,
  deployment,
  object,
  olderSet,
  ownedBy,
  pod,
  service,
  slice,
  snapshot,
  template,
} from './objects.ts';

function judge(...objects: KubeObject[]) {
  const { items, progressing } = evaluateHealth(snapshot(objects));
  const ids = (list: typeof items) => list.map((item) => `${itemId(item)} ${item.grade}`);
  return { bad: ids(items), moving: ids(progressing), text: items.map(({ message }) => message).join('\n') };
}

const WELL = { bad: [], moving: [], text: '' };

describe('Deployment', () => {
  const withPods = (...moods: PodMood[]) => {
    const { deploy, set } = deployment('plum', { replicas: moods.length });
    return judge(deploy, set, ...moods.map((mood, index) => pod(`plum-5c9-${index}`, mood, set)));
  };
  const unready = (grade: number) => [`object:Deployment/orchard/plum:unready ${grade}`];

  it('is well when all pods are ready', () => expect(withPods('ready', 'ready')).toEqual(WELL));

  it.each<[PodMood, string]>([
    ['crash', 'CrashLoopBackOff last exit 1'],
    ['crashed', 'OOMKilled (exit 137)'],
    ['pull', 'ImagePullBackOff'],
    ['config', 'CreateContainerConfigError'],
    ['unschedulable', '0/3 nodes are available'],
    ['late', 'is not ready'],
    ['fell', 'is not ready'],
  ])('grades the share of pods in mood %s, without pod names', (mood, text) => {
    const seen = withPods('ready', mood, 'ready', 'ready');
    expect(seen.bad).toEqual(unready(0.25));
    expect(seen.text).toContain('3 of 4 pods ready');
    expect(seen.text).toContain(text);
    expect(seen.text).not.toContain('plum-5c9');
  });

  it('says when a container that crashed before will have outlived its last run, if nothing else is wrong', () => {
    const seen = withPods('ready', 'looping');
    expect(seen.bad).toEqual([]);
    expect(seen.moving).toEqual(unready(0.5));
    expect(withPods('crash', 'looping').bad).toEqual(unready(1));
  });

  it('trusts a container that has outlived its last run', () => expect(withPods('proven', 'ready')).toEqual(WELL));

  it('counts neither evicted nor completed leftovers of replaced pods', () => {
    const { deploy, set } = deployment('plum', { replicas: 1 });
    expect(judge(deploy, set, pod('a', 'ready', set), pod('b', 'evicted', set), pod('c', 'completed', set))).toEqual(
      WELL,
    );
  });

  it('is moving while pods start within what their probes allow', () => {
    expect(withPods('ready', 'starting')).toEqual({ bad: [], moving: unready(0.5), text: '' });
  });

  it('allows slow starters the time of their probes', () => {
    const age = { metadata: { creationTimestamp: ago(100) } };
    const seen = (podSpec: object) => {
      const { deploy, set } = deployment('plum', { replicas: 1, podSpec });
      return judge(deploy, set, pod('a', 'starting', set, age));
    };
    expect(seen({}).bad).toEqual(unready(1));
    const probe = { initialDelaySeconds: 60, periodSeconds: 10, failureThreshold: 5 };
    expect(seen({ containers: [container({ readinessProbe: probe })] }).moving).toEqual(unready(1));
  });

  it('is bad at once when pods cannot be created', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }];
    const { deploy, set } = deployment('plum', { status: { conditions } });
    const seen = judge(deploy, set, pod('a', 'ready', set));
    expect(seen.bad).toEqual(unready(0.5));
    expect(seen.text).toContain('exceeded quota');
  });

  it('is moving, not bad, before its controller has seen a change', () => {
    const { deploy, set } = deployment('plum', { replicas: 1, metadata: { generation: 2 } });
    expect(judge(deploy, set, pod('a', 'crash', set)).moving).toEqual(unready(1));
  });

  it('keeps one identity over rollouts', () => {
    const { deploy, set } = deployment('plum', { replicas: 1 });
    const old = olderSet(deploy);
    expect(judge(deploy, set, old, pod('plum-4b8-a', 'crash', old)).bad).toEqual(
      judge(deploy, set, pod('plum-5c9-b', 'crash', set)).bad,
    );
  });

  describe('rollout', () => {
    const rollout = (mood: PodMood, options: Parameters<typeof deployment>[1] = {}) => {
      const { deploy, set } = deployment('plum', { replicas: 2, ...options });
      const old = olderSet(deploy);
      return judge(deploy, set, old, pod('o1', 'ready', old), pod('o2', 'ready', old), pod('n1', mood, set));
    };
    const stuck = ['object:Deployment/orchard/plum:rollout-stuck 1'];

    it('is moving while the new pod starts and the old ones serve', () => {
      expect(rollout('starting')).toEqual({ bad: [], moving: stuck, text: '' });
    });
    it.each<PodMood>(['pull', 'crash', 'unschedulable'])('is stuck when the new pod is in mood %s', (mood) => {
      expect(rollout(mood).bad).toEqual(stuck);
    });
    it('is stuck after its progress deadline', () => {
      const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
      expect(rollout('starting', { status: { conditions } }).bad).toEqual(stuck);
    });
    it('is nobody’s business while paused', () => expect(rollout('pull', { spec: { paused: true } })).toEqual(WELL));
    it('does not hold the troubles of the old pods against the new ones', () => {
      const { deploy, set } = deployment('plum', { replicas: 1 });
      const old = olderSet(deploy);
      const seen = judge(deploy, set, old, pod('o1', 'crash', old), pod('n1', 'starting', set));
      expect(seen.bad).toEqual([]);
      expect(seen.moving).toEqual(unready(1));
    });
  });
});

describe('other workloads', () => {
  it.each(['StatefulSet', 'ReplicaSet', 'DaemonSet'])('%s: grades its unready share', (kind) => {
    const owner = object(kind, 'fig', {
      spec: { replicas: 2, template: template({ tree: 'fig' }) },
      status: { observedGeneration: 1, desiredNumberScheduled: 2 },
    });
    expect(judge(owner, pod('fig-0', 'ready', owner), pod('fig-1', 'ready', owner))).toEqual(WELL);
    expect(judge(owner, pod('fig-0', 'ready', owner), pod('fig-1', 'pull', owner)).bad).toEqual([
      `object:${kind}/orchard/fig:unready 0.5`,
    ]);
    expect(judge(owner, pod('fig-0', 'ready', owner)).moving).toEqual([`object:${kind}/orchard/fig:unready 0.5`]);
  });

  it('a DaemonSet that fits no node is not ill', () => {
    expect(judge(object('DaemonSet', 'fig', { spec: {}, status: { desiredNumberScheduled: 0 } }))).toEqual(WELL);
  });

  it('pods of a custom controller are named after it', () => {
    const rollout = object('Rollout', 'kiwi');
    const set = object('ReplicaSet', 'kiwi-7d', { metadata: ownedBy(rollout), spec: { replicas: 2 } });
    expect(judge(set, pod('kiwi-7d-a', 'ready', set), pod('kiwi-7d-b', 'config', set)).bad).toEqual([
      'object:Rollout/orchard/kiwi:unready 0.5',
    ]);
  });

  it('bare pods: unready and failed ones are bad, completed and long-failed ones are not', () => {
    expect(judge(pod('lone', 'pull')).bad).toEqual(['object:Pod/orchard/lone:unready 1']);
    expect(judge(pod('lone', 'evicted')).bad).toEqual(['object:Pod/orchard/lone:failed 1']);
    const ended = (seconds: number) => {
      const metadata = { creationTimestamp: ago(3 * 86_400) };
      const state = { terminated: { exitCode: 1, reason: 'Error', finishedAt: ago(seconds) } };
      return pod('lone', 'evicted', undefined, {
        metadata,
        status: { phase: 'Failed', containerStatuses: [{ name: 'main', state }] },
      });
    };
    expect(judge(ended(2 * 3600))).toEqual(WELL);
    expect(judge(ended(60)).bad).toEqual(['object:Pod/orchard/lone:failed 1']);
    expect(judge(pod('lone', 'completed'))).toEqual(WELL);
    expect(judge(pod('lone', 'starting')).moving).toEqual(['object:Pod/orchard/lone:unready 1']);
  });
});

describe('Job and CronJob', () => {
  const finished = (type: string, seconds: number) => ({
    status: {
      startTime: ago(seconds + 60),
      conditions: [{ type, status: 'True', reason: 'BackoffLimitExceeded', lastTransitionTime: ago(seconds) }],
    },
  });

  it('completed Jobs and their pods are fine, failed ones are not, old failures are history', () => {
    const done = object('Job', 'prune', finished('Complete', 60));
    expect(judge(done, pod('prune-a', 'completed', done), pod('prune-b', 'evicted', done))).toEqual(WELL);
    expect(judge(object('Job', 'prune', finished('Failed', 60))).bad).toEqual(['object:Job/orchard/prune:failed 1']);
    expect(judge(object('Job', 'prune', finished('Failed', 3 * 86_400)))).toEqual(WELL);
  });

  it('a running Job is ill only when its pods cannot run', () => {
    const job = object('Job', 'prune', { status: { startTime: ago(60) } });
    expect(judge(job, pod('prune-a', 'late', job))).toEqual(WELL);
    expect(judge(job, pod('prune-a', 'late', job), pod('prune-b', 'config', job)).bad).toEqual([
      'object:Job/orchard/prune:unready 0.5',
    ]);
  });

  it('of Jobs with the same pods only the last counts, once it has shown what it does', () => {
    const spec = { template: template({ app: 'prune' }) };
    const failed = object('Job', 'prune', { ...finished('Failed', 600), spec });
    const again = (status: object, other: object = {}) => object('Job', 'prune-again', { status, spec, ...other });
    const bad = ['object:Job/orchard/prune:failed 1'];
    expect(judge(failed, again(finished('Complete', 60).status))).toEqual(WELL);
    expect(judge(failed, again(finished('Failed', 60).status)).bad).toEqual([
      'object:Job/orchard/prune-again:failed 1',
    ]);
    expect(judge(failed, again({ startTime: ago(300), active: 1 }))).toEqual(WELL);
    expect(judge(failed, again({ startTime: ago(300), active: 1, failed: 1 })).bad).toEqual(bad);
    expect(judge(failed, again({ startTime: ago(5), active: 1 }))).toMatchObject({ bad: [], moving: bad });
    // It ran before, or does something else.
    expect(judge(failed, again(finished('Complete', 900).status)).bad).toEqual(bad);
    const other = { spec: { template: template({ app: 'prune' }, { restartPolicy: 'Never' }) } };
    expect(judge(failed, again(finished('Complete', 60).status, other)).bad).toEqual(bad);
  });

  it('of a CronJob only the last finished run counts, under the CronJob’s name', () => {
    const cron = object('CronJob', 'water');
    const run = (name: string, type: string, seconds: number) =>
      object('Job', name, { ...finished(type, seconds), metadata: ownedBy(cron) });
    expect(judge(cron, run('water-1', 'Failed', 900), run('water-2', 'Complete', 300))).toEqual(WELL);
    expect(judge(cron, run('water-1', 'Complete', 900), run('water-2', 'Failed', 300)).bad).toEqual([
      'object:CronJob/orchard/water:failed 1',
    ]);
    const running = object('Job', 'water-3', { metadata: ownedBy(cron), status: { startTime: ago(5) } });
    expect(judge(cron, running, pod('water-3-a', 'pull', running)).bad).toEqual([
      'object:CronJob/orchard/water:unready 1',
    ]);
  });
});

describe('scaled to zero', () => {
  const idle = (name = 'pear', fields: Parameters<typeof deployment>[1] = {}) =>
    deployment(name, { replicas: 0, ...fields });
  const bad = ['object:Deployment/orchard/pear:scaled-to-zero 1'];
  const event = (owner: KubeObject, reason: string, message: string, seconds = 60) =>
    object('Event', `e-${message.length}-${seconds}`, {
      involvedObject: { kind: owner.kind, name: owner.metadata.name },
      reason,
      message,
      lastTimestamp: ago(seconds),
    });

  it('needs evidence', () => {
    const { deploy, set } = idle();
    expect(judge(deploy, set)).toEqual(WELL);
  });

  it('is bad when a Service that selects it has no endpoints', () => {
    const { deploy, set } = idle();
    const seen = judge(deploy, set, service('door', { app: 'pear' }));
    expect(seen.bad).toEqual([...bad, 'object:Service/orchard/door:no-endpoints 1']);
    expect(seen.text).toContain('Service door selects it');
  });

  it('is fine where the configuration last applied asks for 0 and nobody asks it', () => {
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { replicas: 0 } }),
    };
    const { deploy, set } = idle('pear', { metadata: { annotations } });
    const door = service('door', { app: 'pear' });
    expect(judge(deploy, set, door)).toEqual(WELL);
    const env = [{ name: 'UPSTREAM', value: 'http://door/' }];
    const caller = deployment('fig', { replicas: 1, podSpec: { containers: [container({ env })] } });
    const seen = judge(deploy, set, door, caller.deploy, caller.set, pod('fig-1', 'ready', caller.set));
    expect(seen.bad).toEqual([...bad, 'object:Service/orchard/door:no-endpoints 1']);
  });

  it('is fine when another workload serves that Service', () => {
    const { deploy, set } = idle();
    const other = deployment('pear-stable', { replicas: 1, labels: { app: 'pear' } });
    const one = pod('x', 'ready', other.set);
    const door = service('door', { app: 'pear' });
    expect(judge(deploy, set, other.deploy, other.set, one, door, slice(door, [one]))).toEqual(WELL);
  });

  it('is bad against the wish of an autoscaler, unless that one scales to zero by design', () => {
    const { deploy, set } = idle();
    const scaler = (labels: Record<string, string>) =>
      object('HorizontalPodAutoscaler', 'grow', {
        metadata: { labels },
        spec: { minReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'pear' } },
      });
    expect(judge(deploy, set, scaler({})).bad).toEqual(bad);
    const keda = scaler({ 'app.kubernetes.io/managed-by': 'keda-operator' });
    expect(judge(deploy, set, keda, service('door', { app: 'pear' }))).toEqual(WELL);
  });

  it('is bad after an event that scaled its present revision down, not after a rollout', () => {
    const { deploy, set } = idle();
    const old = olderSet(deploy);
    const down = (name: string) => event(deploy, 'ScalingReplicaSet', `Scaled down replica set ${name} from 3 to 0`);
    expect(judge(deploy, set, old, down(set.metadata.name)).bad).toEqual(bad);
    expect(judge(deploy, set, old, down(old.metadata.name))).toEqual(WELL);
    expect(
      judge(
        deploy,
        set,
        old,
        event(deploy, 'ScalingReplicaSet', `Scaled down replica set ${set.metadata.name} to 0 from 3`),
      ).bad,
    ).toEqual(bad);
  });

  it('a StatefulSet by the event that deleted its first pod, unless that was a restart', () => {
    const owner = object('StatefulSet', 'nut', { spec: { replicas: 0 }, status: { observedGeneration: 1 } });
    const deleted = event(owner, 'SuccessfulDelete', 'delete Pod nut-0 in StatefulSet nut successful', 60);
    const created = event(owner, 'SuccessfulCreate', 'create Pod nut-0 in StatefulSet nut successful', 30);
    expect(judge(owner, deleted).bad).toEqual(['object:StatefulSet/orchard/nut:scaled-to-zero 1']);
    expect(judge(owner, deleted, created)).toEqual(WELL);
    expect(judge(owner)).toEqual(WELL);
  });
});
