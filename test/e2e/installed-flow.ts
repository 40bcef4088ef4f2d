import type { Workbench } from './workbench.ts';

/** Installed from its package, as users have it: notifications pop up, the log is there, and so are the pages. */
export async function installedFlow(workbench: Workbench): Promise<void> {
  const { page } = workbench;
  await workbench.container('On-call');
  await workbench.command('Stratus: Show Run');
  await page.locator('.notification-toast').filter({ hasText: 'No incident is being worked on' }).waitFor();
  await workbench.clearNotifications();
  await showLog(workbench);
  await workbench.command('Stratus: Open Documentation');
  await workbench.runView.getByRole('link', { name: 'Promises' }).waitFor();
}

/** The editor now and then does not open the panel that it was asked for while a notification goes: then once more. */
async function showLog(workbench: Workbench): Promise<void> {
  const line = workbench.page.locator('.output-view .view-line').filter({ hasText: 'activated in' }).first();
  for (let tries = 1; ; tries++) {
    await workbench.command('Stratus: Show Log');
    try {
      return await line.waitFor({ timeout: 20_000 });
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}
