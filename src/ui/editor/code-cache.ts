import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** A bundle that was loaded. */
export interface Loaded<T> {
  exports: T;
  /** Whether what an earlier start had compiled could be used. */
  warm: boolean;
  /** Keeps what is compiled by now for the next start; does nothing when that is known already. @throws no place, no room */
  keep(): Promise<void>;
}

/**
 * Loads a CommonJS bundle with what was compiled of it at an earlier start: compiling is half of what a large bundle
 * costs, and the extension host can do nothing else meanwhile. V8 refuses what another version of it has written, and
 * compares the length of the source only: its hash is therefore part of the name.
 * @param folder for what is kept; made when missing
 */
export function loadBundle<T>(file: string, folder: string): Loaded<T> {
  const source = readFileSync(file, 'utf8');
  const name = basename(file, '.cjs');
  const kept = join(folder, `${name}-${createHash('sha256').update(source).digest('hex').slice(0, 16)}.v8`);
  const cachedData = readOrNothing(kept);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const script = new Script(wrapped, { filename: file, ...(cachedData ? { cachedData } : {}) });
  const warm = cachedData !== undefined && script.cachedDataRejected === false;
  const module = { exports: {} };
  const run = script.runInThisContext() as (...parts: unknown[]) => void;
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  const keep = async (): Promise<void> => {
    if (warm) return;
    const data = script.createCachedData();
    await mkdir(folder, { recursive: true });
    const draft = `${kept}.${randomBytes(4).toString('hex')}`;
    await writeFile(draft, data);
    await rename(draft, kept);
    const former = (await readdir(folder)).filter((one) => one.startsWith(`${name}-`) && join(folder, one) !== kept);
    await Promise.all(former.map((one) => rm(join(folder, one), { force: true })));
  };
  return { exports: module.exports as T, warm, keep };
}

function readOrNothing(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    // The first start of this version, or a folder that cannot be read: it is compiled as ever.
    return undefined;
  }
}
