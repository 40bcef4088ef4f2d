import type { FieldsByKind } from '../../../../scripts/generate-openapi-fields.ts';
import { METADATA_KIND } from '../../../../scripts/generate-openapi-fields.ts';
import { rowsOfKind } from '../../../../src/undo/consequences/kind-rows.ts';
import { RuleTrie } from '../../../../src/undo/consequences/rule-trie.ts';

/** Fields of these kinds, and of their metadata, of which the table says nothing; kinds it does not have, with all of theirs. */
export function fieldsWithoutRule(kinds: FieldsByKind): string[] {
  const metadata = [...(kinds.get(METADATA_KIND) ?? [])].map((field) => `metadata.${field}`);
  return [...kinds.keys()]
    .filter((kind) => kind !== METADATA_KIND)
    .flatMap((kind) => {
      const rows = rowsOfKind(kind);
      const trie = rows && new RuleTrie(rows);
      return [...kinds.get(kind)!, ...metadata]
        .filter((field) => !covered(trie, field))
        .map((field) => `${kind} ${field}`);
    });
}

/** A type that is listed elsewhere needs a rule for everything in it. */
function covered(trie: RuleTrie | null, field: string): boolean {
  const [path, type] = field.split(' ') as [string, string | undefined];
  if (type === '<ObjectMeta>' && path === 'metadata') return true;
  const steps = path.split('.');
  return trie?.find(type ? [...steps, 'any', 'thing'] : steps) != null;
}
