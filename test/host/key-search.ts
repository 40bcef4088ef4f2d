import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The key that tests type where a model's key is asked for. It may stand in the secret storage only. */
export const TEST_KEY = 'sk-test-only-0123456789';

/** @returns the files below `folder` that hold `text`, by path; none where the folder is not there */
export async function filesWith(text: string, folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // The editor removes files meanwhile, which is no reason to fail.
    const content = await readFile(path).catch(() => null);
    if (content?.includes(text)) found.push(path);
  }
  return found;
}
