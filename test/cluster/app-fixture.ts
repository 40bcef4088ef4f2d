import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../../src/domain/target.ts';
import type { StratusApp } from '../../src/run/app.ts';
import { createApp } from '../../src/run/create-app.ts';
import type { GatewayHarness } from './gateway/gateway-harness.ts';

/** The whole application in the namespace of a gateway, with a state folder of its own. */
export interface TestApp {
  app: StratusApp;
  stateFolder: string;
  target(): Promise<Target>;
  close(): Promise<void>;
}

/** Its writer lock is that of the namespace, so that tests beside each other do not wait. */
export async function openApp({ instance, namespace }: GatewayHarness): Promise<TestApp> {
  const stateFolder = await mkdtemp(join(tmpdir(), 'stratus-app-'));
  const { kubeconfig, kubectl, context } = instance;
  const app = await createApp({ stateFolder, kubectlPath: kubectl, kubeconfig, lockNamespace: namespace });
  return {
    app,
    stateFolder,
    target: () => app.targets.pin(context, namespace),
    close: async () => {
      await app.dispose();
      await rm(stateFolder, { recursive: true, force: true });
    },
  };
}
