import type { FlagType } from './grammar/grammar-types.ts';

/** Stands, in words taken from scripts, for a part that is known only when the script runs. Never valid from an agent. */
export const DYNAMIC = '\uE0FF';

const BOOLS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);
const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const DURATION = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const DURATION_PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};
/** Go's integer literals with base 0: underscores are allowed between digits after a base prefix or digit. */
const INTEGER = /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?\d)*)$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|infinity|nan)$/i;

/** True if kubectl would accept the text as a value of this type. Lists, maps and strings accept any text here. */
export function isValidFlagValue(type: FlagType, value: string): boolean {
  if (value.includes(DYNAMIC)) return true;
  switch (type) {
    case 'bool':
      return BOOLS.has(value);
    case 'integer':
      return INTEGER.test(value);
    case 'float':
      return FLOAT.test(value);
    case 'duration':
      return DURATION.test(value);
    case 'decimal':
      return /^[+-]?\d+$/.test(value);
    case 'csv':
      return isCsvRecord(value);
    case 'csv-pairs':
      return isPairRecord(value);
    case 'pairs':
      return value.split(',').every((pair) => pair === '' || pair.includes('='));
    case 'levels':
      return value.split(',').every((pair) => pair === '' || /^[^=]+=\d+$/.test(pair));
    default:
      return true;
  }
}

/** pflag reads comma lists with Go's CSV reader: a quote must open a field, close it, or be doubled inside it. */
function isCsvRecord(value: string): boolean {
  if (!value.includes('"')) return true;
  return /^(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*))*$/.test(value);
}

/** pflag's key=value flags: one `=` is one pair as it stands, more are a CSV record of pairs. */
function isPairRecord(value: string): boolean {
  const signs = value.split('=').length - 1;
  if (signs <= 1) return signs === 1;
  if (!isCsvRecord(value)) return false;
  return [...value.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].every((field) => field[1]?.includes('='));
}

/** The truth of a bool flag's value as kubectl reads it; undefined if it would be rejected. */
export function boolValue(value: string): boolean | undefined {
  return BOOLS.has(value) ? TRUE_WORDS.has(value) : undefined;
}

/** Seconds in a Go duration such as `1m30s`; undefined if it is none. */
export function durationSeconds(value: string): number | undefined {
  if (!DURATION.test(value)) return undefined;
  let total = 0;
  for (const [, amount = '0', unit = 's'] of value.matchAll(DURATION_PART))
    total += Number(amount) * (SECONDS[unit] ?? 0);
  return value.startsWith('-') ? -total : total;
}
