import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command } from '../../../src/ui/editor/contributions.ts';
import type { HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';
import { ask, untilAsked, untilEnded } from './run.ts';

/** Expects the fault `target-port` in the demo application of the cluster that $KUBECONFIG names. */
export const CLUSTER_TESTS: HostTest[] = [
  {
    name: 'real cluster: mitigate, approve, resolved, undo from the stack',
    needsCluster: true,
    async run(host) {
      const { namespace } = JSON.parse(process.env.STRATUS_HOST_CLUSTER!) as Record<string, string>;
      // The testbed's kubeconfig has one context, which is not asked about.
      host.prompts.picks = [namespace!];
      await vscode.commands.executeCommand(Command.mitigate);
      assert.deepEqual(
        host.prompts.asked.filter((text) => text.startsWith('error')),
        [],
      );
      const { run, hash } = await untilAsked(host);
      assert.equal(host.hooks.snapshot()!.plan!.steps[0]!.writes[0]!.undo, 'exact');
      await ask(host, 'approve', { run, hash });
      const { outcome } = await untilEnded(host);
      const story = host.hooks.snapshot()!.log.map(({ who, text }) => `${who}: ${text}`);
      assert.equal(outcome, 'resolved', story.join('\n'));
      assert.equal(host.hooks.snapshot()!.severity.now, 0);
      const [transaction] = host.hooks.snapshot()!.transactions;
      host.prompts.confirmations = [true];
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction: transaction!.id });
      await eventually('the run view to say so', () => /^Undone/.test(host.hooks.snapshot()!.headline.title));
    },
  },
];
