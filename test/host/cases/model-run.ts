import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command, Scheme } from '../../../src/ui/editor/contributions.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import type { ScriptedBrain } from '../scripted-brain.ts';
import { scriptedBrain } from '../scripted-brain.ts';
import { ask, startFakeRun, untilAsked, untilEnded } from './run.ts';

const withModel = (host: Host, brain: ScriptedBrain = {}) =>
  startFakeRun(host, { brains: (playbook) => [scriptedBrain(playbook, brain), playbook] });

/** The text of the look document that comes to the front. */
const shown = (what: string, holds: (text: string) => boolean) =>
  eventually(what, () => {
    const document = vscode.window.activeTextEditor?.document;
    const isLook = document?.uri.scheme === Scheme.look;
    return isLook && holds(document.getText()) ? document.getText() : null;
  });

/** What waits is not left to the tests that follow. */
async function stop(host: Host): Promise<void> {
  await vscode.commands.executeCommand(Command.cancelRun);
  await untilEnded(host);
}

export const MODEL_RUN_TESTS: HostTest[] = [
  {
    name: 'model run: what was asked of a model opens from the page, read only, and without bodies that were not kept',
    async run(host) {
      await withModel(host);
      await untilAsked(host);
      const { run, models } = host.hooks.snapshot()!;
      assert.deepEqual(models?.names, [{ name: 'qwen2.5-1.5b-instruct', scripted: true }]);
      const answer = await ask(host, 'showModelRequests', { run });
      assert.deepEqual(answer.type === 'reply' && answer.result, { problem: '' }, JSON.stringify(answer));
      const text = await shown('the requests', (all) => all.includes(`Model requests of ${run}`));
      assert.match(text, /#2 cause: ranking causes/);
      assert.match(text, /request {3}sha256 [0-9a-f]{64}/);
      assert.doesNotMatch(text, /Which of these is the cause/);
      await stop(host);
    },
  },
  {
    name: 'model run: the requests of an earlier run are read from its log, with the bodies that it kept',
    async run(host) {
      const app = await withModel(host, { keepsBodies: true });
      await untilAsked(host);
      const { run } = host.hooks.snapshot()!;
      await stop(host);
      app.logs.set('run-of-yesterday', [...host.hooks.eventsOf(run)]);
      await vscode.commands.executeCommand(Command.showModelRequests, { runId: 'run-of-yesterday' });
      const text = await shown('the requests', (all) => all.includes('Model requests of run-of-yesterday'));
      assert.match(text, / {4}\| Which of these is the cause\?/);
    },
  },
  {
    name: 'model run: the evidence of a tool that an agent called opens; what it did not show does not',
    async run(host) {
      await withModel(host);
      await untilAsked(host);
      const { run } = host.hooks.snapshot()!;
      await ask(host, 'lookAtTool', { run, call: 1, evidence: 0, look: 'describe' });
      await shown('the Service', (all) => all.includes('Described: Service/hotel-reservation/geo'));
      for (const [call, evidence] of [
        [9, 0],
        [1, 5],
        [0, 0],
        [-1, -1],
      ]) {
        const answer = await ask(host, 'lookAtTool', { run, call, evidence, look: 'yaml' } as never);
        assert.match(JSON.stringify(answer), /there is nothing to open here/);
      }
      await stop(host);
    },
  },
];
