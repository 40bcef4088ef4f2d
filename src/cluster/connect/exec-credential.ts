import { spawn } from 'node:child_process';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { ClusterEntry, ExecEntry } from './kubeconfig.ts';
import { oneLine } from '../../text/plain-text.ts';

/** What a credential plugin answered. */
export interface ExecCredential {
  token?: string;
  certificate?: string;
  key?: string;
  /** Milliseconds since the epoch; null when it does not expire by itself. */
  expiresAt: number | null;
}

/** Plugins may open a browser for a login; longer than this means that nobody answered. */
const PLUGIN_TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 1 << 20;
const KNOWN_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/**
 * Runs a kubeconfig `exec` plugin once (client authentication protocol v1 and v1beta1): no shell, stdin closed,
 * `KUBERNETES_EXEC_INFO` as client-go sends it.
 * @throws ClusterError exec-plugin: missing (with its install hint), failed, timed out, or not understood
 */
export async function runExecPlugin(
  exec: ExecEntry,
  cluster: ClusterEntry,
  environment: NodeJS.ProcessEnv,
  timeoutMs = PLUGIN_TIMEOUT_MS,
): Promise<ExecCredential> {
  const name = exec.command;
  const fail = (text: string) => new ClusterError('exec-plugin', `credential plugin '${name}' ${text}`);
  if (!name)
    throw new ClusterError('exec-plugin', 'the kubeconfig user has an exec section without a command: correct it');
  if (exec.interactiveMode === 'Always') {
    throw fail(
      'needs a terminal (interactiveMode: Always): log in with it first and use a token or another user entry',
    );
  }
  const apiVersion = exec.apiVersion ?? KNOWN_VERSIONS[0]!;
  if (!KNOWN_VERSIONS.includes(apiVersion)) {
    throw fail(
      `speaks ${oneLine(apiVersion, 80)}, which is no longer supported: update the plugin and its kubeconfig entry`,
    );
  }
  const output = await run(exec, environmentFor(exec, cluster, apiVersion, environment), timeoutMs, fail);
  return readAnswer(output, fail);
}

function environmentFor(
  exec: ExecEntry,
  cluster: ClusterEntry,
  apiVersion: string,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const clusterInfo = {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
    'certificate-authority-data': cluster['certificate-authority-data'],
    'proxy-url': cluster['proxy-url'],
  };
  const spec = { interactive: false, ...(exec.provideClusterInfo ? { cluster: clusterInfo } : {}) };
  return {
    ...environment,
    ...Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
  };
}

function run(
  exec: ExecEntry,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
  fail: (text: string) => ClusterError,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(exec.command, exec.args ?? [], { env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    let out = '';
    let err = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(fail(`did not answer within ${timeoutMs / 1000} s: run it by hand to log in`));
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (out.length < MAX_OUTPUT) out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (err.length < MAX_OUTPUT) err += text;
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const hint = exec.installHint ? `: ${oneLine(exec.installHint, 200)}` : ': install it or put it on PATH';
      reject(error.code === 'ENOENT' ? fail(`was not found${hint}`) : fail(`could not be started (${error.code})`));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(out);
      else reject(fail(`failed (${signal ?? `exit ${code}`}): ${lastLine(err) || 'it said nothing; run it by hand'}`));
    });
  });
}

function readAnswer(output: string, fail: (text: string) => ClusterError): ExecCredential {
  let status: Record<string, unknown> | undefined;
  try {
    const answer = JSON.parse(output) as { kind?: string; status?: Record<string, unknown> };
    if (answer.kind === 'ExecCredential') status = answer.status;
  } catch {
    throw fail('did not print JSON: run it by hand to see what it says');
  }
  const text = (field: string) => (typeof status?.[field] === 'string' ? (status[field] as string) : undefined);
  const token = text('token');
  const certificate = text('clientCertificateData');
  const key = text('clientKeyData');
  if (!token && !(certificate && key)) throw fail('printed no ExecCredential with a token or certificate: update it');
  const expires = Date.parse(text('expirationTimestamp') ?? '');
  return {
    ...(token ? { token } : {}),
    ...(certificate && key ? { certificate, key } : {}),
    expiresAt: Number.isNaN(expires) ? null : expires,
  };
}

function lastLine(text: string): string {
  return oneLine(text.trim().split('\n').at(-1) ?? '', 200);
}
