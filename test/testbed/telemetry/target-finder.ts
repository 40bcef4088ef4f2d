import { REAL_NODE_NAME, startComponent } from '../control-plane.ts';
import { apiServerUrl, instanceFiles } from '../instance-record.ts';
import { slotNetwork } from '../slots.ts';
import { BLACKBOX_PORT } from './blackbox.ts';
import { targetsFolder } from './scrape-configs.ts';
import type { TelemetryContext } from './server.ts';

/** Tells Prometheus of pods and Services as they come and go; what it writes shows whether it works. */
export async function startTargetFinder(context: TelemetryContext): Promise<void> {
  const { nodeAddress } = slotNetwork(context.record.slot);
  await startComponent(context, 'target-finder', [
    `-server=${apiServerUrl(context.record)}`,
    `-pki=${instanceFiles(context.folder).pki}`,
    `-node=${REAL_NODE_NAME}`,
    `-blackbox=${nodeAddress}:${BLACKBOX_PORT}`,
    `-folder=${targetsFolder(context)}`,
  ]);
}
