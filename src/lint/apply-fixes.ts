import type { Finding, TextEdit } from './finding.ts';

/** The text after edits, which must not overlap; `edits` may be in any order. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** The edits of all safe fixes that can be made together: a fix that touches an earlier one's text is left out. */
export function safeEdits(findings: readonly Finding[]): TextEdit[] {
  const taken: TextEdit[] = [];
  for (const { fix } of findings) {
    if (!fix?.safe) continue;
    const clash = fix.edits.some((edit) => taken.some((other) => edit.start <= other.end && other.start <= edit.end));
    if (!clash) taken.push(...fix.edits);
  }
  return taken;
}
