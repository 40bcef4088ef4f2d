import { describe, expect, it } from 'vitest';
import { goodRevisions } from '../../../src/agents/playbooks/clues/former/good-revision.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';

interface Case {
  /** Pod spec fields of the earlier revision, and what the present one has in their place. */
  before: Loose;
  now?: Loose;
  /** What the server says to the controller of the present pods. */
  refusal?: string;
  readyPods?: number;
  add?: (world: World) => void;
}

function revisionsThatAreGood({ before, now = {}, refusal, readyPods, add }: Case): number[] {
  const world = new World(11);
  const workload = world.workload({
    replicas: 2,
    podSpec: { hostname: 'now', ...now },
    earlier: [{ podSpec: { hostname: 'before', ...before }, readyPods }],
    pods: 'none',
  });
  // What a snapshot can read is there also when there is no such object.
  for (const kind of ['ServiceAccount', 'PriorityClass']) world.remove(world.add(kind, 'v1', 'none'));
  world.add('ServiceAccount', 'v1', 'default');
  world.add('PriorityClass', 'scheduling.k8s.io/v1', 'high', {}, null);
  if (refusal) world.event(world.revisionsOf(workload).at(-1)!, 'FailedCreate', refusal, { type: 'Warning' });
  add?.(world);
  return goodRevisions(new ClusterView(world.snapshot()), workload).map(({ revision }) => revision.number);
}

const claim = (name: string) => ({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }] });
const container = (more: Loose) => ({ containers: [{ name: 'main', image: 'a.example/x:1', ...more }] });
const requests = (cpu: string) => container({ resources: { requests: { cpu } } });
const kata = { runtimeClassName: 'kata' };
const quota = 'pods "x" is forbidden: exceeded quota: team, requested:';

describe('an earlier revision', () => {
  it.each<[string, Case]>([
    ['a claim', { before: claim('data') }],
    ['a service account', { before: { serviceAccountName: 'robot' } }],
    ['a priority class', { before: { priorityClassName: 'urgent' } }],
  ])('is no way back where it names %s that is not there', (_, one) => {
    expect(revisionsThatAreGood(one)).toEqual([]);
  });

  it.each<[string, Case]>([
    [
      'a claim',
      { before: claim('data'), add: (world) => void world.add('PersistentVolumeClaim', 'v1', 'data', { status: {} }) },
    ],
    ['a service account', { before: { serviceAccountName: 'default' } }],
    ['a priority class', { before: { priorityClassName: 'high' } }],
  ])('is one where it names %s that is there', (_, one) => {
    expect(revisionsThatAreGood(one)).toEqual([1]);
  });

  it.each<[string, Case]>([
    [
      'a quota of cpu',
      {
        before: requests('2'),
        now: requests('2'),
        refusal: `${quota} requests.cpu=2, used: requests.cpu=3, limited: requests.cpu=4`,
      },
    ],
    [
      'a quota of pods',
      { before: requests('1'), now: requests('2'), refusal: `${quota} pods=1, used: pods=5, limited: pods=5` },
    ],
    [
      'a limit range',
      {
        before: requests('2'),
        now: requests('2'),
        refusal: 'forbidden: maximum cpu usage per Container is 1, but limit is 2',
      },
    ],
    [
      'Pod Security',
      {
        before: { hostNetwork: true },
        now: { hostNetwork: true },
        refusal: 'violates PodSecurity "baseline:latest": host namespaces',
      },
    ],
    ['a webhook that is gone', { before: {}, refusal: 'Internal error: failed calling webhook "x.example": EOF' }],
    ['a runtime class', { before: kata, now: kata, refusal: 'pod rejected: RuntimeClass "kata" not found' }],
  ])('is no way back where it meets the same refusal: %s', (_, one) => {
    expect(revisionsThatAreGood(one)).toEqual([]);
  });

  it.each<[string, Case]>([
    [
      'a quota of cpu',
      {
        before: requests('1'),
        now: requests('2'),
        refusal: `${quota} requests.cpu=2, used: requests.cpu=3, limited: requests.cpu=4`,
      },
    ],
    [
      'Pod Security',
      {
        before: { hostNetwork: false },
        now: { hostNetwork: true },
        refusal: 'violates PodSecurity "baseline:latest": host namespaces',
      },
    ],
    ['what nobody understands', { before: {}, refusal: 'admission webhook "x.example" denied the request: no' }],
  ])('is one where the refusal is about what it did not have: %s', (_, one) => {
    expect(revisionsThatAreGood(one)).toEqual([1]);
  });

  it('is one while enough of its pods are ready: none has to be made anew', () => {
    const one = {
      before: requests('2'),
      now: requests('2'),
      refusal: `${quota} requests.cpu=2, used: requests.cpu=3, limited: requests.cpu=4`,
    };
    expect(revisionsThatAreGood({ ...one, readyPods: 2 })).toEqual([1]);
    expect(revisionsThatAreGood({ ...one, readyPods: 1 })).toEqual([]);
  });
});
