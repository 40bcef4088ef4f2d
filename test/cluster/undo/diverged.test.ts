import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Target } from '../../../src/domain/target.ts';
import { type StratusApp } from '../../../src/run/app.ts';
import { LockedByAnother } from '../../../src/run/lock-refusal.ts';
import { createApp } from '../../../src/run/create-app.ts';
import { undoText } from '../../../src/cli/undo-text.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

/** A transaction that an undo could not restore: who may write, what is shown, and how it ends. */
const signal = new AbortController().signal;
let cluster: TestCluster;
let gateway: GatewayHarness;
let homes: string[];
let ours: StratusApp;
let theirs: StratusApp;
let target: Target;
let tx: string;

beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'diverged');
  homes = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'stratus-diverged-'))));
  const { kubeconfig, kubectl } = cluster.instance;
  const open = (stateFolder: string) =>
    createApp({ stateFolder, kubectlPath: kubectl, kubeconfig, lockNamespace: gateway.namespace });
  [ours, theirs] = [await open(homes[0]!), await open(homes[1]!)];
  target = await ours.targets.pin(cluster.instance.context, gateway.namespace);
});

afterAll(async () => {
  await ours?.dispose();
  await theirs?.dispose();
  await gateway?.close();
  await cluster?.release();
  for (const home of homes ?? []) await rm(home, { recursive: true, force: true });
});

const patch = (mode: string) => [
  'patch',
  'configmap',
  'settings',
  '--type=merge',
  `--patch={"data":{"mode":"${mode}"}}`,
];
const mode = async () =>
  (await gateway.get(`/api/v1/namespaces/${gateway.namespace}/configmaps/settings`))?.data.mode as string;

beforeEach(async () => {
  await gateway.kubectl('delete', 'configmap', 'settings', '--ignore-not-found');
  await gateway.kubectl('create', 'configmap', 'settings', '--from-literal=mode=checkpoint');
  const { tx: id } = await ours.shell.run(target, patch('written'), [], signal);
  tx = id!;
  await gateway.kubectl(...patch('theirs'));
  const undo = await ours.transactions.undo(tx, signal, () => undefined);
  expect(undo).toMatchObject({
    outcome: 'diverged',
    differences: [{ path: '/data/mode', expected: 'checkpoint', written: 'written', actual: 'theirs' }],
  });
});

it('freezes every writer, its own too, until somebody decided', async () => {
  expect(await ours.lock.status(target)).toMatchObject({ state: expect.stringMatching(/dirty|held/) });
  await expect(ours.shell.run(target, patch('new'), [], signal)).rejects.toThrow(
    `transaction ${tx} was not fully restored`,
  );
  await expect(theirs.shell.run(target, patch('new'), [], signal)).rejects.toBeInstanceOf(LockedByAnother);
  expect(await mode()).toBe('theirs');
  expect((await ours.transactions.unfinished()).map(({ id }) => id)).toEqual([tx]);

  expect(await ours.transactions.keep(tx)).toBe('');
  expect(await ours.transactions.read(tx)).toMatchObject({
    status: 'committed',
    note: expect.stringMatching(/^kept as it stands \(diverged\) by ./),
  });
  expect(await ours.transactions.unfinished()).toEqual([]);
  expect(await ours.lock.status(target)).toMatchObject({ state: 'free' });
  expect((await theirs.shell.run(target, patch('new'), [], signal)).result.ok).toBe(true);
  expect(await mode()).toBe('new');
});

it('is shown three ways, per object and per field', async () => {
  const [object, ...others] = await ours.transactions.divergence(tx);
  expect(others).toEqual([]);
  expect([object!.checkpoint, object!.written, object!.live].map((side) => side?.data.mode)).toEqual([
    'checkpoint',
    'written',
    'theirs',
  ]);
  const { undo } = await ours.transactions.read(tx);
  const text = undoText(tx, undo!, false);
  expect(text).toMatch(
    /ConfigMap\/.*settings \/data\/mode\n +before +"checkpoint"\n +Stratus wrote "written"\n +found +"theirs"/,
  );
  await ours.transactions.keep(tx);
  await expect(ours.transactions.keep(tx)).rejects.toThrow('there is nothing to decide');
});

it('is undone by trying again once the conflict is gone', async () => {
  await gateway.kubectl(...patch('written'));
  expect(await ours.transactions.undo(tx, signal, () => undefined)).toMatchObject({ outcome: 'undone' });
  expect(await mode()).toBe('checkpoint');
  expect(await ours.transactions.unfinished()).toEqual([]);
  expect(await ours.lock.status(target)).toMatchObject({ state: 'free' });
});

it('can be kept where the cluster is gone, and says what was left there', async () => {
  const { kubectl } = cluster.instance;
  await ours.dispose();
  const away = await createApp({ stateFolder: homes[0]!, kubectlPath: kubectl, kubeconfig: join(homes[0]!, 'none') });
  try {
    expect(await away.transactions.keep(tx)).toMatch(/^the writer lock could not be freed: /);
    expect(await away.transactions.unfinished()).toEqual([]);
  } finally {
    await away.dispose();
  }
});
