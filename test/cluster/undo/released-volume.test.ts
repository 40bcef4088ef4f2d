import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { CommandPlan } from '../../../src/domain/plan.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

const signal = new AbortController().signal;
let cluster: TestCluster;
let gateway: GatewayHarness;
let volume: string;

beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(() => cluster?.release());
beforeEach(async () => {
  gateway = await openGateway(cluster.instance, 'volume');
  volume = `${gateway.namespace}-disk`;
  return async () => {
    await gateway.kubectl('delete', 'pv', volume, '--wait=false', '--ignore-not-found');
    await gateway.close();
  };
});

const claim = (name: string, asked: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, labels: { for: 'test' } },
  spec: {
    storageClassName: gateway.namespace,
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...asked,
  },
});
const claimAt = (name: string) => `/api/v1/namespaces/${gateway.namespace}/persistentvolumeclaims/${name}`;
const volumeNow = async () => (await gateway.get(`/api/v1/persistentvolumes/${volume}`))!;
const claimNow = async (name = 'data') => (await gateway.get(claimAt(name)))!;
const phaseOf = (object: KubeObject | null) => object?.status?.phase as string | undefined;

/** A volume made by hand whose claim was deleted and made anew: it is kept for the former one. */
async function released(asked: object, policy = 'Retain'): Promise<void> {
  await gateway.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volume },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: policy,
      storageClassName: gateway.namespace,
      hostPath: { path: `/srv/${volume}` },
    },
  });
  await gateway.apply(claim('data', asked));
  await eventually('bound', async () => phaseOf(await claimNow()) === 'Bound');
  await gateway.kubectl('delete', 'pvc', 'data', '--wait=true');
  await eventually('released', async () => ['Released', 'Failed'].includes(phaseOf(await volumeNow()) ?? ''));
  await gateway.apply(claim('data', asked));
  await eventually('pending', async () => phaseOf(await claimNow()) === 'Pending');
}

function handover(asked: object, now: KubeObject): CommandPlan {
  const { uid } = now.spec?.claimRef as { uid: string };
  const reserved = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: gateway.namespace, name: 'data' };
  const patch = [
    { op: 'test', path: '/spec/claimRef/uid', value: uid },
    { op: 'replace', path: '/spec/claimRef', value: reserved },
  ];
  return {
    steps: [
      { argv: ['delete', 'pvc', 'data', '--wait=true'] },
      { argv: ['patch', 'pv', volume, '--type=json', '-p', JSON.stringify(patch)] },
      { argv: ['create', '-f', '{{claim.json}}'] },
    ],
    files: [{ name: 'claim.json', content: JSON.stringify(claim('data', asked)) }],
  };
}

describe.each([
  ['asks for it by name', () => ({ volumeName: volume })],
  ['asks for any that fits', () => ({})],
])('a released volume is given to a claim that %s', (_what, asked) => {
  it('and is taken back as it was, while nobody else gets it', async () => {
    await released(asked());
    await gateway.apply(claim('other'));
    const [volumeBefore, claimBefore] = [await volumeNow(), await claimNow()];
    const plan = handover(asked(), volumeBefore);
    for (const step of await gateway.transactions().rehearse(plan, signal)) {
      expect(step.problem).toBe('');
      expect(step.needs).toBeUndefined();
    }
    const transaction = await gateway.transactions().begin({ run: 'r', title: 't', maxWrites: 20 });
    for (const step of plan.steps) expect((await transaction.execute(step, plan.files, signal)).problem).toBe('');
    await eventually('bound again', async () => phaseOf(await claimNow()) === 'Bound');
    expect((await claimNow()).spec?.volumeName).toBe(volume);
    expect(phaseOf(await claimNow('other'))).toBe('Pending');

    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    await transaction.dispose();
    await eventually('released again', async () => phaseOf(await volumeNow()) === 'Released');
    await eventually('pending again', async () => phaseOf(await claimNow()) === 'Pending');
    const [volumeAfter, claimAfter] = [await volumeNow(), await claimNow()];
    expect(volumeAfter.spec).toEqual(volumeBefore.spec);
    expect(volumeAfter.metadata.annotations).toEqual(volumeBefore.metadata.annotations);
    expect(claimAfter.spec).toEqual(claimBefore.spec);
    expect(claimAfter.metadata.annotations).toEqual(claimBefore.metadata.annotations);
    expect(claimAfter.metadata.labels).toEqual(claimBefore.metadata.labels);
    expect(phaseOf(await claimNow('other'))).toBe('Pending');
  });
});

it('a released volume is bound to a claim that is made anew where there was none, and taken back as it was', async () => {
  await released({});
  await gateway.kubectl('delete', 'pvc', 'data', '--wait=true');
  const before = await volumeNow();
  const { steps, files } = handover({ volumeName: volume }, before);
  const transaction = await gateway.transactions().begin({ run: 'r', title: 't', maxWrites: 20 });
  for (const step of steps.slice(1)) expect((await transaction.execute(step, files, signal)).problem).toBe('');
  await eventually('bound', async () => phaseOf(await claimNow()) === 'Bound');
  expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
  await transaction.dispose();
  await eventually('released again', async () => phaseOf(await volumeNow()) === 'Released');
  expect((await volumeNow()).spec).toEqual(before.spec);
  expect(await gateway.get(claimAt('data'))).toBeNull();
});

describe('a released volume is not given away', () => {
  it('while the waiting claim is still there, which would be bound for good', async () => {
    await released({});
    const { steps, files } = handover({}, await volumeNow());
    const [rehearsal] = await gateway.transactions().rehearse({ steps: [steps[1]!], files }, signal);
    expect(rehearsal).toMatchObject({ ok: false, needs: ['losses'] });
  });

  it('when its reclaim policy would take it along with the claim', async () => {
    await released({}, 'Delete');
    // Folders of a node outside of /tmp are never deleted, so that it stays, Failed.
    const { steps, files } = handover({}, await volumeNow());
    const results = await gateway.transactions().rehearse({ steps: steps.slice(0, 2), files }, signal);
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
    expect(results[1]!.needs).toEqual(['losses']);
  });

  it('to whoever asks, by a reference that is left open', async () => {
    await released({});
    const { steps, files } = handover({}, await volumeNow());
    const open = { argv: ['patch', 'pv', volume, '--type=json', '-p', '[{"op":"remove","path":"/spec/claimRef"}]'] };
    const results = await gateway.transactions().rehearse({ steps: [steps[0]!, open], files }, signal);
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
  });
});
