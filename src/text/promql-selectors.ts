/** Parts of PromQL that are passed over as they stand: strings, comments, ranges, and numbers with durations. */
const PASSED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*|\[[^\]]*\]|(?:\d|\.\d)[\w.]*/sy;
const WORD = /[a-zA-Z_:][\w:]*/y;
/** What stands in braces, strings as wholes. */
const OPENING = /\s*\{/y;
const BRACES = /\s*\{((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[^"'`{}])*)\}/sy;
/** A list of labels follows, or nothing. */
const BEFORE_LABELS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const LABELS = /\s*\([^()]*\)/y;
const OPERATORS = new Set(['and', 'or', 'unless', 'atan2', 'bool', 'offset', 'inf', 'nan', 'start', 'end']);
/** A function, or an aggregation whose labels come first. */
const CALL = /\s*(?:\(|(?:by|without)\b)/iy;

/**
 * PromQL with further label matchers in each of its vector selectors.
 * @param matchersOf matchers (`name="value"`) for a metric, null where the selector names none; none: it stays as it is
 * @throws Error for text that cannot be taken apart: a string or a brace that does not end
 */
export function withMatchers(query: string, matchersOf: (metric: string | null) => readonly string[]): string {
  let made = '';
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(query);
  };
  const take = (found: RegExpExecArray): void => {
    made += found[0];
    at += found[0].length;
  };
  const selector = (metric: string | null): void => {
    const more = matchersOf(metric);
    if (!match(OPENING)) {
      made += more.length > 0 ? `{${more.join(',')}}` : '';
      return;
    }
    const braces = match(BRACES);
    if (!braces) throw new Error('a brace of the query does not end');
    const kept = braces[1]!.trim() === '' ? [] : [braces[1]!];
    made += `{${[...more, ...kept].join(',')}}`;
    at += braces[0].length;
  };
  while (at < query.length) {
    const passed = match(PASSED);
    const word = passed ? null : match(WORD);
    if (passed) take(passed);
    else if (word) {
      take(word);
      const lower = word[0].toLowerCase();
      const labels = BEFORE_LABELS.has(lower) ? match(LABELS) : null;
      if (labels) take(labels);
      else if (!BEFORE_LABELS.has(lower) && !OPERATORS.has(lower) && !match(CALL)) selector(word[0]);
    } else if (query[at] === '{') selector(null);
    else if ('"\'`['.includes(query[at]!)) throw new Error('a string or a range of the query does not end');
    else made += query[at++];
  }
  return made;
}
