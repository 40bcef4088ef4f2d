import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { ToHost, ToPage } from '../../../webview/protocol/requests.ts';
import { Command, ContextKey, RUN_VIEW_TYPE, Scheme } from '../../../src/ui/editor/contributions.ts';
import { runTabs } from '../../../src/ui/run/leftover-tabs.ts';
import { FakeApp } from '../fake-app.ts';
import type { FakeOptions } from '../fake-app.ts';
import type { Host, HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';

/** Starts a run through the command, as the palette does, and waits until it asks. */
export async function startFakeRun(host: Host, options: FakeOptions = {}): Promise<FakeApp> {
  const app = new FakeApp(options);
  await host.useApp(async () => app);
  host.prompts.picks = [options.context ?? 'kind-oncall', 'hotel-reservation'];
  await vscode.commands.executeCommand(Command.mitigate);
  return app;
}

export const untilAsked = ({ hooks }: Host) =>
  eventually('a plan that waits for approval', () => {
    const plan = hooks.snapshot()?.plan;
    return plan?.awaiting && plan.hash ? { run: hooks.snapshot()!.run, hash: plan.hash } : null;
  });

export const untilEnded = ({ hooks }: Host) => eventually('the end of the run', () => hooks.snapshot()?.result);

let nextRequest = 1;
export async function ask({ hooks }: Host, name: ToHost['name'], params: ToHost['params']): Promise<ToPage> {
  const answer = await hooks.page({ type: 'request', id: nextRequest++, name, params });
  assert.ok(answer, 'the host answers');
  return answer;
}

export async function problemOf(host: Host, name: ToHost['name'], params: ToHost['params']): Promise<string> {
  const answer = await ask(host, name, params);
  assert.equal(answer.type, 'reply', JSON.stringify(answer));
  return answer.type === 'reply' && 'problem' in answer.result ? answer.result.problem : '';
}

export const RUN_TESTS: HostTest[] = [
  {
    name: 'a run waits, is approved by the hash of what is shown, and resolves',
    async run(host) {
      await startFakeRun(host);
      const { run, hash } = await untilAsked(host);
      assert.equal(host.hooks.contextKey(ContextKey.running), true);
      assert.match(host.hooks.statusText(), /hotel-reservation @ kind-oncall: Waiting for your approval/);
      assert.match(await problemOf(host, 'approve', { run, hash: 'of another plan' }), /changed/);
      assert.equal(host.hooks.snapshot()?.plan?.awaiting, true, 'a wrong hash approves nothing');
      assert.equal(await problemOf(host, 'approve', { run, hash }), '');
      assert.equal((await untilEnded(host)).outcome, 'resolved');
      const { severity, stages } = host.hooks.snapshot()!;
      assert.deepEqual([severity.before, severity.now], [3, 0]);
      assert.ok(stages.every(({ state }) => state === 'done'));
      assert.equal(host.hooks.contextKey(ContextKey.running), false);
    },
  },
  {
    name: 'the dry run opens in the native diff editor, normalised, one document per side',
    async run(host) {
      await startFakeRun(host);
      const { run, hash } = await untilAsked(host);
      assert.equal(await problemOf(host, 'openDiff', { run, hash, step: 0, write: 0 }), '');
      const tab = await eventually('a diff tab', () =>
        vscode.window.tabGroups.all
          .flatMap(({ tabs }) => tabs)
          .map(({ input }) => input)
          .find((input) => input instanceof vscode.TabInputTextDiff),
      );
      assert.ok(tab instanceof vscode.TabInputTextDiff);
      assert.equal(tab.original.scheme, Scheme.object);
      const [left, right] = await Promise.all(
        [tab.original, tab.modified].map(async (uri) => (await vscode.workspace.openTextDocument(uri)).getText()),
      );
      assert.match(left!, /targetPort: 9999/);
      assert.match(right!, /targetPort: 8083/);
      assert.doesNotMatch(left!, /managedFields|resourceVersion|uid/);
      assert.equal(left!.replace('9999', '8083'), right, 'nothing but the change differs');
      assert.match(await problemOf(host, 'openDiff', { run, hash, step: 7, write: 0 }), /no longer shown/);
      assert.equal(await problemOf(host, 'reject', { run, hash, reason: 'enough seen' }), '');
      await untilEnded(host);
    },
  },
  {
    name: 'a plan that made things worse is undone and shown as such, then the next one resolves',
    async run(host) {
      await startFakeRun(host, { wrongPlanFirst: true });
      const first = await untilAsked(host);
      await ask(host, 'approve', first);
      const second = await eventually('the second plan', () => {
        const plan = host.hooks.snapshot()?.plan;
        return plan?.awaiting && plan.hash !== first.hash ? { run: first.run, hash: plan.hash! } : null;
      });
      assert.deepEqual(
        host.hooks.snapshot()!.attempts.map(({ outcome }) => outcome),
        ['undone'],
      );
      await ask(host, 'approve', second);
      assert.equal((await untilEnded(host)).outcome, 'resolved');
    },
  },
  {
    name: 'cancel while waiting ends the run without a change',
    async run(host) {
      const app = await startFakeRun(host);
      await untilAsked(host);
      await vscode.commands.executeCommand(Command.cancelRun);
      assert.equal((await untilEnded(host)).outcome, 'cancelled');
      assert.equal(app.world.targetPort, 9999);
      assert.equal((await app.transactions.list()).length, 0);
      const { headline, plan, again } = host.hooks.snapshot()!;
      assert.equal(headline.title, 'Cancelled before any change');
      assert.equal(plan!.fate, 'failed', 'what did not run is not headed as what will change');
      assert.equal(again, 'Run again');
    },
  },
  {
    name: 'a protected context wants its name typed before the plan may write',
    async run(host) {
      const app = await startFakeRun(host, { context: 'eu-prod-1' });
      const { run, hash } = await untilAsked(host);
      assert.equal(host.hooks.snapshot()!.target.protected, true);
      host.prompts.typed = [false];
      assert.match(await problemOf(host, 'approve', { run, hash }), /not typed/);
      assert.equal(app.world.targetPort, 9999);
      host.prompts.typed = [true];
      assert.equal(await problemOf(host, 'approve', { run, hash }), '');
      assert.equal((await untilEnded(host)).outcome, 'resolved');
    },
  },
  {
    name: 'a dismissed question starts nothing',
    async run(host) {
      const app = new FakeApp();
      await host.useApp(async () => app);
      host.prompts.picks = ['kind-oncall'];
      await vscode.commands.executeCommand(Command.mitigate);
      assert.equal(host.hooks.contextKey(ContextKey.running), false);
    },
  },
  {
    name: 'malformed messages of a page are not answered',
    async run({ hooks }) {
      for (const message of [
        null,
        'approve',
        { type: 'request' },
        { type: 'request', id: 1, name: 'toString', params: {} },
      ]) {
        assert.equal(await hooks.page(message), null);
      }
    },
  },
  {
    name: 'a failing application is reported in one line and tried again when asked to',
    async run(host) {
      await host.useApp(async () => {
        throw new Error('kubectl was not found; set stratus.kubectl.path');
      });
      await vscode.commands.executeCommand(Command.mitigate);
      assert.ok(host.prompts.asked.some((text) => /error: Stratus: kubectl was not found/.test(text)));
      const app = new FakeApp();
      let tried = 0;
      await host.useApp(async () => {
        tried += 1;
        if (tried > 1) return app;
        host.prompts.actions = ['Retry'];
        host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
        throw new Error('the disk was full for a moment');
      });
      await vscode.commands.executeCommand(Command.mitigate);
      await untilAsked(host);
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
    },
  },
  {
    name: 'a run of an earlier window is reopened from its event log, read only',
    async run(host) {
      const first = await startFakeRun(host, { wrongPlanFirst: true });
      await ask(host, 'approve', await untilAsked(host));
      await ask(host, 'approve', await untilAsked(host));
      await untilEnded(host);
      const run = host.hooks.snapshot()!.run;
      const [ended] = await host.hooks.incidents.getChildren();
      const events = host.hooks.eventsOf(run);
      assert.ok(ended && events.length > 20);

      const app = new FakeApp();
      await host.useApp(async () => app);
      app.elsewhere.add('run-20261120024709-cccc');
      app.logs.set('run-20261120024709-cccc', events.slice(0, 12));
      const id = 'run-20261120024711-aaaa';
      app.logs.set(id, [...events]);
      app.logs.set('run-20261120024710-bbbb', events.slice(0, 12));
      const nodes = await host.hooks.incidents.getChildren();
      const earlier = nodes.find(({ kind }) => kind === 'earlier');
      assert.ok(earlier, 'earlier runs are offered');
      const past = await host.hooks.incidents.getChildren(earlier);
      assert.deepEqual(
        past.map((node) => host.hooks.incidents.getTreeItem(node).id),
        ['run-20261120024709-cccc', id, 'run-20261120024710-bbbb'],
      );
      assert.deepEqual(
        past.map((node) => String(host.hooks.incidents.getTreeItem(node).description).split(' · ')[0]),
        ['Goes on elsewhere', 'Resolved', 'Interrupted before any change'],
      );

      await vscode.commands.executeCommand(Command.showRun, id);
      const again = host.hooks.snapshot()!;
      assert.equal(again.run, id);
      assert.equal(again.result?.outcome, 'resolved');
      assert.equal(again.canCancel, false);
      assert.match(again.mode, /^read from its event log/);
      assert.deepEqual(again.severity.points.length > 2, true);
      const { hash } = again.plan!;
      assert.match(await problemOf(host, 'approve', { run: id, hash: hash! }), /no plan is waiting/);
      assert.equal(await problemOf(host, 'openDiff', { run: id, hash: hash!, step: 0, write: 0 }), '');

      await vscode.commands.executeCommand(Command.showRun, 'run-20261120024710-bbbb');
      const interrupted = host.hooks.snapshot()!;
      assert.equal(interrupted.headline.title, 'Interrupted before any change');
      assert.equal(interrupted.again, 'Run again');
      assert.equal(interrupted.canCancel, false);
      assert.notEqual(interrupted.endedAt, null);
      assert.equal(host.hooks.contextKey(ContextKey.running), false);
      assert.ok(first);

      await vscode.commands.executeCommand(Command.showRun, 'run-20261120024709-cccc');
      assert.match(host.hooks.snapshot()!.headline.title, /goes on in another window/);
      app.elsewhere.delete('run-20261120024709-cccc');
      app.logs.set('run-20261120024709-cccc', [...events]);
      await eventually('its end there', () => host.hooks.snapshot()!.headline.title === 'Resolved');
    },
  },
  {
    name: 'a run view that a dead process of the extensions has left is taken over where it stands',
    async run(host) {
      await startFakeRun(host);
      const { run } = await untilAsked(host);
      await eventually('the tab', () => runTabs().length === 1);
      await vscode.window.tabGroups.close(runTabs());
      await eventually('no tab', () => runTabs().length === 0);
      // One of another owner, which the editor will never hand over.
      const left = vscode.window.createWebviewPanel(RUN_VIEW_TYPE, 'Incident', vscode.ViewColumn.Active);
      let closed = false;
      left.onDidDispose(() => (closed = true));
      await eventually('the leftover to be closed', () => closed);
      await eventually('one view in its place', () => runTabs().length === 1 && runTabs()[0]!.isActive);
      assert.match(runTabs()[0]!.label, /^Incident: hotel-reservation$/);
      assert.equal(host.hooks.snapshot()!.run, run);
      await vscode.commands.executeCommand(Command.cancelRun);
    },
  },
];
