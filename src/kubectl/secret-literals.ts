import { parseAllDocuments } from 'yaml';
import { effectOf } from './effect.ts';
import { isShownFlag, mayCarryContent, readArgv } from './secret-words.ts';

/** Literal values of Secrets that a command which writes them has in its arguments, plain or as base64. */
export function secretLiterals(argv: readonly string[]): string[] {
  const parsed = readArgv(argv);
  if (!parsed || !mayCarryContent(parsed) || !effectOf(parsed)?.writes) return [];
  return parsed.flags.flatMap((use) => {
    if (isShownFlag(use) || use.name === 'output' || use.name === 'template') return [];
    if (use.name === 'from-literal') return [use.value.slice(use.value.indexOf('=') + 1)];
    return use.name === 'patch' ? [use.value, ...patchValues(use.value)] : [use.value];
  });
}

/** Strings at places where a patch of a Secret has values. */
function patchValues(text: string): string[] {
  const found: string[] = [];
  const leaves = (value: unknown): void => {
    if (typeof value === 'string') found.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(leaves);
  };
  try {
    for (const document of parseAllDocuments(text, { version: '1.1', logLevel: 'silent' })) {
      const patch: unknown = document.toJS({ maxAliasCount: 100 });
      for (const part of Array.isArray(patch) ? (patch as unknown[]) : [patch]) {
        if (typeof part !== 'object' || part === null) continue;
        for (const [key, value] of Object.entries(part)) if (/^(data|stringData|value)$/.test(key)) leaves(value);
      }
    }
  } catch {
    // kubectl cannot read it either; the text as a whole is known.
  }
  return found;
}
