import type { Workbench } from './workbench.ts';

/** Installed from its package, as users have it: notifications pop up, the log is there, and so are the pages. */
export async function installedFlow(workbench: Workbench): Promise<void> {
  const { page } = workbench;
  await workbench.container('On-call');
  await workbench.command('Stratus: Show Run');
  await page.locator('.notification-toast').filter({ hasText: 'No incident is being worked on' }).waitFor();
  await workbench.clearNotifications();
  await workbench.command('Stratus: Show Log');
  await page.locator('.output-view .view-line').filter({ hasText: 'activated in' }).first().waitFor();
  await workbench.command('Stratus: Open Documentation');
  await workbench.runView.getByRole('link', { name: 'Promises' }).waitFor();
}
