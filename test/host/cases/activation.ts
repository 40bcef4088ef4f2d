import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command, ContextKey, Setting, SETTING_DEFAULTS, View } from '../../../src/ui/editor/contributions.ts';
import type { HostTest } from '../harness.ts';
import { eventually } from '../harness.ts';

export const ACTIVATION_TESTS: HostTest[] = [
  {
    name: 'registers every command of the manifest and no other',
    async run() {
      const registered = await vscode.commands.getCommands(true);
      const ours = registered.filter(
        (id) => id.startsWith('stratus.') && !/\.(focus|open|resetViewLocation|removeView|toggleVisibility)$/.test(id),
      );
      assert.deepEqual(ours.sort(), Object.values(Command).sort());
    },
  },
  {
    name: 'the settings have the defaults that the code assumes',
    async run() {
      const configuration = vscode.workspace.getConfiguration();
      for (const id of Object.values(Setting)) {
        assert.deepEqual(configuration.inspect(id)?.defaultValue, SETTING_DEFAULTS[id], id);
      }
    },
  },
  {
    name: 'the views of the on-call container can be shown',
    async run() {
      for (const id of Object.values(View)) await vscode.commands.executeCommand(`${id}.focus`);
    },
  },
  {
    name: 'says whether a kubeconfig is there',
    async run({ hooks }) {
      const known = await eventually('context key', () => {
        const value = hooks.contextKey(ContextKey.noKubeconfig);
        return value === undefined ? null : { value };
      });
      assert.equal(known.value, !process.env.STRATUS_HOST_CLUSTER);
    },
  },
];
