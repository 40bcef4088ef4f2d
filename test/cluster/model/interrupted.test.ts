import { afterAll, beforeAll, expect, it } from 'vitest';
import { brokenForModels, cancelledRun, interruptedRun, silentModel } from '../../model-runs/interrupted.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;

beforeAll(async () => {
  cluster = await acquireCluster('real');
  gateway = await openGateway(cluster.instance, 'interrupt');
  await brokenForModels(gateway);
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

it('a run that is cancelled while the model speaks ends at once, and nobody listens any more', async () => {
  const { result, events, model } = await cancelledRun(gateway);
  // The stream never ends by itself: the run did not wait for it.
  expect(result).toMatchObject({ outcome: 'cancelled', writes: 0 });
  await model.requests[1]!.abandoned;
  expect(model.requests).toHaveLength(2);
  const asked = events.findIndex(({ type }) => type === 'cancelRequested');
  expect(events.slice(asked).map(({ type }) => type)).not.toContain('diagnosed');
});

it('when the server of the model dies, the playbooks go on, and the log says why', async () => {
  const { result, events } = await interruptedRun(gateway, silentModel(), (_, model) => void model.close());
  const failed = events.find(({ type }) => type === 'effectFailed');
  expect(failed).toMatchObject({
    effect: 'diagnose',
    reason: expect.stringMatching(/in the middle|cannot be reached|broke|reset|closed/i),
  });
  expect(events.filter(({ type }) => type === 'diagnosed')).toHaveLength(1);
  expect(result).toMatchObject({ outcome: 'restored', writes: 0, muBefore: 1, muAfter: 1 });
});
