import type { ApiClient } from '../api-client.ts';
import { ALERTMANAGER_PORT } from '../instance-record.ts';
import { startDebianPod } from './debian-pod.ts';
import { ALERT_GROUP_SECONDS } from './intervals.ts';
import type { TelemetryContext } from './server.ts';

/** Alertmanager from Debian's package: alerts of Prometheus, silences and inhibition; it notifies nobody. */
export async function startAlertmanager(context: TelemetryContext, api: ApiClient): Promise<void> {
  await startDebianPod(context, api, {
    name: 'alertmanager',
    program: 'prometheus-alertmanager',
    image: 'testbed.local/alertmanager:0.25.0',
    // Debian took its templates out of the program.
    shared: ['prometheus/alertmanager/default.tmpl', 'prometheus/alertmanager/email.tmpl'],
    args: [
      '--config.file=/etc/alertmanager/config.yml',
      '--storage.path=/data',
      `--web.listen-address=:${ALERTMANAGER_PORT}`,
      // One alone: no peers are looked for.
      '--cluster.listen-address=',
      '--data.retention=24h',
    ],
    port: ALERTMANAGER_PORT,
    healthPath: '/-/ready',
    config: CONFIG,
  });
}

const CONFIG = {
  global: { resolve_timeout: '1m' },
  route: {
    receiver: 'nobody',
    group_by: ['alertname', 'namespace'],
    group_wait: `${ALERT_GROUP_SECONDS}s`,
    group_interval: '5s',
    repeat_interval: '1h',
  },
  receivers: [{ name: 'nobody' }],
  inhibit_rules: [
    {
      source_matchers: ['severity="critical"'],
      target_matchers: ['severity="warning"'],
      equal: ['alertname', 'namespace', 'service'],
    },
  ],
};
