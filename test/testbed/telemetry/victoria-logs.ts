import { join } from 'node:path';
import type { ApiClient } from '../api-client.ts';
import { startComponent } from '../control-plane.ts';
import { instanceFiles } from '../instance-record.ts';
import { addressOf, folderOf, untilAnswers, type TelemetryContext } from './server.ts';
import { hostService } from './services.ts';

/** VictoriaLogs, built, with the lines of all containers of the node: a shipper beside it follows the kubelet's files. */
export async function startVictoriaLogs(context: TelemetryContext, api: ApiClient): Promise<void> {
  const address = addressOf(context);
  const port = context.ports.logs;
  const url = `http://${address}:${port}`;
  const server = await startComponent(context, 'victoria-logs', [
    `-storageDataPath=${join(folderOf(context, 'victoria-logs'), 'data')}`,
    `-httpListenAddr=${address}:${port}`,
    '-retentionPeriod=7d',
    '-retention.maxDiskSpaceUsageBytes=512MB',
    '-memory.allowedBytes=128MB',
    '-search.maxQueryDuration=30s',
    '-loggerLevel=WARN',
  ]);
  await untilAnswers(server, `${url}/health`);
  for (const manifest of hostService('victoria-logs', 9428, { address, port })) await api.create(manifest);
  const pods = join(instanceFiles(context.folder).node, 'log', 'pods');
  await startComponent(context, 'log-shipper', [`-pods=${pods}`, `-to=${url}/insert/jsonline?${FIELDS}`], {
    GOMEMLIMIT: '32MiB',
  });
}

/** Names as VictoriaLogs' own collector for Kubernetes gives them. */
const FIELDS = new URLSearchParams({
  _stream_fields: 'kubernetes.pod_namespace,kubernetes.pod_name,kubernetes.container_name,stream',
  _time_field: '_time',
  _msg_field: '_msg',
}).toString();
