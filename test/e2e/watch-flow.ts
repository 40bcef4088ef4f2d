import { join } from 'node:path';
import type { MitigateFlowOptions } from './mitigate-flow.ts';
import type { Workbench } from './workbench.ts';

/** Palette → target → the status bar tells of the incident, so does a message → the tree names its cause → Mitigate there. */
export async function watchFlow(
  workbench: Workbench,
  { context, namespace, pictures, say }: MitigateFlowOptions,
): Promise<void> {
  const { page, runView } = workbench;
  await workbench.container('On-call');
  await workbench.command('Stratus: Start Watching');
  await workbench.pick(/which namespace/, namespace, namespace.slice(1, -1));
  await workbench
    .statusItem(`${namespace} @ ${context}: first look`)
    .or(workbench.statusItem('watching'))
    .first()
    .waitFor();
  await workbench.statusItem('open').filter({ hasText: 'incident' }).first().waitFor();
  say('an incident opened by itself');
  const told = await workbench.told(new RegExp(`${namespace} @ ${context}: .*, for .*It probably begins at`));
  for (const name of ['Mitigate', 'Diagnose', 'Not Now'])
    await told.getByRole('button', { name, exact: true }).waitFor();
  const incident = workbench.tree('Incidents').filter({ hasText: 'open since' }).first();
  await incident.waitFor();
  await incident.click();
  await page.keyboard.press('ArrowRight');
  await workbench.tree('Incidents').filter({ hasText: 'Cause: ' }).first().waitFor();
  if (pictures) await page.screenshot({ path: join(pictures, 'watch-incident.png') });

  await workbench.clearNotifications();
  await incident.hover();
  await incident.getByRole('button', { name: /^Mitigate Incident( \(|$)/ }).click();
  await runView.getByRole('button', { name: 'Approve and run' }).waitFor();
  await runView.getByRole('button', { name: 'Cancel run' }).click();
  await runView.getByRole('heading', { name: /^Cancelled/ }).waitFor();
  await workbench.command('Stratus: Stop Watching');
  await workbench.tree('Incidents').filter({ hasText: 'open since' }).first().waitFor({ state: 'detached' });
}
