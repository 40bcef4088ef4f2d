import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALERTMANAGER_PORT, PROMETHEUS_PORT } from '../instance-record.ts';
import { NODE_DATA } from '../node/node-namespace.ts';
import { BLACKBOX_PORT } from './blackbox.ts';
import { ALERT_RESEND_SECONDS, EVALUATION_SECONDS } from './intervals.ts';
import { scrapeConfigs, TARGETS_FOLDER, type ScrapePlace } from './scrape-configs.ts';
import type { ServerPod } from './server-pod.ts';

/** Name of the folder with its data, in the node's data. */
export const PROMETHEUS_DATA = 'prometheus';

/**
 * Prometheus from Debian's package, with rules.yml beside this file where it has rules. Its data are in a folder of the node, where a history
 * can be put beside them.
 */
export function prometheus(place: ScrapePlace, hasRules: boolean): ServerPod {
  return {
    name: 'prometheus',
    program: 'prometheus',
    args: [
      '--config.file=/etc/prometheus/config.json',
      '--storage.tsdb.path=/data/tsdb',
      '--storage.tsdb.retention.time=15d',
      '--storage.tsdb.retention.size=1GB',
      `--web.listen-address=:${PROMETHEUS_PORT}`,
      // As alerts tell people where they come from.
      `--web.external-url=http://${place.nodeAddress}:${PROMETHEUS_PORT}/`,
      '--web.enable-lifecycle',
      '--query.max-concurrency=4',
      '--query.timeout=30s',
      `--rules.alert.resend-delay=${ALERT_RESEND_SECONDS}s`,
    ],
    port: PROMETHEUS_PORT,
    healthPath: '/-/ready',
    memory: 512,
    files: {
      'config.json': JSON.stringify(configOf(place), null, 2),
      ...(hasRules ? { 'testbed.yml': readFileSync(join(import.meta.dirname, 'rules.yml'), 'utf8') } : {}),
    },
    readsCluster: true,
    folders: { '/data': `${NODE_DATA}/${PROMETHEUS_DATA}` },
    helper: {
      program: 'target-finder',
      args: [`-node=${place.nodeName}`, `-blackbox=${place.nodeAddress}:${BLACKBOX_PORT}`, `-folder=${TARGETS_FOLDER}`],
    },
  };
}

function configOf(place: ScrapePlace): unknown {
  const alertmanager = `${place.nodeAddress}:${ALERTMANAGER_PORT}`;
  return {
    global: { evaluation_interval: `${EVALUATION_SECONDS}s`, external_labels: { cluster: place.cluster } },
    rule_files: ['/etc/prometheus/*.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: scrapeConfigs(place),
  };
}
