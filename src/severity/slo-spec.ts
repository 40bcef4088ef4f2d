import { StratusError } from '../domain/stratus-error.ts';
import { oneLine } from '../text/plain-text.ts';

export type Comparison = '>' | '>=' | '<' | '<=' | '==' | '!=';

/** A service-level objective as an expression of PromQL that has to hold. */
export interface SloSpec {
  name: string;
  /** What is measured: PromQL without the comparison. */
  query: string;
  comparison: Comparison;
  bound: number;
}

/** An objective that cannot be read; user interfaces map it to exit code 64. */
export class SloUsageError extends StratusError {
  constructor(text: string, why: string) {
    super(
      'usage',
      `SLO ${JSON.stringify(oneLine(text, 200))}: ${why} (expected NAME=PROMQL with >=, >, <= or < and a number at its end)`,
    );
    this.name = 'SloUsageError';
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const LONGEST = 5_000;
/** Strings are passed over; of what is left the last comparison outside all brackets counts. */
const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[([{]|[)\]}]|>=|<=|==|!=|=~|!~|>|</gs;

/**
 * `NAME=PROMQL`, for example `checkout=sum(rate(ok[5m])) / sum(rate(all[5m])) >= 0.99`: each series that the part before the
 * comparison gives has to be so. The comparison is made here, not by the server: a series that is gone would otherwise look
 * like an objective that is met.
 * @throws SloUsageError
 */
export function parseSlo(text: string): SloSpec {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(0, equals));
  if (!NAME.test(name)) throw new SloUsageError(text, 'its name has to be letters, digits, dots and dashes');
  const expression = text.slice(equals + 1).trim();
  if (expression.length > LONGEST) throw new SloUsageError(text, `it is longer than ${LONGEST} characters`);
  const found = lastComparison(expression);
  if (found === null) throw new SloUsageError(text, 'it compares with nothing');
  if (found === 'open') throw new SloUsageError(text, 'a bracket is not closed');
  const query = expression.slice(0, found.at).trim();
  const bound = expression.slice(found.at + found.comparison.length).trim();
  if (query === '') throw new SloUsageError(text, 'there is nothing before its comparison');
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(bound))
    throw new SloUsageError(text, `${JSON.stringify(oneLine(bound, 60))} after its comparison is no number`);
  return { name, query, comparison: found.comparison, bound: Number(bound) };
}

function lastComparison(expression: string): { at: number; comparison: Comparison } | 'open' | null {
  let depth = 0;
  let last: { at: number; comparison: Comparison } | null = null;
  for (const { 0: token, index } of expression.matchAll(TOKEN)) {
    if ('([{'.includes(token)) depth++;
    else if (')]}'.includes(token)) depth--;
    else if (depth === 0 && /^(?:[<>]=?|[=!]=)$/.test(token)) last = { at: index, comparison: token as Comparison };
  }
  return depth === 0 ? last : 'open';
}

export function holds(value: number, { comparison, bound }: Pick<SloSpec, 'comparison' | 'bound'>): boolean {
  switch (comparison) {
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '==':
      return value === bound;
    case '!=':
      return value !== bound;
  }
}
