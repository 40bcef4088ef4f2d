import { isDeepStrictEqual } from 'node:util';
import type { PatchOp } from '../../../src/domain/change.ts';
import type { Loose } from './builders.ts';

/** The operations of a `patch --type=json` command. */
export function patchOps(argv: string[]): Loose[] {
  const word = argv.find((each) => each.startsWith('-p='));
  if (!word) throw new Error(`no patch in ${argv.join(' ')}`);
  return JSON.parse(word.slice(3));
}

/** The object after a JSON patch (RFC 6902: test, add, replace and remove). @throws Error where the server would refuse */
export function applyPatch(object: Loose, ops: readonly PatchOp[]): Loose {
  const result = structuredClone(object) as Loose;
  for (const patch of ops) {
    const steps = patch.path
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop()!;
    const parent = steps.reduce((at, step) => at?.[step], result);
    if (parent === null || typeof parent !== 'object') throw new Error(`nothing to hold ${patch.path}`);
    if (patch.op !== 'add' && !(last in parent)) throw new Error(`nothing at ${patch.path}`);
    if (patch.op === 'test' && !isDeepStrictEqual(parent[last], patch.value))
      throw new Error(`test failed at ${patch.path}`);
    if (patch.op === 'remove') {
      if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else delete parent[last];
    } else if (patch.op === 'add' && Array.isArray(parent)) {
      parent.splice(last === '-' ? parent.length : Number(last), 0, patch.value);
    } else if (patch.op !== 'test') parent[last] = patch.value;
  }
  return result;
}
