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

/** Drops the findings that comments disable; a comment without a reason becomes a finding itself. */
export function applyDirectives(text: string, findings: readonly Finding[]): Finding[] {
  if (!text.includes('stratus:')) return [...findings];
  const starts = lineStarts(text);
  const directives = readDirectives(text, starts);
  if (directives.length === 0) return [...findings];
  const covers = (directive: Directive, finding: Finding): boolean => {
    if (directive.rules.length > 0 && !directive.rules.includes(finding.rule)) return false;
    if (directive.scope === 'file') return true;
    const line = lineAt(starts, finding.start);
    return line === directive.line + (directive.scope === 'next-line' ? 1 : 0);
  };
  const kept = findings.filter((finding) => !directives.some((directive) => covers(directive, finding)));
  for (const directive of directives) {
    if (directive.reason !== '') continue;
    kept.push({
      rule: 'disable-without-reason',
      severity: 'information',
      start: directive.start,
      end: directive.end,
      message: 'say why the rule does not apply here: … -- the reason',
    });
  }
  return kept;
}
