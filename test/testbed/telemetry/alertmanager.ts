import { ALERTMANAGER_PORT } from '../instance-record.ts';
import { ALERT_GROUP_SECONDS } from './intervals.ts';
import type { ServerPod } from './server-pod.ts';

/** Alertmanager from Debian's package: alerts of Prometheus, silences and inhibition; it notifies nobody. */
export const ALERTMANAGER: ServerPod = {
  name: 'alertmanager',
  program: 'prometheus-alertmanager',
  args: [
    '--config.file=/etc/alertmanager/config.json',
    '--storage.path=/data',
    `--web.listen-address=:${ALERTMANAGER_PORT}`,
    // One alone: no peers are looked for.
    '--cluster.listen-address=',
    '--data.retention=24h',
  ],
  port: ALERTMANAGER_PORT,
  healthPath: '/-/ready',
  memory: 96,
  files: {
    'config.json': JSON.stringify(
      {
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
      },
      null,
      2,
    ),
  },
};

/** Files that the program opens at fixed paths below /usr/share: Debian took its templates out of it. */
export const SHARED_FILES = ['prometheus/alertmanager/default.tmpl', 'prometheus/alertmanager/email.tmpl'];
