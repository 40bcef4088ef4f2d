import { CLOSED_KINDS } from './closed-kinds.ts';
import { CONSEQUENCES } from './consequence-table.ts';
import type { Rows } from './field-rule.ts';
import { METADATA } from './table/metadata.ts';

/**
 * All rows of one kind by `GROUP/Kind`: its own, and of the common ones those it does not replace. Null for a kind that
 * is not built in.
 */
export function rowsOfKind(key: string): Rows | null {
  if (Object.hasOwn(CLOSED_KINDS, key)) return { '**': { act: 'one-way', why: CLOSED_KINDS[key]! } };
  const own = Object.hasOwn(CONSEQUENCES, key) ? CONSEQUENCES[key]! : null;
  if (!own) return null;
  // A kind that says `metadata.labels.*` means every label, those of a known prefix too.
  const replaced = Object.keys(own)
    .filter((path) => path.endsWith('.*'))
    .map((path) => `${path.slice(0, -2)}[`);
  const common = Object.entries(METADATA).filter(([path]) => !replaced.some((start) => path.startsWith(start)));
  return { ...Object.fromEntries(common), ...own };
}
