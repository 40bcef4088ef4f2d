import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { ChatPart, ChatRequest } from '../../../src/domain/chat.ts';
import { chatFaultOf } from '../../../src/domain/chat.ts';
import { Command, Setting } from '../../../src/ui/editor/contributions.ts';
import { FakeApp } from '../fake-app.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { TEST_KEY } from '../key-search.ts';
import type { Asked } from '../model-provider/extension.ts';
import { MODEL, VENDOR } from '../model-provider/extension.ts';
import { startFakeRun, untilAsked, untilEnded } from './run.ts';

const NAME = `${VENDOR}/${MODEL}`;
const KEY = TEST_KEY;

async function provider(): Promise<{ asked: Asked[] }> {
  const extension = vscode.extensions.getExtension<{ asked: Asked[] }>('stratus-test.model-provider');
  assert.ok(extension, 'the extension with the model is there');
  const exports = await extension.activate();
  await eventually('the model', async () => (await vscode.lm.selectChatModels({ vendor: VENDOR })).length > 0);
  return exports;
}

async function all({ hooks }: Host, request: Partial<ChatRequest>, signal = new AbortController().signal) {
  const parts: ChatPart[] = [];
  const asked = { messages: [{ role: 'user' as const, text: 'what is wrong?' }], maxTokens: 100, ...request };
  for await (const part of hooks.editorModel(NAME).complete(asked, signal)) parts.push(part);
  return parts;
}

/** What the settings say now, to be put back. */
async function withSettings(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    for (const id of [Setting.modelProvider, Setting.modelBaseUrl, Setting.modelName])
      await vscode.workspace.getConfiguration().update(id, undefined, vscode.ConfigurationTarget.Global);
  }
}

const setting = (id: string) => vscode.workspace.getConfiguration().get(id);

export const MODEL_TESTS: HostTest[] = [
  {
    name: 'models: one of the editor answers, is forced to call a tool, stops when told to, and its failures are told apart',
    async run(host) {
      const { asked } = await provider();
      const parts = await all(host, {
        messages: [
          { role: 'system', text: 'You diagnose.' },
          { role: 'user', text: 'Begin.' },
        ],
      });
      assert.deepEqual(
        parts.map(({ type }) => type),
        ['text', 'text', 'text', 'usage', 'end'],
      );
      assert.deepEqual(asked.at(-1)!.texts.join('').split(/\s+/), ['You', 'diagnose.', 'Begin.']);
      const tools = ['submit', 'other'].map((name) => ({ name, description: name, parameters: { type: 'object' } }));
      const forced = await all(host, { tools, force: 'submit' });
      assert.deepEqual(forced[0], { type: 'call', call: { id: 'call-1', tool: 'submit', args: '{"answer":42}' } });
      assert.deepEqual({ ...asked.at(-1)!, texts: [] }, { texts: [], tools: ['submit'], required: true });
      const stop = new AbortController();
      const waiting = all(host, { messages: [{ role: 'user', text: 'wait' }] }, stop.signal);
      await eventually('the request', () => asked.at(-1)!.texts.includes('wait'));
      stop.abort(new Error('enough'));
      await assert.rejects(waiting, /enough/);
      await assert.rejects(
        all(host, { messages: [{ role: 'user', text: 'quota' }] }),
        (error) => chatFaultOf(error) === 'limited',
      );
    },
  },
  {
    name: 'models: one is chosen among those found; a key goes to the secret storage and into no setting',
    async run(host) {
      await provider();
      const app = new FakeApp();
      const listed: unknown[] = [];
      app.models.list = async (endpoint) => (listed.push(endpoint), ['big', 'bigger']);
      app.models.find = async () => [{ baseUrl: 'http://127.0.0.1:11434/v1', server: 'ollama', model: 'qwen' }];
      await host.useApp(async () => app);
      await withSettings(async () => {
        host.prompts.picks = [NAME];
        await vscode.commands.executeCommand(Command.chooseModel);
        assert.deepEqual([setting(Setting.modelProvider), setting(Setting.modelName)], ['editor', NAME]);
        assert.ok(host.prompts.offered[0]!.includes('qwen'));

        host.prompts.picks = ['OpenAI-compatible server…', 'bigger'];
        host.prompts.answers = ['https://models.example/v1/', KEY];
        host.prompts.confirmations = [true];
        await vscode.commands.executeCommand(Command.chooseModel);
        assert.deepEqual([Setting.modelProvider, Setting.modelBaseUrl, Setting.modelName].map(setting), [
          'openai',
          'https://models.example/v1',
          'bigger',
        ]);
        assert.deepEqual(listed, [{ baseUrl: 'https://models.example/v1', apiKey: KEY }]);
        assert.ok(
          host.prompts.asked.some((text) => text.includes('models.example')),
          'sending is asked about',
        );
        const all = JSON.stringify(vscode.workspace.getConfiguration().get('stratus'));
        assert.ok(!all.includes(KEY), 'no setting holds the key');
        assert.equal(await host.hooks.modelKey('openai', 'https://models.example/v1'), KEY);
        assert.equal(await host.hooks.modelKey('openai', 'https://other.example/v1'), null);

        host.prompts.picks = ['OpenAI-compatible server…'];
        host.prompts.answers = ['https://models.example/v1', '-'];
        host.prompts.confirmations = [true];
        await vscode.commands.executeCommand(Command.chooseModel);
        assert.equal(await host.hooks.modelKey('openai', 'https://models.example/v1'), null, 'a hyphen forgets it');

        host.prompts.picks = ['OpenAI-compatible server…'];
        host.prompts.answers = ['https://elsewhere.example/v1'];
        await vscode.commands.executeCommand(Command.chooseModel);
        assert.equal(setting(Setting.modelBaseUrl), 'https://models.example/v1', 'unconfirmed, nothing is sent there');

        host.prompts.picks = ['No model (playbooks only)'];
        await vscode.commands.executeCommand(Command.chooseModel);
        assert.equal(setting(Setting.modelProvider), 'none');
      });
    },
  },
  {
    name: 'models: tools of the manifest are registered, read, and propose a plan that waits whatever the settings say',
    async run(host) {
      const app = new FakeApp();
      app.tools.call = async (target, tool, args) => ({ ok: true, text: `${tool} of ${target.namespace} ${args}` });
      await host.useApp(async () => app);
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      await vscode.commands.executeCommand(Command.mitigate);
      const first = await untilAsked(host);
      const { packageJSON } = vscode.extensions.getExtension('stratus.stratus-oncall')!;
      const listed: string[] = packageJSON.contributes.languageModelTools.map(({ name }: { name: string }) => name);
      const known = await eventually('the tools', () => {
        const names = vscode.lm.tools.map(({ name }) => name);
        return listed.every((name) => names.includes(name)) ? names : null;
      });
      assert.ok(known.includes('stratus_propose_plan'));
      const { tools } = await host.hooks.assistant();
      const { token } = new vscode.CancellationTokenSource();
      for (const name of listed) {
        const { confirmationMessages } = tools.prepare(name, {});
        assert.match(String(confirmationMessages?.message), /Nothing is changed/, name);
      }
      const said = async (name: string, input: object) =>
        (await tools.invoke(name, input, token)).content
          .map((part) => (part as vscode.LanguageModelTextPart).value)
          .join('');
      assert.match(
        await said('stratus_get_events', { name: 'geo' }),
        /hotel-reservation @ kind-oncall[^]*<data-[^]*get_events of hotel-reservation \{"name":"geo"\}/,
      );
      const commands = ['kubectl scale deployment/search --replicas=1'];
      assert.match(
        await said('stratus_propose_plan', { title: 'x', commands }),
        /^Not proposed: a run on .* is under way/,
      );
      const answer = await vscode.lm.invokeTool('stratus_get_events', {
        input: { name: 'geo' },
        toolInvocationToken: undefined,
      });
      assert.match(
        answer.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join(''),
        /get_events of hotel-reservation \{"name":"geo"\}/,
        'the editor calls it for other agents',
      );
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
      await vscode.workspace
        .getConfiguration()
        .update(Setting.approval, 'ask-unless-exact', vscode.ConfigurationTarget.Global);
      try {
        assert.match(await said('stratus_propose_plan', { title: 'Wake it', commands }), /^Nothing was run\. run-/);
        const second = await untilAsked(host);
        assert.notEqual(second.run, first.run);
        assert.equal(app.world.targetPort, 9999, 'an exact plan waits, too');
      } finally {
        await vscode.workspace
          .getConfiguration()
          .update(Setting.approval, undefined, vscode.ConfigurationTarget.Global);
        await vscode.commands.executeCommand(Command.cancelRun);
      }
    },
  },
  {
    name: 'models: @stratus explains the run without a model, and with one in its words',
    async run(host) {
      const { asked } = await provider();
      await startFakeRun(host, { noFix: 'nothing tells the port' });
      await untilEnded(host);
      const [model] = await vscode.lm.selectChatModels({ vendor: VENDOR });
      const { participant } = await host.hooks.assistant();
      const ask = async () => {
        const texts: string[] = [];
        const buttons: string[] = [];
        const stream = {
          markdown: (text: string | vscode.MarkdownString) =>
            void texts.push(typeof text === 'string' ? text : text.value),
          button: ({ command }: vscode.Command) => void buttons.push(command),
          progress: () => undefined,
        };
        const { token } = new vscode.CancellationTokenSource();
        await participant.answer({ prompt: 'why?', command: undefined, model: model! }, stream, token);
        return { text: texts.join(''), buttons };
      };
      const before = asked.length;
      const plain = await ask();
      assert.match(plain.text, /Service geo sends to port 9999[^]*command:stratus\.openEvidence/);
      assert.deepEqual(plain.buttons, [Command.showRun]);
      assert.equal(asked.length, before, 'no model is asked where none was chosen');
      await withSettings(async () => {
        await vscode.workspace.getConfiguration().update(Setting.modelName, NAME, vscode.ConfigurationTarget.Global);
        await vscode.workspace
          .getConfiguration()
          .update(Setting.modelProvider, 'editor', vscode.ConfigurationTarget.Global);
        assert.match((await ask()).text, /^It is broken\.[^]*Service geo sends to port 9999/);
        assert.match(asked.at(-1)!.texts.join(''), /<data-[0-9a-f]{16} data>[^]*port 9999/);
      });
    },
  },
];
