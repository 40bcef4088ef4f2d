import * as assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as vscode from 'vscode';
import { Command, Setting } from '../../../src/ui/editor/contributions.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { filesWith, TEST_KEY } from '../key-search.ts';
import { ask, untilAsked, untilEnded } from './run.ts';

const MODEL = 'refusing-model';

interface Refusing {
  baseUrl: string;
  /** What came, as `PATH AUTHORIZATION`. */
  requests: string[];
}

/** A server that lists one model and refuses whatever it is asked, with the key in its words. */
async function withRefusingServer(work: (server: Refusing) => Promise<void>): Promise<void> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    requests.push(`${request.url} ${authorization}`);
    request.resume();
    const lists = request.url === '/v1/models';
    const error = { message: `Incorrect API key provided: ${authorization}`, code: 'invalid_api_key' };
    response.writeHead(lists ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(lists ? { object: 'list', data: [{ id: MODEL, object: 'model' }] } : { error }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests });
  } finally {
    server.closeAllConnections();
    server.close();
    for (const id of [Setting.modelProvider, Setting.modelBaseUrl, Setting.modelName])
      await vscode.workspace.getConfiguration().update(id, undefined, vscode.ConfigurationTarget.Global);
  }
}

async function choose({ prompts, hooks }: Host, { baseUrl }: Refusing): Promise<void> {
  prompts.picks = ['OpenAI-compatible server…', MODEL];
  prompts.answers = [baseUrl, TEST_KEY];
  await vscode.commands.executeCommand(Command.chooseModel);
  assert.equal(await hooks.modelKey('openai', baseUrl), TEST_KEY, prompts.asked.join(' | '));
}

const authorized = (requests: string[], path: string) => requests.includes(`/v1/${path} Bearer ${TEST_KEY}`);

/** With the application as users have it: it must not have been replaced before. */
export const MODEL_KEY_TESTS: HostTest[] = [
  {
    name: 'models: a key is sent to its server; what the server says of it is shown without the key',
    async run(host) {
      await withRefusingServer(async (server) => {
        await choose(host, server);
        assert.ok(authorized(server.requests, 'models'), server.requests.join('\n'));
        const ended = vscode.commands.executeCommand(Command.testModel);
        const text = await eventually('the test of the model', () =>
          [...vscode.workspace.textDocuments.map((document) => document.getText()), ...host.prompts.asked].find((all) =>
            /refuses|401/.test(all),
          ),
        );
        await ended;
        assert.ok(authorized(server.requests, 'chat/completions'), server.requests.join('\n'));
        assert.ok(!text.includes(TEST_KEY), text);
      });
    },
  },
  {
    name: 'real cluster: models: a run whose model refuses the key goes on without it and keeps the key out of its records',
    needsCluster: true,
    async run(host) {
      await withRefusingServer(async (server) => {
        await choose(host, server);
        const { namespace } = JSON.parse(process.env.STRATUS_HOST_CLUSTER!) as Record<string, string>;
        host.prompts.picks = [namespace!];
        await vscode.commands.executeCommand(Command.mitigate);
        const { run, hash } = await untilAsked(host);
        // The model is asked where the playbooks know no more.
        await ask(host, 'reject', { run, hash, reason: 'another way, please' });
        await eventually('the model is asked', () => authorized(server.requests, 'chat/completions'));
        await eventually(
          'the run goes on',
          () => host.hooks.snapshot()!.result ?? host.hooks.snapshot()!.plan?.awaiting,
        );
        if (!host.hooks.snapshot()!.result) await vscode.commands.executeCommand(Command.cancelRun);
        await untilEnded(host);
        const state = process.env.STRATUS_HOME!;
        assert.notDeepEqual(await filesWith(MODEL, state), [], 'the log of the run names its model');
        assert.deepEqual(await filesWith(TEST_KEY, state), []);
        assert.ok(!JSON.stringify(host.hooks.snapshot()).includes(TEST_KEY), 'nor does the page show it');
      });
    },
  },
];
