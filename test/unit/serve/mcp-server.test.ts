import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readPlanFile } from '../../../src/cli/plan-file.ts';

const PROGRAM = join(import.meta.dirname, 'fake-mcp-program.ts');
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'stratus-mcp-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const words = () => ['--disable-warning=ExperimentalWarning', PROGRAM, join(folder, 'plans')];
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

async function connected(): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  clients.push(client);
  await client.connect(new StdioClientTransport({ command: process.execPath, args: words(), stderr: 'ignore' }));
  return client;
}

const textOf = (result: Awaited<ReturnType<Client['callTool']>>) => (result.content as { text: string }[])[0]!.text;

describe('stratus mcp', { timeout: 60_000 }, () => {
  it('says who it is and where it looks, and lists its tools as ones that change nothing', async () => {
    const client = await connected();
    expect(client.getServerVersion()).toMatchObject({ name: 'stratus', version: '1.2.3' });
    expect(client.getInstructions()).toContain('hotel-reservation @ kind-oncall');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'refuse', 'fail', 'wait', 'cancelled', 'propose_plan']);
    for (const { inputSchema, annotations } of tools) {
      expect(inputSchema.type).toBe('object');
      expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false });
    }
  });

  it('answers with text of the pinned namespace, fenced and redacted; what is wrong is an answer, too', async () => {
    const client = await connected();
    const read = await client.callTool({ name: 'echo', arguments: { text: 'hi', namespace: 'kube-system' } });
    expect(read.isError).toBeUndefined();
    expect(textOf(read)).toMatch(
      /^Read from hotel-reservation @ kind-oncall\. [^\n]*data[^\n]*\n<data-([0-9a-f]{16}) data>\nhotel-reservation [^]*<\/data-\1>$/,
    );
    expect(textOf(read)).not.toContain('hunter22');
    const refused = await client.callTool({ name: 'refuse' });
    expect([refused.isError, textOf(refused)]).toEqual([true, 'kind has to be one of Pod, Service']);
    const failed = await client.callTool({ name: 'fail', arguments: {} });
    expect([failed.isError, textOf(failed)]).toEqual([true, 'the server does not answer']);
    await expect(client.callTool({ name: 'delete_everything', arguments: {} })).rejects.toThrow(
      "there is no tool 'delete_everything'",
    );
    await expect(client.callTool({ name: 'echo', arguments: 'text' as never })).rejects.toThrow();
  });

  it('keeps a proposed plan for a person, who can have it tried as it stands', async () => {
    const client = await connected();
    const commands = [`kubectl scale deployment/api --replicas=2`, `kubectl annotate deployment/api 'note=a b'`];
    const text = textOf(await client.callTool({ name: 'propose_plan', arguments: { title: 'Scale\nup', commands } }));
    expect(text).toMatch(/^Nothing was run\./);
    const file = /stratus mitigate --context kind-oncall --namespace hotel-reservation --plan (\S+)$/.exec(text)![1]!;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toBe(`# Proposed by another agent: Scale up\n${commands.join('\n')}\n`);
    expect(readPlanFile(file).steps.map(({ argv }) => argv.at(-1))).toEqual(['--replicas=2', 'note=a b']);
    const denied = await client.callTool({
      name: 'propose_plan',
      arguments: { title: 'x', commands: ['kubectl delete namespace hotel-reservation'] },
    });
    expect([denied.isError, textOf(denied)]).toEqual([true, expect.stringMatching(/^command 1: /)]);
  });

  it('stops working on a call that is cancelled', async () => {
    const client = await connected();
    const stop = new AbortController();
    const call = client.callTool({ name: 'wait', arguments: { text: 'first' } }, undefined, { signal: stop.signal });
    const failed = expect(call).rejects.toThrow();
    // Another call on the same stream: the first has arrived.
    await client.callTool({ name: 'echo', arguments: {} });
    stop.abort('enough');
    await failed;
    await vi.waitFor(async () => expect(textOf(await client.callTool({ name: 'cancelled' }))).toContain('first'));
  });

  it('refuses more calls at once than it can work on', async () => {
    const client = await connected();
    const stop = new AbortController();
    const waits = Array.from({ length: 8 }, () =>
      client.callTool({ name: 'wait', arguments: { text: 'w' } }, undefined, { signal: stop.signal }).catch(() => null),
    );
    const one = await client.callTool({ name: 'echo', arguments: {} });
    expect([one.isError, textOf(one)]).toEqual([true, expect.stringContaining('8 calls')]);
    stop.abort('enough');
    await Promise.all(waits);
    await vi.waitFor(async () =>
      expect((await client.callTool({ name: 'echo', arguments: {} })).isError).toBeUndefined(),
    );
  });

  it('goes on after garbage, answers what is no request with an error, and ends with its client', async () => {
    const child = spawn(process.execPath, words(), { stdio: ['pipe', 'pipe', 'pipe'] });
    const complaints: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const say = (message: unknown) =>
      child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
    const heard = async () => JSON.parse((await answers.next()).value as string);
    say('this is no JSON');
    say('{"jsonrpc":"2.0"}');
    say('\u0000\u0001\u0002');
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    say({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    expect(await heard()).toMatchObject({ id: 1, result: { serverInfo: { name: 'stratus' } } });
    say({ jsonrpc: '2.0', method: 'notifications/initialized' });
    say({ jsonrpc: '2.0', id: 2, method: 'tools/destroy', params: {} });
    expect(await heard()).toMatchObject({ id: 2, error: { code: -32601 } });
    say({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 7 } });
    expect(await heard()).toMatchObject({ id: 3, error: {} });
    expect(complaints.join('').split('\n').length).toBeGreaterThanOrEqual(3);
    child.stdin.end();
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  });
});
