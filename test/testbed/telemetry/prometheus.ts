import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from '../api-client.ts';
import { startComponent } from '../control-plane.ts';
import { ALERTMANAGER_PORT } from '../instance-record.ts';
import { slotNetwork } from '../slots.ts';
import { EVALUATION_SECONDS, ALERT_RESEND_SECONDS } from './intervals.ts';
import { scrapeConfigs } from './scrape-configs.ts';
import { addressOf, folderOf, untilAnswers, type TelemetryContext } from './server.ts';
import { hostService } from './services.ts';

/** Soft limit of its heap; with what else a process has, about 100 MB more. */
const MEMORY = '256MiB';
const RETENTION = ['--storage.tsdb.retention.time=15d', '--storage.tsdb.retention.size=1GB'];

/**
 * Prometheus from Debian's package. Its rules are those of rules.yml beside this file and what `addRules` adds. A
 * history that was written before it starts is served as if it had been scraped.
 */
export async function startPrometheus(context: TelemetryContext, api: ApiClient): Promise<void> {
  const address = addressOf(context);
  const port = context.ports.prometheus;
  const folder = folderOf(context, 'prometheus');
  const config = join(folder, 'prometheus.json');
  mkdirSync(join(folder, RULES), { recursive: true });
  copyFileSync(join(import.meta.dirname, 'rules.yml'), join(folder, RULES, 'testbed.yml'));
  writeFileSync(config, JSON.stringify(prometheusConfig(context), null, 2));
  const server = await startComponent(
    context,
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      ...RETENTION,
      `--web.listen-address=${address}:${port}`,
      // As alerts tell people where they come from.
      `--web.external-url=http://${address}:${port}/`,
      '--web.enable-lifecycle',
      '--query.max-concurrency=4',
      '--query.timeout=30s',
      `--rules.alert.resend-delay=${ALERT_RESEND_SECONDS}s`,
    ],
    { GOMEMLIMIT: MEMORY },
  );
  await untilAnswers(server, `http://${address}:${port}/-/ready`);
  for (const manifest of hostService('prometheus', 9090, { address, port })) await api.create(manifest);
}

const RULES = 'rules';

function prometheusConfig(context: TelemetryContext): unknown {
  const { nodeAddress } = slotNetwork(context.record.slot);
  return {
    global: { evaluation_interval: `${EVALUATION_SECONDS}s`, external_labels: { cluster: context.record.name } },
    rule_files: [`${RULES}/*.yml`],
    alerting: {
      alertmanagers: [{ static_configs: [{ targets: [`${nodeAddress}:${ALERTMANAGER_PORT}`] }] }],
    },
    scrape_configs: scrapeConfigs(context),
  };
}
