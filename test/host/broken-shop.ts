import { deployShop } from '../testbed/app/deploy.ts';
import { SHOP_NAMESPACE, SHOP_REQUEST } from '../testbed/app/topology.ts';
import { healFault, injectFault } from '../testbed/faults/catalog.ts';
import type { Instance } from '../testbed/instance-record.ts';
import { StreamReport } from '../testbed/report.ts';

export const FAULT = 'target-port';

/** Runs `work` while the demo shop has a fault, and repairs the shop afterwards whatever happened. */
export async function withBrokenShop<T>(
  instance: Instance,
  say: (text: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const report = new StreamReport();
  await deployShop(instance, report);
  say(`injecting ${FAULT}`);
  await report.step(`Injecting ${FAULT}`, () => injectFault(instance, FAULT));
  try {
    return await work();
  } finally {
    await report.step(`Healing ${FAULT}`, () => healFault(instance, FAULT));
  }
}

/** Settings with which the extension works on the testbed. */
export function editorSettings(instance: Instance): Record<string, unknown> {
  const { service, port, path } = SHOP_REQUEST;
  const check = `hotels=svc://${SHOP_NAMESPACE}/${service}:${port}${path}`;
  return {
    'stratus.kubectl.path': instance.kubectl,
    'stratus.kubeconfig': instance.kubeconfig,
    // Simulated nodes run no container that could answer.
    'stratus.checks': instance.nodes === 'real' ? [check] : [],
  };
}
