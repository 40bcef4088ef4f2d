import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PlanFile } from '../../domain/finding.ts';
import { printJson } from '../../json/lossless-json.ts';
import type { ChildOutput } from './child.ts';
import { supervise } from './child.ts';
import type { KubectlBinary } from './kubectl-binary.ts';
import { makePrivateFolder, removeLeftovers } from '../disk/private-folder.ts';

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

/**
 * Runs kubectl as a child that knows nothing of this machine: argv without a shell, closed environment, empty home with
 * a private discovery cache per cluster, stdin closed, own process group.
 */
export class Kubectl {
  readonly #binary: KubectlBinary;
  readonly #discovery: string;
  readonly #workingFolder: string | undefined;
  readonly #places = new Map<string, Promise<Place>>();
  #swept = false;

  /**
   * @param stateFolder holds the discovery cache, kept apart by `fingerprint` of the cluster
   * @param workingFolder where relative file arguments of a person's own command are looked up; default: an empty folder
   */
  constructor(binary: KubectlBinary, stateFolder: string, fingerprint: string, workingFolder?: string) {
    this.#binary = binary;
    this.#workingFolder = workingFolder;
    const cluster = createHash('sha256').update(fingerprint).digest('hex').slice(0, 16);
    this.#discovery = join(stateFolder, 'kubectl', cluster, 'discovery');
  }

  async run(run: KubectlRun): Promise<ChildOutput> {
    const place = await this.#placeFor(run);
    const files = await writeFiles(run.files ?? [], place.folder);
    try {
      const argv = run.argv.map((word) =>
        word.replaceAll(/\{\{([^{}]+)\}\}/g, (whole, name: string) => files.get(name) ?? whole),
      );
      const cwd = this.#workingFolder ?? place.empty;
      const output = await supervise(this.#binary.path, argv, { env: place.env, cwd }, run);
      return { ...output, ...withoutPrefix(run.server, output) };
    } finally {
      await Promise.all([...files.values()].map((path) => rm(path, { force: true })));
    }
  }

  /** Removes what was prepared for a loopback address; call it when its listener closes. */
  async forget(server: string): Promise<void> {
    const mine = [...this.#places].filter(([key]) => key.startsWith(`${server} `));
    for (const [key, pending] of mine) {
      this.#places.delete(key);
      // What was never made need not be removed.
      const place = await pending.catch(() => null);
      if (place) await rm(place.folder, { recursive: true, force: true });
    }
  }

  /** Kubeconfig and folders for one loopback address; made once, because each file operation is paid by every command. */
  #placeFor({ server, namespace, context = 'stratus' }: KubectlRun): Promise<Place> {
    const key = `${server} ${namespace} ${context}`;
    let place = this.#places.get(key);
    if (!place) {
      place = this.#prepare(server, namespace, context);
      this.#places.set(key, place);
      // The caller gets the failure; the next one tries again.
      place.catch(() => this.#places.delete(key));
    }
    return place;
  }

  async #prepare(server: string, namespace: string, context: string): Promise<Place> {
    if (!this.#swept) {
      this.#swept = true;
      void removeLeftovers();
    }
    const folder = await makePrivateFolder();
    const kubeconfig = join(folder, 'kubeconfig');
    await Promise.all([
      mkdir(join(folder, 'empty')),
      mkdir(join(folder, 'home')),
      writeFile(kubeconfig, kubeconfigFor(server, namespace, context), { mode: 0o600 }),
      this.#shareDiscovery(server, join(folder, 'cache')),
    ]);
    return { folder, empty: join(folder, 'empty'), env: childEnvironment(folder) };
  }

  /**
   * kubectl keeps discovery by server address, which is a new one in each transaction: its folder for this address
   * becomes a link to one folder per cluster. Where links are not possible it just asks again.
   */
  async #shareDiscovery(server: string, cache: string): Promise<void> {
    // As kubectl derives it from the address.
    const name = server.replace(/^https?:\/\//, '').replaceAll(/[^\w/.]/g, '_');
    const path = join(cache, 'discovery', name);
    try {
      await mkdir(this.#discovery, { recursive: true, mode: 0o700 });
      await mkdir(dirname(path), { recursive: true });
      await symlink(this.#discovery, path, 'dir');
    } catch {
      // Only slower; also where the disk is full.
    }
  }
}

const TELLING_LENGTH = 8;

/**
 * Verbose output, errors and `config view` name the address. Its prefix is what lets a program in, for as long as the
 * transaction is open, and output ends up in terminals, logs and pages.
 */
function withoutPrefix(server: string, { stdout, stderr }: ChildOutput): Pick<ChildOutput, 'stdout' | 'stderr'> {
  const prefix = server.slice(server.lastIndexOf('/') + 1);
  const clean = (text: string): string => {
    const whole = text.replaceAll(`/${prefix}`, '').replaceAll(prefix, '…');
    // Output that was cut off may end amid it.
    for (let length = prefix.length - 1; length >= TELLING_LENGTH; length--)
      if (whole.endsWith(prefix.slice(0, length))) return `${whole.slice(0, -length)}…`;
    return whole;
  };
  return { stdout: clean(stdout), stderr: clean(stderr) };
}

/**
 * A command lives for some 40 ms, a sixth of which Go would spend collecting garbage of its own start. The limit keeps a
 * long list from using the memory that this leaves uncollected.
 */
export const GO_RUNTIME = { GOGC: '400', GOMEMLIMIT: '512MiB' };

interface Place {
  folder: string;
  empty: string;
  env: NodeJS.ProcessEnv;
}

/** A kubeconfig without credentials for a loopback address. */
export function kubeconfigFor(server: string, namespace: string, context: string): string {
  return printJson({
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

function childEnvironment(folder: string): NodeJS.ProcessEnv {
  const home = join(folder, 'home');
  return {
    KUBECONFIG: join(folder, 'kubeconfig'),
    KUBECACHEDIR: join(folder, 'cache'),
    HOME: home,
    USERPROFILE: home,
    PATH: join(folder, 'empty'),
    TMPDIR: folder,
    // User preferences could add options to any command without being seen.
    KUBECTL_KUBERC: 'false',
    KUBERC: 'off',
    EDITOR: 'false',
    KUBE_EDITOR: 'false',
    LANG: 'C.UTF-8',
    NO_PROXY: '127.0.0.1',
    ...GO_RUNTIME,
    ...(process.platform === 'win32' ? { SYSTEMROOT: process.env.SYSTEMROOT } : {}),
  };
}
