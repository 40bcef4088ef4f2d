import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/domain/kube-object.ts';
import { refOf } from '../../../../src/domain/kube-object.ts';
import type { UndoForecast } from '../../../../src/domain/transaction.ts';
import { forecastUndo } from '../../../../src/undo/forecast.ts';
import { factsOf } from './fake-facts.ts';

const templateOf = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image }] },
});

const ownedBy = ({ kind, metadata }: KubeObject) => [
  { apiVersion: 'apps/v1', kind, name: metadata.name, uid: metadata.uid!, controller: true },
];

function workload(kind: string, status: object, spec: object = {}): KubeObject {
  return {
    ...{ apiVersion: 'apps/v1', kind },
    metadata: { name: 'web', namespace: 'n', uid: 'web', generation: 2 },
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: templateOf('app:2'), ...spec },
    status: { observedGeneration: 2, ...status },
  };
}

function podOf(owner: KubeObject, name: string, ready: boolean, revision = ''): KubeObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ name, namespace: 'n', uid: name, ownerReferences: ownedBy(owner) },
      labels: { app: 'web', ...(revision && { 'controller-revision-hash': revision }) },
    },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

function revisionOf(deployment: KubeObject, image: string, number: number): KubeObject {
  const template = templateOf(image);
  const labels = { app: 'web', 'pod-template-hash': `hash${number}` };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    metadata: {
      ...{ name: `web-${number}`, namespace: 'n', uid: `web-${number}`, ownerReferences: ownedBy(deployment) },
      annotations: { 'deployment.kubernetes.io/revision': String(number) },
    },
    spec: { template: { ...template, metadata: { labels } } },
  };
}

const STUCK = { replicas: 3, updatedReplicas: 1, readyReplicas: 2 };
const stuck = workload('Deployment', STUCK);
const [old, present] = [revisionOf(stuck, 'app:1', 1), revisionOf(stuck, 'app:2', 2)];
const serving = [old, present, podOf(old, 'old-a', true), podOf(old, 'old-b', true), podOf(present, 'new', false)];

function ask(before: KubeObject, change: object | null, around: KubeObject[], hidden: string[] = []) {
  const after = change && { ...before, spec: { ...before.spec, ...change } };
  const verb = change ? 'update' : 'delete';
  const input = { verb, ref: refOf(before), before, after, createdHere: false, builtIn: true } as const;
  return forecastUndo(input, factsOf([before, ...around], hidden));
}

const classOf = async (forecast: Promise<UndoForecast>) => (await forecast).class;

describe('pods of an earlier revision, which serve while a rollout does not end', () => {
  it('would not come back with a Deployment that is deleted or stopped', async () => {
    expect(await ask(stuck, null, serving)).toMatchObject({
      class: 'one-way',
      residue: [expect.stringContaining('old-a and 1 more of an earlier revision serve')],
    });
    expect(await classOf(ask(stuck, { replicas: 0 }, serving))).toBe('one-way');
  });

  it('are named where they are to make way for the new ones', async () => {
    const forecast = await ask(stuck, { strategy: { type: 'Recreate' } }, serving);
    expect(forecast).toMatchObject({ class: 'consequences', residue: [expect.stringContaining('old-a and 1 more'), expect.anything()] }); // prettier-ignore
    expect(forecast.needs).toBeUndefined();
  });

  it('are known by their template where the rollout is newer than what the controller has seen', async () => {
    const { metadata, ...rest } = workload('Deployment', { replicas: 2, updatedReplicas: 2, readyReplicas: 2 });
    const unseen = { ...rest, metadata: { ...metadata, generation: 3 } };
    expect(await classOf(ask(unseen, null, [old, podOf(old, 'old-a', true)]))).toBe('one-way');
  });

  it('matter only where they serve and would go', async () => {
    const idle = [old, present, podOf(old, 'old-a', false), podOf(present, 'new', true)];
    expect(await classOf(ask(stuck, null, idle))).not.toBe('one-way');
    expect(await classOf(ask(stuck, { replicas: 1 }, serving))).not.toBe('one-way');
    expect(await classOf(ask(stuck, { replicas: 3 }, serving))).not.toBe('one-way');
    const ended = workload('Deployment', { replicas: 2, updatedReplicas: 2, readyReplicas: 2 });
    expect(await classOf(ask(ended, null, [present, podOf(present, 'new', true)]))).not.toBe('one-way');
  });

  it('are unknown where pods or revisions cannot be read', async () => {
    for (const kind of ['Pod', 'ReplicaSet'])
      expect((await ask(stuck, null, serving, [kind])).needs).toContain('unknown');
  });

  it('of a StatefulSet count above its partition, and where their numbers go', async () => {
    const status = { replicas: 3, updatedReplicas: 1, currentRevision: 'one', updateRevision: 'two' };
    const set = workload('StatefulSet', status, { replicas: 3 });
    const pods = ['one', 'one', 'two'].map((revision, at) => podOf(set, `web-${at}`, at < 2, revision));
    expect(await classOf(ask(set, null, pods))).toBe('one-way');
    expect(await classOf(ask(set, { replicas: 1 }, pods))).toBe('one-way');
    expect(await classOf(ask(set, { replicas: 2 }, pods))).not.toBe('one-way');
    const updateStrategy = { rollingUpdate: { partition: 2 } };
    const parted = workload('StatefulSet', status, { replicas: 3, updateStrategy });
    expect(await classOf(ask(parted, { replicas: 1 }, pods))).not.toBe('one-way');
  });

  it('of a DaemonSet are told by its newest revision', async () => {
    const status = { currentNumberScheduled: 2, updatedNumberScheduled: 1 };
    const daemons = workload('DaemonSet', status);
    const [first, second] = [1, 2].map((revision) => ({
      ...{ apiVersion: 'apps/v1', kind: 'ControllerRevision', revision },
      metadata: {
        ...{ name: `web-${revision}`, namespace: 'n', uid: `r${revision}`, ownerReferences: ownedBy(daemons) },
        labels: { 'controller-revision-hash': `hash${revision}` },
      },
    }));
    const pods = [podOf(daemons, 'a', true, 'hash1'), podOf(daemons, 'b', false, 'hash2')];
    expect(await classOf(ask(daemons, null, [first!, second!, ...pods]))).toBe('one-way');
    expect(await classOf(ask(daemons, null, pods))).toBe('unknown');
  });
});
