import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openApp, type TestApp } from '../app-fixture.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

const never = new AbortController().signal;
const LABEL = ['label', 'configmap', 'settings', 'by=command'];
let cluster: TestCluster;
let gateway: GatewayHarness;
let opened: TestApp;

beforeAll(async () => {
  cluster = await acquireCluster();
});
afterAll(() => cluster?.release());
beforeEach(async () => {
  gateway = await openGateway(cluster.instance, 'window');
  opened = await openApp(gateway);
  await gateway.kubectl('create', 'configmap', 'settings');
  return async () => {
    await opened.close();
    await gateway.close();
  };
});

const labels = async () =>
  (await gateway.get(`/api/v1/namespaces/${gateway.namespace}/configmaps/settings`))?.metadata.labels ?? {};

describe('the commands of one window', () => {
  it('write one after the other, a safe terminal that is open included', async () => {
    const { app } = opened;
    const target = await opened.target();
    const terminal = await app.shell.open(target, 'write', never);
    const write = (text: string) =>
      promisify(execFile)(cluster.instance.kubectl, ['label', 'configmap', 'settings', text], {
        env: { ...process.env, ...terminal.environment },
      });
    await write('by=terminal');
    await expect(app.shell.run(target, LABEL, [], never)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('another command of this window or terminal') as string,
    });
    expect(await labels()).toEqual({ by: 'terminal' });
    await write('still=writes');
    expect(terminal.problem()).toBe('');
    expect(await app.lock.status(target)).toMatchObject({ state: 'held' });
    expect(await terminal.end('undo')).toMatchObject({ outcome: 'undone' });
    expect(await labels()).toEqual({});
    expect((await app.shell.run(target, LABEL, [], never)).result.problem).toBe('');
    expect(await labels()).toEqual({ by: 'command' });
    expect(await app.lock.status(target)).toMatchObject({ state: 'free' });
  });
});
