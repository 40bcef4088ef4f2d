import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PlanFile } from '../domain/finding.ts';
import type { KubectlBinary } from './kubectl-binary.ts';

export interface KubectlRun {
  /** Arguments without the word kubectl. */
  argv: string[];
  /** Loopback address with its secret prefix. */
  server: string;
  namespace: string;
  /** Name of the pinned context, so that a command may name it; default `stratus`. */
  context?: string;
  files?: PlanFile[];
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface KubectlOutput {
  /** -1 when it was killed or could not be started. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Why it did not end by itself; empty otherwise. */
  killed: string;
}

/** Output beyond this is cut: nobody reads it, and a runaway command must not fill memory. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;
const KILL_GRACE_MS = 2_000;

/**
 * Runs kubectl as a child that knows nothing of this machine: argv without a shell, closed environment, empty home with
 * a private discovery cache per cluster, stdin closed, own process group.
 */
export class Kubectl {
  private readonly binary: KubectlBinary;
  private readonly home: string;
  private readonly workingFolder: string | undefined;
  private readonly places = new Map<string, Promise<Place>>();

  /**
   * @param stateFolder holds the discovery cache, kept apart by `fingerprint` of the cluster
   * @param workingFolder where relative file arguments of a person's own command are looked up; default: an empty folder
   */
  constructor(binary: KubectlBinary, stateFolder: string, fingerprint: string, workingFolder?: string) {
    this.binary = binary;
    this.workingFolder = workingFolder;
    const cluster = createHash('sha256').update(fingerprint).digest('hex').slice(0, 16);
    this.home = join(stateFolder, 'kubectl', cluster);
  }

  async run(run: KubectlRun): Promise<KubectlOutput> {
    const place = await this.placeFor(run);
    const files = await writeFiles(run.files ?? [], place.folder);
    try {
      const argv = run.argv.map((word) =>
        word.replaceAll(/\{\{([^{}]+)\}\}/g, (whole, name: string) => files.get(name) ?? whole),
      );
      return await supervise(this.binary.path, argv, { env: place.env, cwd: this.workingFolder ?? place.empty }, run);
    } finally {
      await Promise.all([...files.values()].map((path) => rm(path, { force: true })));
    }
  }

  /** Removes what was prepared for a loopback address; call it when its listener closes. */
  async forget(server: string): Promise<void> {
    const mine = [...this.places].filter(([key]) => key.startsWith(`${server} `));
    for (const [key, pending] of mine) {
      this.places.delete(key);
      const place = await pending.catch(() => null);
      if (place) await rm(place.folder, { recursive: true, force: true });
    }
    await rm(dirname(this.discoveryFolder(server)), { recursive: true, force: true });
  }

  /** Kubeconfig and folders for one loopback address; made once, because each file operation is paid by every command. */
  private placeFor({ server, namespace, context = 'stratus' }: KubectlRun): Promise<Place> {
    const key = `${server} ${namespace} ${context}`;
    let place = this.places.get(key);
    if (!place) {
      place = this.prepare(server, namespace, context);
      this.places.set(key, place);
      place.catch(() => this.places.delete(key));
    }
    return place;
  }

  private async prepare(server: string, namespace: string, context: string): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'stratus-kubectl-'));
    const empty = join(folder, 'empty');
    await mkdir(empty);
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigFor(server, namespace, context), { mode: 0o600 });
    await this.shareDiscovery(server);
    return { folder, empty, env: childEnvironment(kubeconfig, this.home, empty) };
  }

  /**
   * kubectl keeps discovery by server address, which is a new one in each transaction: its folder for this address
   * becomes a link to one folder per cluster. Where links are not possible it just asks again.
   */
  private async shareDiscovery(server: string): Promise<void> {
    const shared = join(this.home, '.kube', 'cache', 'discovery', 'shared');
    await mkdir(shared, { recursive: true, mode: 0o700 });
    const path = this.discoveryFolder(server);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await symlink(shared, path, 'dir').catch(() => undefined);
  }

  /** As kubectl derives it from the address. */
  private discoveryFolder(server: string): string {
    const name = server.replace(/^https?:\/\//, '').replaceAll(/[^\w/.]/g, '_');
    return join(this.home, '.kube', 'cache', 'discovery', name);
  }
}

interface Place {
  folder: string;
  empty: string;
  env: NodeJS.ProcessEnv;
}

function kubeconfigFor(server: string, namespace: string, context: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stratus', cluster: { server } }],
    users: [{ name: 'stratus', user: {} }],
    contexts: [{ name: context, context: { cluster: 'stratus', user: 'stratus', namespace } }],
    'current-context': context,
  });
}

/** `{{name}}` in a word stands for the path of that file. */
async function writeFiles(files: PlanFile[], folder: string): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const file of files) {
    const path = join(folder, `file-${randomBytes(4).toString('hex')}.yaml`);
    await writeFile(path, file.content, { mode: 0o600 });
    paths.set(file.name, path);
  }
  return paths;
}

function childEnvironment(kubeconfig: string, home: string, emptyPath: string): NodeJS.ProcessEnv {
  return {
    KUBECONFIG: kubeconfig,
    HOME: home,
    USERPROFILE: home,
    PATH: emptyPath,
    TMPDIR: dirname(kubeconfig),
    // User preferences could add options to any command without being seen.
    KUBECTL_KUBERC: 'false',
    KUBERC: 'off',
    EDITOR: 'false',
    KUBE_EDITOR: 'false',
    LANG: 'C.UTF-8',
    NO_PROXY: '127.0.0.1',
    ...(process.platform === 'win32' ? { SYSTEMROOT: process.env.SYSTEMROOT } : {}),
  };
}

function supervise(
  path: string,
  argv: string[],
  place: { env: NodeJS.ProcessEnv; cwd: string },
  { timeoutMs, signal }: KubectlRun,
): Promise<KubectlOutput> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve({ exitCode: -1, stdout: '', stderr: '', killed: 'cancelled' });
      return;
    }
    const child = spawn(path, argv, {
      ...place,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const output = { stdout: '', stderr: '' };
    let killed = '';
    let forced: NodeJS.Timeout | undefined;
    const kill = (reason: string) => {
      if (killed) return;
      killed = reason;
      signalGroup(child.pid, 'SIGTERM');
      forced = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_GRACE_MS);
    };
    const timer = setTimeout(() => kill(`no end within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
    const onAbort = () => kill('cancelled');
    signal?.addEventListener('abort', onAbort, { once: true });
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < OUTPUT_LIMIT) output[name] = (output[name] + text).slice(0, OUTPUT_LIMIT);
        else kill(`more than ${OUTPUT_LIMIT} characters of output`);
      });
    }
    const end = (exitCode: number, extra = '') => {
      clearTimeout(timer);
      clearTimeout(forced);
      signal?.removeEventListener('abort', onAbort);
      resolve({ exitCode: killed ? -1 : exitCode, stdout: output.stdout, stderr: output.stderr + extra, killed });
    };
    child.on('error', (error) => end(-1, `kubectl could not be started: ${error.message}`));
    child.on('close', (code) => end(code ?? -1));
  });
}

/** The child leads its own group, so that whatever it started ends with it. */
function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, name);
  } catch {
    // Already gone.
  }
}
