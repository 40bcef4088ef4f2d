import { join } from 'node:path';
import type { Instance } from '../../testbed/instance-record.ts';
import { instanceFiles, readRecord } from '../../testbed/instance-record.ts';
import { killProcesses, startDaemon } from '../../testbed/processes.ts';
import type { Api } from '../api.ts';
import { CUSTOM_KINDS, ignoreConflict, installCustomKinds, pathOfCustom } from './custom-kinds.ts';

const NAMESPACE = 'judge-operator';

export interface RunningOperator {
  /** Paths of objects whose `spec.ping` it answers. */
  pings: string[];
  stop(): Promise<void>;
}

/**
 * Defines the custom kinds and starts the operator on a cluster. It carries the cluster's mark: a teardown of the
 * cluster ends it too.
 */
export async function startOperator(api: Api, instance: Instance): Promise<RunningOperator> {
  await installCustomKinds(api);
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } }).catch(ignoreConflict);
  const operated = CUSTOM_KINDS.filter((one) => one.operated);
  for (const { plural } of operated) {
    await api
      .create(pathOfCustom(plural, NAMESPACE), {
        apiVersion: 'ops.example.test/v1',
        kind: CUSTOM_KINDS.find((one) => one.plural === plural)!.kind,
        metadata: { name: plural },
        spec: {},
      })
      .catch(ignoreConflict);
  }
  const process_ = await startDaemon(
    {
      name: 'operator',
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'main.ts'), instance.kubeconfig],
      log: join(instanceFiles(instance.stateFolder).logs, 'operator.log'),
      cwd: instance.stateFolder,
    },
    readRecord(instance.stateFolder)!.id,
  );
  return {
    pings: operated.map(({ plural }) => pathOfCustom(plural, NAMESPACE, plural)),
    stop: () => killProcesses([process_]),
  };
}
