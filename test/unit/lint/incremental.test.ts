import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../src/lint/analyze.ts';
import { LintMemory } from '../../../src/lint/lint-memory.ts';
import { DEFAULT_CONFIG } from '../../../src/lint/config.ts';
import { PieceMemory, scriptPieces } from '../../../src/lint/shell/script-pieces.ts';
import { longScript } from '../../bench/lint.ts';

/** Lines of the kind that change how the lines around them are read, and what names mean. */
const LINES = [
  'kubectl delete ns prod',
  'kubectl drain n1',
  '  kubectl delete pods --all',
  'k delete pod x --force',
  'run delete ns a',
  '"$KUBECTL" delete ns a',
  'eval "$CMD"',
  "sh -c 'kubectl delete ns a; k drain n1'",
  "alias k='kubectl'",
  "alias k='echo'",
  'run() { kubectl "$@"; }',
  'run() { echo "$@"; }',
  'KUBECTL=kubectl',
  'KUBECTL=echo',
  "CMD='kubectl drain n1'",
  'read -r CMD',
  'NS=kube-system',
  'for NS in a b; do',
  'kubectl delete pods --all -n "$NS"',
  'kubectl scale deploy/x --replicas=0 -n $NS | cat',
  'cat <<EOF',
  'EOF',
  "cat <<'END' | sh",
  'END',
  'if true; then',
  'fi',
  'done',
  'case "$1" in',
  'a) kubectl drain n1 ;;',
  'esac',
  '{',
  '}',
  '(',
  ')',
  'foo()',
  'echo "open',
  "echo 'open",
  'echo one \\',
  'echo one &&',
  'echo one |',
  '`kubectl drain n1`',
  'x=$(kubectl drain n1)',
  '# stratus: disable-next-line -- because',
  '# stratus: disable-file drain-unbounded -- because',
  'IFS=,',
  '',
  'echo plain words that fill the piece until it is long enough to be cut somewhere',
];

/** Lines that are statements of their own: they only change what names mean, or use them. */
const NAMES = LINES.filter((line) =>
  /^(k |run|"\$KUBECTL"|eval|sh -c|alias|KUBECTL=|CMD=|NS=|read|IFS|kubectl)/.test(line),
);

const filler = longScript(120).split('\n').slice(0, 120);
const edit = fc.record({
  at: fc.nat(),
  remove: fc.integer({ min: 0, max: 3 }),
  insert: fc.array(fc.constantFrom(...LINES), { maxLength: 3 }),
});

function applied(lines: readonly string[], { at, remove, insert }: { at: number; remove: number; insert: string[] }) {
  const place = at % (lines.length + 1);
  return [...lines.slice(0, place), ...insert, ...lines.slice(place + remove)];
}

describe('linting after an edit', () => {
  it.each(['\n', '\r\n'])('finds exactly what a full lint finds (line ends %j)', { timeout: 300_000 }, (eol) => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), (edits) => {
        const memory = new LintMemory();
        let lines: readonly string[] = filler;
        for (const one of edits) {
          lines = applied(lines, one);
          const text = lines.join(eol);
          expect(analyze(text, 'shellscript', DEFAULT_CONFIG, memory)).toEqual(
            analyze(text, 'shellscript', DEFAULT_CONFIG),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds exactly what a full lint finds when names change their meaning elsewhere', { timeout: 300_000 }, () => {
    const words = (count: number) => 'echo words that fill a piece\n'.repeat(count);
    const place = fc.record({ at: fc.nat({ max: 7 }), line: fc.constantFrom(...NAMES) });
    fc.assert(
      fc.property(fc.array(place, { minLength: 2, maxLength: 20 }), (edits) => {
        const memory = new LintMemory();
        const slots = new Array<string>(8).fill('true');
        for (const { at, line } of edits) {
          slots[at] = line;
          const text = slots.map((slot, index) => `${slot}\n${words(60 + index)}`).join('');
          expect(scriptPieces(text, memory.pieces)?.length).toBeGreaterThan(4);
          expect(analyze(text, 'shellscript', DEFAULT_CONFIG, memory)).toEqual(
            analyze(text, 'shellscript', DEFAULT_CONFIG),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reads an ordinary script in pieces, so that this is no comparison of a thing with itself', () => {
    const pieces = scriptPieces(longScript(500), new PieceMemory());
    expect(pieces?.length).toBeGreaterThan(10);
    expect(pieces?.map(({ piece }) => piece.text).join('')).toBe(longScript(500));
  });

  it('does not cut inside a here-document, a quote, a list or a function header', () => {
    const long = 'echo words\n'.repeat(100);
    const open = [
      `cat <<EOF\n${long}`,
      `echo "\n${long}`,
      `if true; then\n${long}`,
      `${long}true &&\n`,
      `${long}f()\n`,
    ];
    for (const start of open) {
      const memory = new PieceMemory();
      for (const end of ['EOF\n', '"\n', 'fi\n', 'kubectl drain n1\n', '{ :; }\n']) {
        const text = `${start}${end}${long}kubectl drain n1\n`;
        for (const { piece, start: at } of scriptPieces(text, memory) ?? [])
          expect(text.slice(at, at + piece.text.length)).toBe(piece.text);
        expect(analyze(text, 'shellscript', DEFAULT_CONFIG, new LintMemory())).toEqual(
          analyze(text, 'shellscript', DEFAULT_CONFIG),
        );
      }
    }
  });

  it('looks again at every command that uses a name whose meaning an edit changed', () => {
    const memory = new LintMemory();
    const body = 'echo words that fill\n'.repeat(200);
    const script = (first: string) => `${first}\n${body}k drain n1\n${body}`;
    const rules = (first: string) =>
      analyze(script(first), 'shellscript', DEFAULT_CONFIG, memory).map(({ rule }) => rule);
    expect(rules("alias k='echo kubectl'")).toEqual([]);
    expect(rules("alias k='kubectl'")).toEqual(['drain-unbounded']);
    expect(rules("alias k='echo kubectl'")).toEqual([]);
  });

  it('looks again at a nested script, which sees every name of the outer one', () => {
    const memory = new LintMemory();
    const body = 'echo words that fill\n'.repeat(200);
    const rules = (first: string) =>
      analyze(`${first}\n${body}sh -c 'kubectl get pods; k drain n1'\n`, 'shellscript', DEFAULT_CONFIG, memory).map(
        ({ rule }) => rule,
      );
    expect(rules("alias k='echo'")).toEqual([]);
    expect(rules("alias k='kubectl'")).toEqual(['drain-unbounded']);
  });
});
