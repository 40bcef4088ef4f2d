import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

export interface MitigateFlowOptions {
  context: string;
  namespace: string;
  pictures?: string;
  say(text: string): void;
}

/** Palette → target → a run that has begun. */
export async function begin(
  workbench: Workbench,
  { namespace }: Pick<MitigateFlowOptions, 'namespace'>,
): Promise<void> {
  await workbench.container('On-call');
  await workbench.command('Stratus: Mitigate Incident');
  // The kubeconfig has one context, which is not asked about; a part of the name takes the namespace that has it.
  await workbench.pick(/which namespace/, namespace, namespace.slice(1, -1));
}

/** Palette → target → run view with a plan. Resolves with the button that approves it. */
export async function untilAsked(
  workbench: Workbench,
  target: Pick<MitigateFlowOptions, 'namespace'>,
): Promise<Locator> {
  await begin(workbench, target);
  const approve = approval(workbench);
  await approve.waitFor();
  return approve;
}

export function approval(workbench: Workbench): Locator {
  return workbench.runView.getByRole('button', { name: 'Approve and run' });
}

/** Palette → target → run view → approve → resolved → undo from the tree. Each wait is for what a person would see. */
export async function mitigateFlow(workbench: Workbench, options: MitigateFlowOptions): Promise<void> {
  const { context, namespace, pictures, say } = options;
  const { page, runView } = workbench;
  const picture = async (name: string) => {
    if (pictures) await page.screenshot({ path: join(pictures, name) });
  };

  const approve = await untilAsked(workbench, options);
  await runView.getByText('spec.ports[').first().waitFor();
  await workbench.statusItem(`${namespace} @ ${context}: Waiting for your approval`).waitFor();
  say('waiting for approval');
  await picture('run-awaiting-approval.png');

  await runView
    .getByRole('button', { name: /^Compare/ })
    .first()
    .click();
  await page.locator('.tab').filter({ hasText: 'dry run' }).waitFor();
  // Both sides are drawn when the changed line is marked.
  await page.locator('.monaco-diff-editor .modified .view-line').filter({ hasText: 'targetPort:' }).first().waitFor();
  await page.locator('.monaco-diff-editor .modified .char-insert').first().waitFor();
  await picture('dry-run-diff.png');
  await page
    .locator('.tab')
    .filter({ hasText: `Incident: ${namespace}` })
    .click();

  await approve.click();
  await runView.getByRole('heading', { name: 'Resolved', exact: true }).waitFor();
  say('resolved');
  const row = workbench.tree('Undo Stack').filter({ hasText: 'kept · ' }).first();
  await row.waitFor();
  await workbench.clearNotifications();
  await picture('run-resolved.png');

  await row.hover();
  // The name goes on with the keys that do the same.
  await row.getByRole('button', { name: /^Undo( \(|$)/ }).click();
  await page.locator('.monaco-dialog-box').waitFor();
  await workbench.answer('Undo');
  await workbench.tree('Undo Stack').filter({ hasText: 'undone' }).first().waitFor();
  await runView.getByRole('heading', { name: /^Undone/ }).waitFor();
  await workbench.told(/Undone and verified/);
  say('undone');
}
