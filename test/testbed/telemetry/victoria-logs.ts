import { LOGS_PORT } from '../instance-record.ts';
import type { ServerPod } from './server-pod.ts';

/** Names as VictoriaLogs' own collector for Kubernetes gives them. */
const FIELDS = new URLSearchParams({
  _stream_fields: 'kubernetes.pod_namespace,kubernetes.pod_name,kubernetes.container_name,stream',
  _time_field: '_time',
  _msg_field: '_msg',
}).toString();

/** VictoriaLogs, built, and beside it a shipper that follows the kubelet's files of the output of all containers. */
export const VICTORIA_LOGS: ServerPod = {
  name: 'victoria-logs',
  program: 'victoria-logs',
  args: [
    '-storageDataPath=/data',
    `-httpListenAddr=:${LOGS_PORT}`,
    '-retentionPeriod=7d',
    '-retention.maxDiskSpaceUsageBytes=512MB',
    '-memory.allowedBytes=128MB',
    '-search.maxQueryDuration=30s',
    '-loggerLevel=WARN',
  ],
  port: LOGS_PORT,
  healthPath: '/health',
  memory: 256,
  folders: { '/var/log/pods': '/var/log/pods' },
  helper: {
    program: 'log-shipper',
    args: ['-pods=/var/log/pods', `-to=http://127.0.0.1:${LOGS_PORT}/insert/jsonline?${FIELDS}`],
  },
};
