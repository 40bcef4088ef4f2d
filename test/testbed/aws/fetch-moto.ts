import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withFolderLock } from '../folder-lock.ts';
import { cacheHome } from '../paths.ts';
import type { Report } from '../report.ts';
import { runCommand } from '../run-command.ts';
import { TestbedError } from '../testbed-error.ts';

/** Exact versions of all that is fetched. */
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/**
 * Folder with moto and what it needs, for PYTHONPATH; fetched once from the Python index into the cache (about 300 MB).
 * Throws a TestbedError that says what is missing.
 */
export async function ensureMoto(report: Report): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 16);
  const folder = join(cacheHome(), 'moto', hash);
  if (existsSync(folder)) return folder;
  return report.step('Fetching moto, a stand-in for AWS (Python packages; once, cached)', () =>
    withFolderLock(`${folder}.lock`, { timeoutMs: 900_000 }, async () => {
      if (existsSync(folder)) return folder;
      const staging = `${folder}.partial`;
      rmSync(staging, { recursive: true, force: true });
      mkdirSync(dirname(folder), { recursive: true });
      const { code, stderr } = await runCommand(
        ['python3', '-m', 'pip', 'install', '--no-deps', '--target', staging, '--requirement', REQUIREMENTS],
        { timeoutMs: 600_000 },
      );
      if (code !== 0) throw new TestbedError('pip could not fetch moto; python3 and pip are needed', stderr.trim());
      renameSync(staging, folder);
      return folder;
    }),
  );
}
