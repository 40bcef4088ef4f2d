import { readFileSync } from 'node:fs';
import type { FieldsByKind } from '../../../../scripts/generate-openapi-fields.ts';
import { FIELDS_FIXTURE } from '../../../../scripts/generate-openapi-fields.ts';

/** Kinds and fields of all releases, as test/fixtures/openapi/fields.txt lists them. */
export function storedFields(): FieldsByKind {
  const kinds: FieldsByKind = new Map();
  let fields = new Set<string>();
  for (const line of readFileSync(FIELDS_FIXTURE, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const text = line.trim().replace(/ [\d.]*-[\d.]*$/, '');
    if (line.startsWith('  ')) fields.add(text);
    else kinds.set(text, (fields = new Set()));
  }
  return kinds;
}
