import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ClusterConnection } from '../../../src/cluster/connect/cluster-connection.ts';
import { connect } from '../../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import type { LeaseLockOptions } from '../../../src/cluster/lock/lease-lock.ts';
import { LeaseLock } from '../../../src/cluster/lock/lease-lock.ts';
import { LockFence } from '../../../src/cluster/lock/lock-fence.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { WriterCredential } from '../../../src/cluster/lock/writer-token.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { passAsUpstream } from '../../../src/gateway/wire/raw-access.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts');

/** One writer with its parts open: what it sends as the writer goes around every check of Stratus itself. */
export interface OpenWriter {
  lock: LeaseLock;
  /** The API as the writer, with the token of the last time that `lock` was taken. */
  asWriter: KubeApi;
  close(): void;
}

/** Time goes on, but whoever waits for it is never woken: the lock of a process that hangs is not renewed. */
export class HangingClock extends SystemClock {
  override sleep(): Promise<void> {
    return new Promise(() => undefined);
  }
}

/** A writer whose lock Lease and fence live in the test's own namespace. `lockClock` is the lock's alone. */
export async function openWriter(
  gateway: GatewayHarness,
  name: string,
  over: Partial<LeaseLockOptions> & { kubeconfig?: string; lockClock?: SystemClock } = {},
): Promise<OpenWriter> {
  const { kubeconfig: path = gateway.instance.kubeconfig, lockClock, ...options } = over;
  const kubeconfig = await loadKubeconfig({ kubeconfig: path });
  const target = await kubeconfig.target(gateway.instance.context, gateway.namespace);
  const clock = new SystemClock();
  const connections: ClusterConnection[] = [];
  const open = async (credential?: WriterCredential) => {
    const connection = await connect(kubeconfig, target, { clock, environment: process.env }, credential);
    connections.push(connection);
    return connection;
  };
  const credential = new WriterCredential();
  const [own, writer] = [await open(), await open(credential)];
  const lock = new LeaseLock(own, lockClock ?? clock, {
    namespace: gateway.namespace,
    stateFolder: `/state/${name}`,
    owner: { user: name, host: 'here', pid: process.pid },
    fence: new LockFence(own, writer, credential, clock, gateway.namespace),
    ...options,
  });
  return {
    lock,
    asWriter: new KubeApi(passAsUpstream(writer)),
    close: () => connections.forEach((connection) => connection.close()),
  };
}

/** A kubeconfig of the instance with a service account's token in place of the administrator's certificate. */
export async function kubeconfigOf(gateway: GatewayHarness, serviceAccount: string): Promise<string> {
  const token = (await gateway.kubectl('create', 'token', serviceAccount, '--duration=3600s')).trim();
  const config = parse(await readFile(gateway.instance.kubeconfig, 'utf8')) as { users: { user: unknown }[] };
  config.users[0]!.user = { token };
  const path = join(gateway.stateFolder, `${serviceAccount}.kubeconfig`);
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  child: ChildProcess;
  done: Promise<CliResult>;
}

/** Starts `stratus ARGS` in a process of its own, on the test's cluster, namespace and lock. */
export function startCli(gateway: GatewayHarness, args: string[], env: Record<string, string> = {}): RunningCli {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      KUBECONFIG: gateway.instance.kubeconfig,
      STRATUS_KUBECTL: gateway.instance.kubectl,
      STRATUS_HOME: gateway.stateFolder,
      STRATUS_LOCK_NAMESPACE: gateway.namespace,
      ...env,
    },
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (texts.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (texts.stderr += bytes.toString()));
  const done = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
  return { child, done };
}

export function stratus(gateway: GatewayHarness, args: string[], env: Record<string, string> = {}): Promise<CliResult> {
  return startCli(gateway, args, env).done;
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}
