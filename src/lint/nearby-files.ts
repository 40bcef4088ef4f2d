import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { ReadNearby } from './applied-files.ts';
import { CONFIG_NAME } from './config-file.ts';
import { decodeText } from './lint-files.ts';

/** Larger manifests are not opened from a script. */
const MAX_BYTES = 256 * 1024;

/**
 * The nearest `.stratus.yaml` at or above a folder.
 * @param visit called with each folder before it is looked into
 */
export function nearestConfig(folder: string, visit?: (folder: string) => void): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    visit?.(at);
    const path = join(at, CONFIG_NAME);
    if (existsSync(path)) return path;
    if (dirname(at) === at) return undefined;
  }
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way));
}

/**
 * Opens the manifests that a script names: looked up from `root`, where scripts are usually started, then from the
 * script's own folder. Only small regular text files whose real place is within `root`; anything else is undefined.
 */
export function nearbyFiles(root: string, scriptFolder: string): ReadNearby {
  return (path) => {
    for (const folder of new Set([root, scriptFolder])) {
      try {
        const real = realpathSync(resolve(folder, path));
        const stat = statSync(real);
        if (!stat.isFile() || stat.size > MAX_BYTES || !isWithin(realpathSync(root), real)) continue;
        return decodeText(readFileSync(real));
      } catch {
        // Not there, or not readable: the next folder.
      }
    }
    return undefined;
  };
}
