/**
 * Writes docs/rbac/*.yaml from the objects that `stratus lock install-fence` applies.
 *
 *   node scripts/generate-fence-manifests.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fenceObjects } from '../src/cluster/lock/fence-manifests.ts';
import { fenceYaml } from '../src/cluster/lock/fence-yaml.ts';
import { DEFAULT_LOCK_NAMESPACE } from '../src/cluster/lock/lease-record.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'rbac');

/** Every file of docs/rbac but its README, by name. */
export function fenceFiles(): Map<string, string> {
  const objects = fenceObjects(DEFAULT_LOCK_NAMESPACE);
  const names = [...new Set(objects.map(({ file }) => file))];
  return new Map(names.map((name) => [name, fenceYaml(objects.filter(({ file }) => file === name))]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of fenceFiles()) writeFileSync(join(FOLDER, name), text);
}
