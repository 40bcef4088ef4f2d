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
  gateway = await openGateway(cluster.instance, 'given');
  return () => gateway.close();
});

const limits = (cpu: string) => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'defaults' },
  spec: { limits: [{ type: 'Container', defaultRequest: { cpu } }] },
});
const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'web:1' }] } },
  },
};
/** What the pods that run were given, each once. */
async function given(): Promise<string[]> {
  const { items } = await gateway.api.list(`/api/v1/namespaces/${gateway.namespace}/pods`);
  const live = items.filter(({ metadata }: KubeObject) => !metadata.deletionTimestamp);
  return live.map((pod) => String(pod.spec?.containers?.[0]?.resources?.requests?.cpu));
}
const allGiven = (cpu: string) => async () => {
  const all = await given();
  return all.length === 2 && all.every((one) => one === cpu);
};

describe('the undo of a change that pods were made anew for', () => {
  it.each([
    ['at once', false],
    ['also when it is interrupted behind its first step', true],
  ])('gives them again what they were given before (%s)', async (_how, interrupted) => {
    await gateway.apply(limits('10m'));
    await gateway.apply(web);
    await eventually('pods', allGiven('10m'));
    let dies = false;
    const crash = (point: string) => {
      if (dies && point === 'undo.after-step') throw new Error('the process ends here');
    };
    const transactions = gateway.transactions({ crash });
    const transaction = await transactions.begin({ run: 'r', title: 't', maxWrites: 20 });
    const patch = JSON.stringify({ spec: limits('20m').spec });
    for (const argv of [
      ['patch', 'limitrange', 'defaults', '--type=merge', '-p', patch],
      ['rollout', 'restart', 'deployment/web'],
    ])
      expect((await transaction.execute({ argv }, [], signal)).problem).toBe('');
    await eventually('pods of the change', allGiven('20m'));
    if (interrupted) {
      dies = true;
      await expect(transaction.undo(signal)).rejects.toThrow('the process ends here');
      dies = false;
      // Time enough for pods that the first step would have brought about.
      await eventually('the controller has seen it', async () => {
        const live = await gateway.get(`/apis/apps/v1/namespaces/${gateway.namespace}/deployments/web`);
        return live?.status?.observedGeneration === live?.metadata.generation && live?.status?.updatedReplicas === 2;
      });
    }
    expect(await transaction.undo(signal)).toMatchObject({ outcome: 'undone', proof: { levels: { L1: true } } });
    await eventually('pods as before', allGiven('10m'));
    await transaction.dispose();
  });
});
