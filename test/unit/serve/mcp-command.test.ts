import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROPOSE_PLAN } from '../../../src/run/brains/propose-plan-tool.ts';
import { toolSpecs } from '../../../src/run/brains/model-tools.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src/cli/main.ts');
let folder: string;
let server: Server;
/** Requests that would have changed something. */
const writes: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stratus-mcp-'));
  // An API server with an empty namespace.
  server = createServer(({ method, url }, response) => {
    if (method !== 'GET' && !/selfsubject|accessreview/i.test(url!)) writes.push(`${method} ${url}`);
    response.setHeader('content-type', 'application/json');
    if (url === '/api/v1/namespaces/shop')
      return response.end('{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"shop"}}');
    response
      .writeHead(404)
      .end('{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'empty',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'empty', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  };
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (kubeconfig: string) => ({
  PATH: process.env.PATH!,
  HOME: folder,
  STRATUS_HOME: join(folder, 'state'),
  KUBECONFIG: join(folder, kubeconfig),
});

it('serves the tools of the application for the target that it was started with', { timeout: 60_000 }, async () => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', MAIN, 'mcp', '--context', 'empty'],
      env: environment('kubeconfig'),
      stderr: 'ignore',
    }),
  );
  try {
    expect(client.getInstructions()).toContain('shop @ empty');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([...toolSpecs(), PROPOSE_PLAN].map(({ name }) => name));
    const proposed = await client.callTool({
      name: 'propose_plan',
      arguments: { title: 'Scale up', commands: ['kubectl scale deployment/api --replicas=2'] },
    });
    const { text } = (proposed.content as { text: string }[])[0]!;
    const file = / --plan (\S+)$/.exec(text)?.[1];
    expect(file).toContain(join(folder, 'state', 'proposed-plans'));
    expect(readFileSync(file!, 'utf8')).toContain('\nkubectl scale deployment/api --replicas=2\n');
  } finally {
    await client.close();
  }
  expect(writes).toEqual([]);
});

it('says what is wrong on standard error: standard output is the protocol’s', () => {
  const args = ['--disable-warning=ExperimentalWarning', MAIN, 'mcp', '--context', 'nowhere'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: environment('kubeconfig'),
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([4, '']);
  expect(stderr).toMatch(/^stratus: [^\n]*nowhere[^\n]*\n$/);
});
