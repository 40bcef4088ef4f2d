import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kubectl } from '../testbed/app/kubectl.ts';
import { suspend } from '../testbed/disturb.ts';
import type { Instance } from '../testbed/instance-record.ts';
import type { MitigateFlowOptions } from './mitigate-flow.ts';
import { untilAsked } from './mitigate-flow.ts';
import type { Workbench } from './workbench.ts';

const CHANGE_TIMEOUT_MS = 20_000;

/**
 * Approve → the window is reloaded while the change settles → the banner, the tree and its badge tell of the interrupted
 * change, the run view is back → undo → the cluster is as before. Without its controllers the cluster does not settle,
 * so that the change is still open when the window goes.
 */
export async function reloadFlow(
  workbench: Workbench,
  options: MitigateFlowOptions & { instance: Instance },
): Promise<void> {
  const { namespace, pictures, say, instance } = options;
  const { page, runView } = workbench;
  const picture = async (name: string) => {
    if (pictures) await page.screenshot({ path: join(pictures, name) });
  };

  const before = await servicesOf(instance, namespace);
  const approve = await untilAsked(workbench, options);

  const goOn = suspend(instance, 'kube-controller-manager');
  // Nodes count as lost when their heartbeats go unseen for longer.
  const timer = setTimeout(goOn, 25_000);
  try {
    await approve.click();
    await workbench.tree('Undo Stack').filter({ hasText: 'in progress' }).waitFor();
    await untilChanged(instance, namespace, before);
    await workbench.reload();
  } finally {
    clearTimeout(timer);
    goOn();
  }
  say('reloaded amid a change');

  const banner = await workbench.told(/was interrupted.*neither kept nor undone/);
  for (const name of ['Undo', 'Keep As It Is', 'Inspect'])
    await banner.getByRole('button', { name, exact: true }).waitFor();
  await workbench.tree('Undo Stack').filter({ hasText: 'interrupted: needs undo' }).waitFor();
  await page
    .locator('.activitybar .action-item')
    .filter({ has: page.getByLabel('On-call') })
    .locator('.badge')
    .waitFor();
  await runView.getByRole('heading', { name: 'Interrupted amid a change' }).waitFor();
  await picture('recovery-after-reload.png');

  await banner.getByRole('button', { name: 'Undo', exact: true }).click();
  await workbench.told(/Undone and verified/);
  await workbench.tree('Undo Stack').filter({ hasText: 'interrupted' }).waitFor({ state: 'detached' });
  const after = await servicesOf(instance, namespace);
  if (!isDeepStrictEqual(after, before)) throw new Error('the cluster is not as it was before the change');
  await runView.getByRole('heading', { name: /^Interrupted. The cluster is as it was/ }).waitFor();
  await picture('recovery-undone.png');
  say('undone after the reload');
}

async function untilChanged(instance: Instance, namespace: string, before: Map<string, unknown>): Promise<void> {
  const end = performance.now() + CHANGE_TIMEOUT_MS;
  while (isDeepStrictEqual(await servicesOf(instance, namespace), before)) {
    if (performance.now() > end) throw new Error('the change was not made');
    await sleep(100);
  }
}

/** Specification of each Service by name. */
async function servicesOf(instance: Instance, namespace: string): Promise<Map<string, unknown>> {
  const { items } = await new Kubectl(instance).get(`/api/v1/namespaces/${namespace}/services`);
  const services = items as { metadata: { name: string }; spec: unknown }[];
  return new Map(services.map(({ metadata, spec }) => [metadata.name, spec]));
}
