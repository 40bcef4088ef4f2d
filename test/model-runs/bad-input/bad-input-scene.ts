import { untilAsked } from '../../judge/wait.ts';
import type { GatewayHarness } from '../../cluster/gateway/gateway-harness.ts';
import { openGateway } from '../../cluster/gateway/gateway-harness.ts';
import { ProxiedProduct } from '../../cluster/gateway/proxied-product.ts';
import type { Instance } from '../../testbed/instance.ts';
import { hopelessScene, ILL, WELL } from './scene.ts';

const READY_MS = 90_000;

/** The hopeless namespace on a cluster, and the product before it. */
export interface BadInputScene {
  gateway: GatewayHarness;
  product: ProxiedProduct;
  args: string[];
  close(): Promise<void>;
}

export async function openBadInputScene(instance: Instance): Promise<BadInputScene> {
  const gateway = await openGateway(instance, 'badinput');
  const { namespace } = gateway;
  const product = await ProxiedProduct.open(instance, { lockNamespace: namespace });
  for (const object of hopelessScene(namespace)) await gateway.apply(object);
  await gateway.kubectl('rollout', 'status', `deployment/${WELL}`, '--timeout=90s');
  await untilAsked(READY_MS, `a pod of ${ILL} says why it does not start`, async () =>
    /ErrImageNeverPull/.test(await gateway.kubectl('get', 'pods', '-l', `app=${ILL}`, '-o', 'json')) ? '' : 'not yet',
  );
  return {
    gateway,
    product,
    args: ['--namespace', namespace, '--context', instance.context, '--timeout', '60'],
    close: async () => {
      await product.close();
      await gateway.close();
    },
  };
}
