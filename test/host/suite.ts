import * as vscode from 'vscode';
import type { TestHooks } from '../../src/ui/test-hooks.ts';
import { ACTIVATION_TESTS } from './cases/activation.ts';
import { AFTERMATH_TESTS } from './cases/aftermath.ts';
import { CLUSTER_TESTS } from './cases/cluster.ts';
import { DOOR_TESTS } from './cases/doors.ts';
import { LINT_CLUSTER_TESTS, LINT_TESTS } from './cases/lint.ts';
import { MODEL_KEY_TESTS } from './cases/model-key.ts';
import { MODEL_RUN_TESTS } from './cases/model-run.ts';
import { MODEL_TESTS } from './cases/models.ts';
import { NOTHING_BEGUN_TESTS } from './cases/nothing-begun.ts';
import { RUN_TESTS } from './cases/run.ts';
import { TELEMETRY_TESTS } from './cases/telemetry.ts';
import { UNDO_TESTS } from './cases/undo.ts';
import { WATCH_CLUSTER_TESTS, WATCH_TESTS } from './cases/watch.ts';
import { runTests } from './harness.ts';

/** Entry for the extension host, whoever launched it. @throws when a test failed. */
export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension('stratus.stratus-oncall');
  if (!extension) throw new Error('the extension is not installed in this editor');
  const api = (await extension.activate()) as { version: number; test?: TestHooks };
  const hooks = api.test;
  if (!hooks) throw new Error('the extension does not know that it runs under test');
  const host = { hooks, useApp: (create: Parameters<TestHooks['replaceApp']>[0]) => hooks.replaceApp(create) };
  const cluster = Boolean(process.env.STRATUS_HOST_CLUSTER);
  // These come first: they use the real application, which the others replace.
  const tests = [
    ...ACTIVATION_TESTS,
    ...WATCH_CLUSTER_TESTS,
    ...CLUSTER_TESTS,
    ...MODEL_KEY_TESTS,
    ...LINT_CLUSTER_TESTS,
    ...RUN_TESTS,
    ...NOTHING_BEGUN_TESTS,
    ...UNDO_TESTS,
    ...AFTERMATH_TESTS,
    ...DOOR_TESTS,
    ...MODEL_RUN_TESTS,
    ...MODEL_TESTS,
    ...TELEMETRY_TESTS,
    ...WATCH_TESTS,
    ...LINT_TESTS,
  ];
  const only = process.env.STRATUS_HOST_ONLY;
  const chosen = only ? tests.filter(({ name }) => name.includes(only)) : tests;
  if (chosen.length === 0) throw new Error(`no host test's name contains '${only}'`);
  const { failed } = await runTests(chosen, host, cluster);
  if (failed > 0) throw new Error(`${failed} host test(s) failed`);
}
