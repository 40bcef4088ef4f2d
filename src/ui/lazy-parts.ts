import type { CreateApp } from './editor/app-loader.ts';
import { BusyTime } from './editor/busy-time.ts';
import type { LintConnectionOptions } from './lint/lint-connection.ts';
import type { OnDemand, OnDemandParts } from './on-demand.ts';

/** Parts that are bundles of their own, read when first used: activation must not pay for them. */

/** The application with its Kubernetes client, by far the largest part of the extension. */
export const loadApp: CreateApp = async (config) => (await import('../run/create-app.ts')).createApp(config);

/** Parts that people ask for now and then. */
export async function loadOnDemand(parts: OnDemandParts): Promise<OnDemand> {
  const { createOnDemand } = await import('./on-demand.ts');
  return createOnDemand(parts);
}

/** The client of the language server. */
export async function loadLinter(options: LintConnectionOptions) {
  const busy = new BusyTime();
  busy.count();
  const { connectLinter } = await import('./lint/lint-connection.ts');
  return connectLinter(options, busy);
}
