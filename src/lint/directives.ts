import type { Finding } from './finding.ts';

/** One `stratus: disable-…` comment. */
interface Directive {
  scope: 'file' | 'line' | 'next-line';
  rules: readonly string[];
  reason: string;
  start: number;
  end: number;
  /** Zero-based line it is on. */
  line: number;
}

const COMMENT = /(?:#|\/\/|<!--|\{\{-?\s*\/\*)[^\S\n]*stratus:[^\S\n]*disable-(file|line|next-line)\b([^\n]*)/g;

/** What is meant as such a comment and is none. */
const MISSPELT =
  /(?:#|\/\/|<!--)[^\S\n]*stratus(?::[^\S\n]*disable(?!-(?:file|line|next-line)\b)|[^\S\n]+disable-)[^\n]*/g;

/** Offsets at which each line starts. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The zero-based line of an offset. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function readDirectives(text: string, starts: readonly number[]): Directive[] {
  return [...text.matchAll(COMMENT)].map((match) => {
    const [whole, scope = 'line', tail = ''] = match;
    const [names = '', ...reason] = tail.replace(/(-->|\*\/\s*-?\}\})\s*$/, '').split(/\s--\s/);
    return {
      scope: scope as Directive['scope'],
      rules: names.split(/[\s,]+/).filter(Boolean),
      reason: reason.join(' -- ').trim(),
      start: match.index,
      end: match.index + whole.trimEnd().length,
      line: lineAt(starts, match.index),
    };
  });
}

/** The comment that disables rules at a place, for the editor’s quick fix. */
export function directiveText(scope: Directive['scope'], rule: string): string {
  return `stratus: disable-${scope} ${rule} -- reason`;
}

/** What is left of the findings of a text after its comments, and how many those took away. */
export interface Kept {
  findings: Finding[];
  suppressed: number;
}

/**
 * Drops the findings that comments disable. A comment without a reason, or about a rule that does not exist, becomes a
 * finding itself. A command that goes on over several lines is one line here.
 * @param isRule true for the ids of rules
 */
export function applyDirectives(text: string, findings: readonly Finding[], isRule: (id: string) => boolean): Kept {
  const all = [...findings];
  if (!/\bstratus\b/.test(text)) return { findings: all, suppressed: 0 };
  const starts = lineStarts(text);
  const directives = readDirectives(text, starts);
  const firstLineOf = (line: number): number => {
    let first = line;
    while (first > 0 && continues(text, starts, first - 1)) first--;
    return first;
  };
  const covers = (directive: Directive, finding: Finding): boolean => {
    if (directive.rules.length > 0 && !directive.rules.includes(finding.rule)) return false;
    if (directive.scope === 'file') return true;
    const line = lineAt(starts, finding.start);
    if (directive.scope === 'next-line') return firstLineOf(line) === directive.line + 1;
    return firstLineOf(line) === firstLineOf(directive.line);
  };
  const kept = all.filter((finding) => !directives.some((directive) => covers(directive, finding)));
  const suppressed = all.length - kept.length;
  for (const { start, end, rules, reason } of directives) {
    const add = (rule: string, message: string, severity: Finding['severity'] = 'information'): void => {
      kept.push({ rule, severity, start, end, message });
    };
    if (reason === '') add('disable-without-reason', 'say why the rule does not apply here: … -- the reason');
    for (const id of rules)
      if (!isRule(id))
        add('unknown-setting', `there is no rule "${id}", so that this comment does nothing for it`, 'warning');
  }
  for (const match of text.matchAll(MISSPELT))
    kept.push({
      rule: 'unknown-setting',
      severity: 'warning',
      start: match.index,
      end: match.index + match[0].length,
      message: 'this comment does nothing; write stratus: disable-next-line, disable-line or disable-file',
    });
  return { findings: kept, suppressed };
}

/** True if a line ends with a backslash, as commands do that go on. */
function continues(text: string, starts: readonly number[], line: number): boolean {
  const next = starts[line + 1];
  return next !== undefined && /\\\r?$/.test(text.slice(Math.max(starts[line] ?? 0, next - 3), next - 1));
}
