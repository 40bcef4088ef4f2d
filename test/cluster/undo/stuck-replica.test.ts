import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { eventually, openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

const signal = new AbortController().signal;
let cluster: TestCluster;
let gateway: GatewayHarness;

beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(() => cluster?.release());
beforeEach(async () => {
  gateway = await openGateway(cluster.instance, 'stuck');
  return () => gateway.close();
});

const statefulSet = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db' },
  spec: {
    replicas: 2,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: {
      metadata: { labels: { app: 'db' } },
      spec: { containers: [{ name: 'app', image: 'db:1', resources: { requests: { cpu: '10m' } } }] },
    },
    ...spec,
  },
});
const pods = async () => (await gateway.api.list(`/api/v1/namespaces/${gateway.namespace}/pods`)).items;
const ready = ({ status }: KubeObject) =>
  ((status?.conditions ?? []) as { type: string; status: string }[]).some(
    (one) => one.type === 'Ready' && one.status === 'True',
  );
const allReady = async () => {
  const all = await pods();
  return all.length === 2 && all.every((pod) => ready(pod) && !pod.metadata.deletionTimestamp);
};

/** A transaction after which the StatefulSet's last pod fits on no node. */
async function broken() {
  const transaction = await gateway.transactions().begin({ run: 'r', title: 't', maxWrites: 20 });
  const argv = ['set', 'resources', 'statefulset/db', '--requests=cpu=4000'];
  expect((await transaction.execute({ argv }, [], signal)).problem).toBe('');
  return transaction;
}

describe('the undo of a template whose pod does not start', () => {
  it.each([
    ['in order', {}],
    ['in parallel', { podManagementPolicy: 'Parallel' }],
  ])('lets the StatefulSet go on that would wait for it (%s)', async (_how, spec) => {
    await gateway.apply(statefulSet(spec));
    await eventually('ready', allReady);
    const transaction = await broken();
    await eventually('a pod waits', async () =>
      (await pods()).some((pod) => pod.metadata.name === 'db-1' && !ready(pod)),
    );
    const undo = await transaction.undo(signal);
    expect(undo).toMatchObject({ outcome: 'undone', proof: { levels: { L1: true, L4: true } } });
    expect(await allReady()).toBe(true);
    await transaction.dispose();
  });

  it.each([
    ['takes down pods that no object asks for any more, where none was available before', '4000', 0],
    ['leaves it to the controller which pods serve, where some were', '10m', 2],
  ])('%s', async (_what, cpu, available) => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'db' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'db' } },
        template: {
          metadata: { labels: { app: 'db' } },
          spec: { containers: [{ name: 'app', image: 'db:1', resources: { requests: { cpu } } }] },
        },
      },
    };
    await gateway.apply(deployment);
    const path = `/apis/apps/v1/namespaces/${gateway.namespace}/deployments/db`;
    const isSo = async (count: number) => {
      const { status } = (await gateway.get(path))!;
      return status?.replicas === 2 && (status.availableReplicas ?? 0) === count;
    };
    await eventually('as before', () => isSo(available));
    const transaction = await gateway.transactions().begin({ run: 'r', title: 't', maxWrites: 20 });
    const argv = ['set', 'resources', 'deployment/db', '--requests=cpu=20m'];
    expect((await transaction.execute({ argv }, [], signal)).problem).toBe('');
    await eventually('all new pods serve', () => isSo(2));
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone', proof: { levels: { L1: true } } });
    await eventually('as before again', async () => {
      const requests = (await pods())
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .map(({ spec: { containers } }: KubeObject) => containers[0].resources.requests.cpu as string);
      return requests.length === 2 && requests.every((one) => one === (cpu === '4000' ? '4k' : cpu));
    });
    await transaction.dispose();
  });

  it('leaves pods alone that were so before, or that the StatefulSet is not to replace by itself', async () => {
    await gateway.apply(statefulSet({ replicas: 1, updateStrategy: { type: 'OnDelete' } }));
    await eventually('ready', async () => (await pods()).some(ready));
    const [before] = await pods();
    const transaction = await broken();
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone' });
    expect((await pods()).map(({ metadata }) => metadata.uid)).toEqual([before!.metadata.uid]);
    await transaction.dispose();
  });
});
