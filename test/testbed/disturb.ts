import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import { readRecord, writeRecord, type Instance, type InstanceRecord } from './instance-record.ts';
import { isRunning, killProcesses, logTail, startDaemon, type ProcessRecord } from './processes.ts';
import { TestbedError } from './testbed-error.ts';

/** Parts of a control plane that tests stop under the product. */
export type Part = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

const READY_TIMEOUT_MS = 60_000;

/** Stops a part with SIGSTOP: connections stay open, nothing answers. Returns how to let it go on. */
export function suspend(instance: Instance, part: Part): () => void {
  const { process: target } = find(instance, part);
  process.kill(target.pid, 'SIGSTOP');
  return () => {
    if (isRunning(target)) process.kill(target.pid, 'SIGCONT');
  };
}

/**
 * Kills a part with SIGKILL. Returns how to start it again with the same arguments, which waits until the API server is
 * ready and puts the new process on record.
 */
export async function kill(instance: Instance, part: Part): Promise<() => Promise<void>> {
  const { process: target } = find(instance, part);
  const [command = '', ...args] = readFileSync(`/proc/${target.pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  await killProcesses([target]);
  return async () => {
    const { record } = find(instance, part);
    const { stateFolder } = instance;
    const fresh = await startDaemon({ name: part, command, args, log: target.log, cwd: stateFolder }, record.id);
    const processes = record.processes.map((entry) => (entry.name === part ? fresh : entry));
    writeRecord(stateFolder, { ...record, processes });
    await untilReady(instance);
  };
}

/** Waits until the API server and what it stands on answer. */
export async function untilReady(instance: Instance): Promise<void> {
  const { record } = find(instance, 'kube-apiserver');
  const api = new ApiClient(instance.stateFolder, record);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  try {
    for (;;) {
      const ready = await api.send('GET', '/readyz').then(
        ({ status }) => status === 200,
        () => false,
      );
      if (ready) return;
      if (performance.now() > deadline) {
        const { log } = find(instance, 'kube-apiserver').process;
        throw new TestbedError(`the API server was not ready again within ${READY_TIMEOUT_MS / 1000} s`, logTail(log));
      }
      await sleep(50);
    }
  } finally {
    api.close();
  }
}

function find(instance: Instance, part: Part): { record: InstanceRecord; process: ProcessRecord } {
  const record = readRecord(instance.stateFolder);
  const found = record?.processes.find(({ name }) => name === part);
  if (!record || !found) throw new TestbedError(`instance ${instance.name} has no ${part} on record`);
  return { record, process: found };
}
