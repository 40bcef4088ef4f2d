import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { parseJson } from '../../json/lossless-json.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/** The kubectl that commands run with. */
export interface KubectlBinary {
  /** Absolute. */
  path: string;
  /** e.g. `v1.34.4`. */
  version: string;
}

const OLDEST_MINOR = 27;

/** kubectl is missing, too old or does not run. The message says what to do. */
export class KubectlMissing extends StratusError {
  constructor(message: string) {
    super('kubectl-missing', message);
    this.name = 'KubectlMissing';
  }
}

/**
 * The kubectl of the setting, else of `$STRATUS_KUBECTL`, else the first on PATH.
 * @throws KubectlMissing
 */
export async function findKubectl(configured: string | undefined, env: NodeJS.ProcessEnv): Promise<KubectlBinary> {
  const [given, source] = configured
    ? [configured, 'the settings']
    : env.STRATUS_KUBECTL
      ? [env.STRATUS_KUBECTL, '$STRATUS_KUBECTL']
      : [undefined, 'PATH'];
  const path = given ?? (await searchPath(env));
  if (!path)
    throw new KubectlMissing('kubectl not found on PATH: install it, or set $STRATUS_KUBECTL to its absolute path');
  if (!isAbsolute(path)) throw new KubectlMissing(`${source} must be an absolute path to kubectl, not ${path}`);
  if (!(await isExecutable(path))) throw new KubectlMissing(`no executable kubectl at ${path} (from ${source})`);
  const version = await clientVersion(path, source);
  const minor = /^v1\.(\d+)/.exec(version)?.[1];
  if (minor === undefined || Number(minor) < OLDEST_MINOR) {
    throw new KubectlMissing(
      `kubectl at ${path} is ${version}; Stratus needs 1.${OLDEST_MINOR} or newer (set $STRATUS_KUBECTL)`,
    );
  }
  return { path, version };
}

/** Its path; null where there is none that works: a terminal is of use without it. */
export function pathIfAny(found: Promise<KubectlBinary>): Promise<string | null> {
  return found.then(
    ({ path }) => path,
    () => null,
  );
}

async function searchPath(env: NodeJS.ProcessEnv): Promise<string | null> {
  const name = process.platform === 'win32' ? 'kubectl.exe' : 'kubectl';
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    // A relative entry would run whatever lies in the opened workspace.
    if (isAbsolute(folder) && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function clientVersion(path: string, source: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      path,
      ['version', '--client', '-o', 'json'],
      { env: {}, timeout: 10_000, windowsHide: true },
      (error, stdout) => {
        try {
          if (error) throw error;
          resolve(String((parseJson(stdout) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion));
        } catch {
          reject(new KubectlMissing(`${path} (from ${source}) does not answer "version --client" like kubectl`));
        }
      },
    );
  });
}
