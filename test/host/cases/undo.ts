import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command, TreeItem } from '../../../src/ui/editor/contributions.ts';
import type { UndoNode } from '../../../src/ui/undo/undo-tree.ts';
import { FakeApp } from '../fake-app.ts';
import type { FakeOptions } from '../fake-app.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { ask, startFakeRun, untilAsked, untilEnded } from './run.ts';

export async function resolvedRun(
  host: Host,
  options: FakeOptions = {},
): Promise<{ app: FakeApp; transaction: string }> {
  const app = await startFakeRun(host, options);
  await ask(host, 'approve', await untilAsked(host));
  await untilEnded(host);
  const [transaction] = await app.transactions.list();
  return { app, transaction: transaction!.id };
}

const openTab = (label: string) =>
  eventually(`a tab with ${label}`, () =>
    vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find((tab) => tab.label.includes(label)),
  );

async function textsOf({ input }: vscode.Tab): Promise<{ left: string; right: string }> {
  assert.ok(input instanceof vscode.TabInputTextDiff);
  const text = async (uri: vscode.Uri) => (await vscode.workspace.openTextDocument(uri)).getText();
  return { left: await text(input.original), right: await text(input.modified) };
}

export const UNDO_TESTS: HostTest[] = [
  {
    name: 'the undo stack shows transaction, command and object, and what undo restores',
    async run(host) {
      const { transaction } = await resolvedRun(host);
      const { undoStack } = host.hooks;
      const [top] = await undoStack.getChildren();
      const item = undoStack.getTreeItem(top!);
      assert.equal(item.id, transaction);
      assert.equal(item.contextValue, TreeItem.undoable);
      const [command] = await undoStack.getChildren(top);
      assert.match(String(undoStack.getTreeItem(command!).label), /^kubectl patch service geo/);
      const [write] = await undoStack.getChildren(command);
      assert.equal(undoStack.getTreeItem(write!).label, 'Service/hotel-reservation/geo');
      await vscode.commands.executeCommand(Command.showInverse, { transaction, write: 0 });
      const tab = await eventually('the inverse in a diff', () =>
        vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ label }) => label.includes('after undo')),
      );
      assert.ok(tab.input instanceof vscode.TabInputTextDiff);
      const restored = await vscode.workspace.openTextDocument(tab.input.modified);
      assert.match(restored.getText(), /targetPort: 9999/);
    },
  },
  {
    name: 'undo asks once, restores, and the tree and the run view follow',
    async run(host) {
      const { app, transaction } = await resolvedRun(host);
      host.prompts.confirmations = [false];
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction });
      assert.equal(app.world.targetPort, 8083, 'dismissed: nothing happens');
      assert.match(
        host.prompts.details.at(-1)!,
        /targetPort: 8083 → 9999\nThe incident that it ended will come back\.$/,
      );
      host.prompts.confirmations = [true];
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction });
      assert.equal(app.world.targetPort, 9999);
      await eventually('the run view to say so', () => /^Undone/.test(host.hooks.snapshot()!.headline.title));
      const [top] = await host.hooks.undoStack.getChildren();
      assert.equal(host.hooks.undoStack.getTreeItem(top!).contextValue, TreeItem.closed);
      assert.ok(host.prompts.asked.some((text) => /Undone and verified/.test(text)));
    },
  },
  {
    name: 'an undo that diverges is compared three ways, blocks the badge, and can be kept after one more question',
    async run(host) {
      const { app, transaction } = await resolvedRun(host, { undoOutcome: 'diverged' });
      host.prompts.confirmations = [true];
      host.prompts.actions = ['Show Differences'];
      host.prompts.picks = ['Service/hotel-reservation/geo: what Stratus wrote ↔ cluster now'];
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction });
      const wrote = await textsOf(await openTab('what Stratus wrote ↔ cluster now'));
      assert.match(wrote.left, /targetPort: 8083/);
      assert.match(wrote.right, /targetPort: 7777/);

      host.prompts.picks = ['Service/hotel-reservation/geo: before ↔ cluster now'];
      await vscode.commands.executeCommand(Command.showDivergence, { transaction });
      const checkpoint = await textsOf(await openTab('before ↔ cluster now'));
      assert.match(checkpoint.left, /targetPort: 9999/);

      host.prompts.picks = ['All of them, one below the other'];
      await vscode.commands.executeCommand(Command.showDivergence, { transaction });
      await openTab(`Not restored by ${transaction}`);

      const [top] = await host.hooks.undoStack.getChildren();
      assert.equal(host.hooks.undoStack.getTreeItem(top!).contextValue, TreeItem.diverged);
      await eventually('the badge', () => host.hooks.badge() === 1);
      host.prompts.confirmations = [false, true];
      await vscode.commands.executeCommand(Command.keepTransaction, { transaction });
      assert.equal((await app.transactions.read(transaction)).status, 'diverged', 'dismissed: nothing happens');
      await vscode.commands.executeCommand(Command.keepTransaction, { transaction });
      assert.equal((await app.transactions.read(transaction)).status, 'committed');
      await eventually('the badge to go', () => host.hooks.badge() === 0);
    },
  },
  {
    name: 'undo to here undoes later transactions first',
    async run(host) {
      const app = new FakeApp();
      await host.useApp(async () => app);
      const [older, newer] = [app.leaveOpen(), app.leaveOpen()];
      const order: string[] = [];
      const undo = app.transactions.undo.bind(app);
      app.transactions.undo = (id, ...rest) => (order.push(id), undo(id, ...rest));
      host.prompts.confirmations = [true];
      await vscode.commands.executeCommand(Command.undoToHere, { transaction: older });
      assert.deepEqual(order, [newer, older]);
    },
  },
  {
    name: 'an interrupted transaction is counted on the badge, and recover undoes it',
    async run(host) {
      const app = new FakeApp();
      const transaction = app.leaveOpen();
      await host.useApp(async () => app);
      await eventually('the badge', () => host.hooks.badge() === 1);
      const nodes: UndoNode[] = await host.hooks.undoStack.getChildren();
      assert.equal(host.hooks.undoStack.getTreeItem(nodes[0]!).contextValue, TreeItem.recoverable);
      host.prompts.actions = ['Undo'];
      await vscode.commands.executeCommand(Command.recover);
      assert.equal((await app.transactions.read(transaction)).status, 'undone');
      await eventually('the badge to go', () => host.hooks.badge() === 0);
    },
  },
  {
    name: 'an interrupted transaction can be kept, after one more question',
    async run(host) {
      const app = new FakeApp();
      const transaction = app.leaveOpen();
      await host.useApp(async () => app);
      host.prompts.actions = ['Keep As It Is'];
      host.prompts.confirmations = [true];
      await vscode.commands.executeCommand(Command.recover);
      assert.equal((await app.transactions.read(transaction)).status, 'committed');
    },
  },
  {
    name: 'a transaction is explained as Markdown: what it did, how it is undone',
    async run(host) {
      const { transaction } = await resolvedRun(host);
      await vscode.commands.executeCommand(Command.explainTransaction, { transaction });
      const document = await eventually('the document', () =>
        vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'stratus-explain'),
      );
      assert.match(document.getText(), /spec\.ports\[http\]\.targetPort`: `9999` → `8083`/);
      assert.match(document.getText(), /put Service geo back as it was: \*\*exact\*\*/);
    },
  },
  {
    name: 'an interrupted transaction can be inspected before anything is decided',
    async run(host) {
      const app = new FakeApp();
      const transaction = app.leaveOpen();
      await host.useApp(async () => app);
      host.prompts.actions = ['Inspect'];
      await vscode.commands.executeCommand(Command.recover);
      await eventually('the explanation', () =>
        vscode.workspace.textDocuments.find(({ uri }) => uri.path.includes(transaction)),
      );
      assert.equal((await app.transactions.read(transaction)).status, 'open');
      assert.ok(host.prompts.asked.some((text) => /was interrupted: .* neither kept nor undone/.test(text)));
    },
  },
  {
    name: 'a colleague’s change is taken over from the cluster and then decided about',
    async run(host) {
      const app = new FakeApp();
      await host.useApp(async () => app);
      const roots = [{ apiVersion: 'v1', kind: 'Service', namespace: 'hotel-reservation', name: 'geo' }];
      const openedAt = '2026-11-21T02:47:11.000Z';
      app.shared = {
        id: 'tx-theirs',
        title: 'theirs',
        namespace: 'shop',
        openedAt,
        context: 'ada',
        roots,
        commands: [],
      };
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      host.prompts.confirmations = [true];
      host.prompts.actions = ['Undo'];
      await vscode.commands.executeCommand(Command.recoverFromCluster);
      const [taken] = await app.transactions.list();
      assert.equal(taken?.status, 'undone');
      assert.equal(app.shared, null);
    },
  },
  {
    name: 'a safe terminal has the gateway’s kubeconfig, and asks when it is closed what becomes of its writes',
    async run(host) {
      const app = new FakeApp();
      await host.useApp(async () => app);
      const open = async (choice: string) => {
        host.prompts.picks = ['kind-oncall', 'hotel-reservation', choice];
        await vscode.commands.executeCommand(Command.openTerminal);
        const terminal = vscode.window.terminals.at(-1)!;
        const options = terminal.creationOptions as vscode.TerminalOptions;
        assert.equal(options.env?.KUBECONFIG, '/nowhere/kubeconfig');
        assert.equal(options.isTransient, true);
        assert.match(options.message!, /exec, attach and port-forward are refused/);
        return terminal;
      };
      (await open('Read only')).dispose();
      await eventually('the end of the first', () => app.shells.length === 1);
      host.prompts.confirmations = [true];
      (await open('Write, as one transaction')).dispose();
      await eventually('the end of the second', () => app.shells.length === 2);
      host.prompts.confirmations = [false];
      (await open('Write, as one transaction')).dispose();
      await eventually('the end of the third', () => app.shells.length === 3);
      assert.deepEqual(app.shells, ['undo', 'keep', 'undo']);
      await eventually('the proof', () => host.prompts.asked.some((text) => /is undone and verified/.test(text)));
    },
  },
];
