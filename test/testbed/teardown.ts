import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiServerHost, instanceFiles, removeRecord, type InstanceRecord } from './instance-record.ts';
import { removeCgroup } from './node/cgroups.ts';
import { bootId, killProcesses, processesWithMark } from './processes.ts';
import { runCommand } from './run-command.ts';
import { TestbedError } from './testbed-error.ts';

export interface TeardownOptions {
  /** Leaves the logs in place, for reading after a failed start. */
  readonly keepLogs: boolean;
}

const STEP_TIMEOUT_MS = 10_000;

/**
 * Ends everything an instance has or had: processes by recorded pid and start time, then those that carry its mark,
 * then waits for the node's mounts, interfaces and routes to go with them, removes control groups and files. It can
 * be repeated, and works from the record alone, whatever state the instance was left in.
 */
export async function tearDown(folder: string, record: InstanceRecord, options: TeardownOptions): Promise<void> {
  if (record.bootId === bootId()) {
    const order = (name: string) => (name === 'node' ? 0 : name === 'node-holder' ? 1 : 2);
    await killProcesses([...record.processes].sort((a, b) => order(a.name) - order(b.name)));
    for (let left = processesWithMark(record.id); left.length > 0; left = processesWithMark(record.id)) {
      await killProcesses(left);
    }
    if (record.nodes === 'real') {
      await waitForLink(record);
      await removeMounts(folder);
      await removeCgroup(record.name);
    }
    await waitForPorts(record);
  }
  const files = instanceFiles(folder);
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry);
    if (entry === 'instance.json' || (options.keepLogs && path === files.logs)) continue;
    rmSync(path, { recursive: true, force: true });
  }
  removeRecord(folder);
  if (!options.keepLogs) rmSync(folder, { recursive: true, force: true });
}

/** The interface and its routes go with the node's network; one that stays is deleted by its number. */
async function waitForLink(record: InstanceRecord): Promise<void> {
  if (record.linkIndex === undefined) return;
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  for (;;) {
    const name = interfaceWithIndex(record.linkIndex);
    if (!name) return;
    if (performance.now() > deadline) {
      const { code, stderr } = await runCommand(['ip', 'link', 'delete', name]);
      if (code !== 0) throw new TestbedError(`network interface ${name} cannot be removed`, stderr);
      return;
    }
    await sleep(20);
  }
}

function interfaceWithIndex(index: number): string | undefined {
  return readdirSync('/sys/class/net').find((name) => {
    try {
      return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')) === index;
    } catch {
      return false;
    }
  });
}

/** Nothing is mounted below the folder outside the node's own mount namespace; if something is, it goes first. */
async function removeMounts(folder: string): Promise<void> {
  for (const path of mountsBelow(folder).reverse()) {
    const { code, stderr } = await runCommand(['umount', '-l', path]);
    if (code !== 0) throw new TestbedError(`${path} cannot be unmounted`, stderr);
  }
}

/** Mount points of this process's namespace below a folder, in mount order. */
export function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .trim()
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((path) => path.startsWith(`${folder}/`));
}

async function waitForPorts(record: InstanceRecord): Promise<void> {
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  // The address of a real node's link is gone by now, and its port with it.
  const loopbackOnly = apiServerHost(record) === '127.0.0.1';
  const ports = loopbackOnly ? Object.values(record.ports) : [record.ports.etcdClient, record.ports.etcdPeer];
  for (const port of ports) {
    while (!(await isPortFree(port))) {
      if (performance.now() > deadline)
        throw new TestbedError(`port ${port} is still in use after the cluster stopped`);
      await sleep(20);
    }
  }
}

/** Whether a loopback port can be listened on now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
