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
 * Python that has moto, with its server for CloudWatch and logs: a virtual environment in the cache (140 MB), filled once
 * from the Python index. Throws a TestbedError that says what is missing.
 */
export async function ensureMoto(report: Report): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 16);
  const folder = join(cacheHome(), 'moto', hash);
  const python = join(folder, 'bin', 'python');
  if (existsSync(folder)) return python;
  return report.step('Fetching moto, a stand-in for AWS (Python packages; once, cached)', () =>
    withFolderLock(`${folder}.lock`, { timeoutMs: 900_000 }, async () => {
      if (existsSync(folder)) return python;
      const staging = `${folder}.partial`;
      rmSync(staging, { recursive: true, force: true });
      mkdirSync(dirname(folder), { recursive: true });
      const run = async (argv: string[]) => {
        const { code, stdout, stderr } = await runCommand(argv, { timeoutMs: 600_000 });
        const hint = 'moto needs python3 with venv (apt-get install python3-venv) and the Python index';
        if (code !== 0) throw new TestbedError(hint, (stderr || stdout).trim());
      };
      await run(['python3', '-m', 'venv', staging]);
      const install = ['-m', 'pip', 'install', '--no-deps', '--requirement', REQUIREMENTS];
      await run([join(staging, 'bin', 'python'), ...install]);
      renameSync(staging, folder);
      return python;
    }),
  );
}
