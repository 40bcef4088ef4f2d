import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command } from '../../../src/ui/editor/contributions.ts';
import { FakeApp } from '../fake-app.ts';
import type { HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { ask, problemOf, startFakeRun, untilAsked, untilEnded } from './run.ts';

/** Runs that ended before they changed anything, and how one goes on from there. */
export const NOTHING_BEGUN_TESTS: HostTest[] = [
  {
    name: 'run again asks for no target, and reads the same one anew',
    async run(host) {
      await startFakeRun(host);
      const first = await untilAsked(host);
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
      await ask(host, 'again', { run: first.run });
      const second = await eventually('another run', async () => {
        const plan = await untilAsked(host);
        return plan.run !== first.run && plan;
      });
      assert.equal(host.prompts.asked.filter((text) => /which cluster/.test(text)).length, 1, 'asked only once');
      assert.equal(host.hooks.snapshot()!.target.namespace, 'hotel-reservation');
      assert.equal(await problemOf(host, 'approve', second), '');
      assert.equal((await untilEnded(host)).outcome, 'resolved');
    },
  },
  {
    name: 'a refused lock says that nothing was changed and offers to try again',
    async run(host) {
      const refuseLock = { ok: false as const, holder: 'bob@desk pid 7', reason: 'another writer is at work' };
      const app = await startFakeRun(host, { refuseLock });
      await ask(host, 'approve', await untilAsked(host));
      assert.equal((await untilEnded(host)).outcome, 'locked');
      const { headline, plan, again } = host.hooks.snapshot()!;
      assert.equal(headline.title, 'Someone else is changing this cluster');
      assert.match(headline.detail, /held by bob@desk\)\. Nothing was changed$/);
      assert.deepEqual([plan!.fate, again], ['failed', 'Retry']);
      assert.equal(app.world.targetPort, 9999);
    },
  },
  {
    name: 'an own unfinished undo is told before anything is read, with its ways out, and settled in the view',
    async run(host) {
      const app = new FakeApp();
      const owed = app.leaveOpen('kind-oncall');
      await host.useApp(async () => app);
      host.prompts.picks = ['kind-oncall', 'hotel-reservation'];
      await vscode.commands.executeCommand(Command.mitigate);
      assert.equal((await untilEnded(host)).outcome, 'locked');
      const view = await eventually('the name of what is in the way', () => {
        const snapshot = host.hooks.snapshot()!;
        return snapshot.owed?.title ? snapshot : null;
      });
      assert.equal(view.headline.title, 'Your undo is unfinished');
      assert.equal(view.owed!.transaction, owed);
      assert.deepEqual([view.findings, view.plan, view.severity.points], [[], null, []], 'nothing was read');
      assert.doesNotMatch(JSON.stringify(view), /[Ss]omeone else|held by/);

      await ask(host, 'inspect', { run: view.run, transaction: owed });
      await eventually('the differences', () =>
        vscode.window.tabGroups.all
          .flatMap(({ tabs }) => tabs)
          .find(({ label }) => label.includes(`Written by ${owed}`)),
      );
      host.prompts.confirmations = [true];
      await ask(host, 'undo', { run: view.run, transaction: owed });
      await eventually('the run view to follow', () => host.hooks.snapshot()!.owed?.state === 'settled');
      assert.equal(host.hooks.snapshot()!.headline.title, 'Your unfinished change is undone now');
      await ask(host, 'again', { run: view.run });
      await untilAsked(host);
      await vscode.commands.executeCommand(Command.cancelRun);
      await untilEnded(host);
    },
  },
];
