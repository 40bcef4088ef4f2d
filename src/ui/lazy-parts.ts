import { dirname, join } from 'node:path';
import type { CreateApp } from './editor/app-loader.ts';
import { BusyTime } from './editor/busy-time.ts';
import { loadBundle } from './editor/code-cache.ts';
import type { ConnectLinter } from './lint/lint-client.ts';
import type * as LintConnectionBundle from './lint/lint-connection.ts';
import type { OnDemand, OnDemandParts } from './on-demand.ts';

/** Parts that are bundles of their own, read when first used: activation must not pay for them. */

/** The application with its Kubernetes client, by far the largest part of the extension. */
export const loadApp: CreateApp = async (config) => (await import('../run/create-app.ts')).createApp(config);

/** Parts that people ask for now and then. */
export async function loadOnDemand(parts: OnDemandParts): Promise<OnDemand> {
  const { createOnDemand } = await import('./on-demand.ts');
  return createOnDemand(parts);
}

/**
 * The client of the language server, whose bundle lies beside the server's.
 * @param cache folder for what is compiled of it
 */
export function loadLinter(cache: string): ConnectLinter {
  return async (options) => {
    const busy = new BusyTime();
    busy.count();
    const bundle = join(dirname(options.server), 'lint-connection.cjs');
    const { exports, keep } = loadBundle<typeof LintConnectionBundle>(bundle, cache);
    const connection = await exports.connectLinter(options, busy);
    // Without it the next start only takes longer.
    void keep().catch(() => undefined);
    return connection;
  };
}
