import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import { Command } from '../../../src/ui/editor/contributions.ts';
import { FakeApp } from '../fake-app.ts';
import type { HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { resolvedRun } from './undo.ts';

/** What is shown of a run and asked of a person once its change is taken back, or has to be. */
export const AFTERMATH_TESTS: HostTest[] = [
  {
    name: 'an undo from elsewhere reaches the run view, the status bar, the tree and the open explanation',
    async run(host) {
      const { app, transaction } = await resolvedRun(host);
      await vscode.commands.executeCommand(Command.explainTransaction, { transaction });
      const explanation = await eventually('the explanation', () =>
        vscode.workspace.textDocuments.find(({ uri }) => uri.path.includes(transaction)),
      );
      assert.match(explanation.getText(), /\*\*kept\*\*/);

      await app.transactions.undo(transaction, new AbortController().signal, () => undefined);
      const view = await eventually('the run view to say so', () => {
        const snapshot = host.hooks.snapshot()!;
        return /^Undone/.test(snapshot.headline.title) ? snapshot : null;
      });
      assert.equal(view.severity.stale, true);
      assert.ok(view.severity.items.every(({ state }) => state === 'unread'));
      assert.equal(view.stages.find(({ id }) => id === 'commit')!.state, 'failed');
      assert.deepEqual(
        view.attempts.map(({ outcome }) => outcome),
        ['undone'],
      );
      assert.match(view.log.at(-1)!.text, /^Undone with 1 write,/);
      assert.deepEqual([view.result!.writes, view.result!.undoWrites], [1, 1]);
      assert.doesNotMatch(host.hooks.statusText(), /Resolved/);
      const [run] = await host.hooks.incidents.getChildren();
      assert.match(String(host.hooks.incidents.getTreeItem(run!).description), /^Undone/);
      for (const finding of await host.hooks.incidents.getChildren(run))
        assert.notEqual((host.hooks.incidents.getTreeItem(finding).iconPath as vscode.ThemeIcon).id, 'pass');
      await eventually('the explanation to follow', () => {
        const now = vscode.workspace.textDocuments.find(({ uri }) => uri.path.includes(transaction));
        return now && /\*\*undone\*\*/.test(now.getText()) && /1 write of the undo/.test(now.getText());
      });
    },
  },
  {
    name: 'earlier runs say what was taken back, also after a reload',
    async run(host) {
      const { transaction } = await resolvedRun(host);
      const events = host.hooks.eventsOf(host.hooks.snapshot()!.run);
      const app = new FakeApp();
      const id = 'run-20261119024711-aaaa';
      const there = app.leaveOpen('kind-oncall', id);
      const log = JSON.parse(JSON.stringify(events).replaceAll(transaction, there)) as RunEvent[];
      app.logs.set(id, log);
      await app.transactions.undo(there, new AbortController().signal, () => undefined);
      await host.useApp(async () => app);
      const earlier = (await host.hooks.incidents.getChildren()).find(({ kind }) => kind === 'earlier');
      const [past] = await host.hooks.incidents.getChildren(earlier);
      const item = host.hooks.incidents.getTreeItem(past!);
      assert.match(String(item.description), /^Undone · /);
      assert.notEqual((item.iconPath as vscode.ThemeIcon).id, 'pass');
      await vscode.commands.executeCommand(Command.showRun, id);
      const { headline, severity } = host.hooks.snapshot()!;
      assert.match(headline.title, /^Undone\. /);
      assert.equal(severity.stale, true);
    },
  },
  {
    name: 'a protected context wants its name typed for undo, keep and recover as well',
    async run(host) {
      const app = new FakeApp({ context: 'eu-prod-1' });
      const [older, transaction] = [app.leaveOpen('eu-prod-1'), app.leaveOpen('eu-prod-1')];
      await host.useApp(async () => app);
      const status = async () => (await app.transactions.read(transaction)).status;
      const times = () => host.prompts.asked.filter((text) => text === 'eu-prod-1 is protected').length;

      host.prompts.confirmations = [true];
      host.prompts.typed = [false];
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction });
      assert.deepEqual([await status(), times()], ['open', 1]);

      host.prompts.confirmations = [true];
      host.prompts.typed = [false];
      await vscode.commands.executeCommand(Command.keepTransaction, { transaction });
      assert.deepEqual([await status(), times()], ['open', 2]);

      host.prompts.actions = ['Undo'];
      host.prompts.typed = [false];
      await vscode.commands.executeCommand(Command.recover);
      assert.deepEqual([await status(), times()], ['open', 3]);

      host.prompts.confirmations = [true];
      host.prompts.typed = [true];
      await vscode.commands.executeCommand(Command.undoToHere, { transaction: older });
      assert.deepEqual([await status(), times()], ['undone', 4], 'named once for both');
      assert.equal((await app.transactions.read(older)).status, 'undone');
    },
  },
  {
    name: 'an own unfinished undo comes before another undo and a terminal, and says so with its ways out',
    async run(host) {
      const { app, transaction } = await resolvedRun(host);
      const owed = app.leaveOpen('kind-oncall');
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction });
      assert.equal(app.world.targetPort, 8083, 'nothing was asked, nothing was undone');
      assert.match(
        host.prompts.asked.at(-1)!,
        /^error: Your undo is unfinished: .* was interrupted\. It changed Service\/hotel-reservation\/geo\. Nothing new/,
      );

      host.prompts.picks = ['kind-oncall', 'hotel-reservation', 'Write, as one transaction'];
      const terminals = vscode.window.terminals.length;
      await vscode.commands.executeCommand(Command.openTerminal);
      assert.equal(vscode.window.terminals.length, terminals);
      assert.match(host.prompts.asked.at(-1)!, /^error: Your undo is unfinished/);

      host.prompts.actions = ['Keep As It Is'];
      host.prompts.confirmations = [true, true];
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction });
      assert.equal((await app.transactions.read(owed)).status, 'committed');
      assert.equal((await app.transactions.read(transaction)).status, 'undone', 'it goes on once that is settled');
    },
  },
];
