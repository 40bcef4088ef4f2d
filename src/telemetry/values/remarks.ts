import type { Answer } from '../../domain/telemetry.ts';

const MOST = 300;

/** An `ok` with what is to be said of it, where there is something. */
export function told<T>(
  value: T,
  asOf: number,
  cuts: readonly (string | undefined)[],
  notes: readonly (string | undefined)[] = [],
): Answer<T> {
  const cut = sentence(cuts);
  const note = sentence(notes);
  return { state: 'ok', value, asOf, ...(cut ? { cut } : {}), ...(note ? { note } : {}) };
}

function sentence(parts: readonly (string | undefined)[]): string {
  const text = [...new Set(parts.filter((part) => part))].join('; ');
  return text.length <= MOST ? text : `${text.slice(0, MOST - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
