import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CST } from 'yaml';
import { isScalar, parseDocument, stringify, visit } from 'yaml';
import type { Scalar } from 'yaml';
import { mapScalar } from '../../../src/lint/yaml/scalar-map.ts';

/** Every string scalar of a document with the library's own value. */
function scalars(document: string): { value: string; token: CST.FlowScalar | CST.BlockScalar }[] {
  const parsed = parseDocument(document, { keepSourceTokens: true, uniqueKeys: false });
  if (parsed.errors.length > 0) return [];
  const found: { value: string; token: CST.FlowScalar | CST.BlockScalar }[] = [];
  visit(parsed, {
    Scalar(_, node: Scalar) {
      if (isScalar(node) && typeof node.value === 'string' && node.srcToken) {
        found.push({ value: node.value, token: node.srcToken as CST.FlowScalar | CST.BlockScalar });
      }
    },
  });
  return found;
}

function checkDocument(document: string): number {
  const all = scalars(document);
  for (const { value, token } of all) {
    const mapped = mapScalar(document, token);
    expect(mapped.text, JSON.stringify(document)).toBe(value);
    for (let index = 0; index < value.length; index++) {
      const start = mapped.starts?.[index] ?? -1;
      const end = mapped.ends?.[index] ?? -1;
      const char = value.charAt(index);
      const source = document.slice(start, end);
      const decodes =
        source === char ||
        /^[ \t\r\n]*$/.test(source) ||
        source === "''" ||
        (token.type === 'double-quoted-scalar' && source.startsWith('\\'));
      expect(decodes, `${JSON.stringify(document)}: ${JSON.stringify(char)} from ${JSON.stringify(source)}`).toBe(true);
      expect(start).toBeGreaterThanOrEqual(mapped.starts?.[index - 1] ?? 0);
    }
  }
  return all.length;
}

const line = fc.string({
  unit: fc.constantFrom('a', 'k', ' ', '#', ':', "'", '"', '\\', '-', '$', 'é', '😀', '{'),
  maxLength: 12,
});

describe('mapScalar', () => {
  it.each([
    'run: kubectl get pods\n',
    'run: "kubectl\\tget \\u0070ods\\\n   -n x"\n',
    "run: 'it''s\n\n  folded  \n  text'\n",
    'run: plain over\n  two lines\n\n  and more\n',
    'a:\n  run: |\n    one\n      two\n\n    three\n\n',
    'a:\n  run: |2-\n      one\n    two\n',
    'a:\n  run: >+\n    one\n    two\n\n      more\n    end\n\n\n',
    'a:\r\n  run: |\r\n    one\r\n    two\r\n  b: "x\r\n    y"\r\n  c: >-\r\n    p\r\n    q\r\n',
    '- |\n\n\n  late\n- |+\n\n\n- ""\n- >\n\n  x\n\n\n  y\n',
  ])('gives the value and the place of each character: %j', (document) => {
    expect(checkDocument(document)).toBeGreaterThan(0);
  });

  it('holds for block scalars of any header, indentation and line ending', () => {
    let seen = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('|', '>'),
        fc.constantFrom('', '-', '+'),
        fc.constantFrom('', '1', '2', '3'),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), line), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        (mode, chomp, indent, lines, eol) => {
          const body = lines
            .map(([extra, text]) => (text === '' ? ' '.repeat(extra) : ' '.repeat(2 + Number(indent) + extra) + text))
            .join(eol);
          seen += checkDocument(`a:${eol}  k: ${mode}${indent}${chomp}${eol}${body}${eol}`);
        },
      ),
      { numRuns: 3000, seed: 7 },
    );
    expect(seen).toBeGreaterThan(500);
  });

  it('holds for plain and quoted scalars over several lines', () => {
    let seen = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('', "'", '"'),
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        (quote, lines, eol) => {
          const escaped = lines.map((text) =>
            quote === "'"
              ? text.replaceAll("'", "''")
              : quote === '"'
                ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
                : text,
          );
          seen += checkDocument(`k: ${quote}${escaped.join(`${eol}  `)}${quote}${eol}`);
        },
      ),
      { numRuns: 3000, seed: 8 },
    );
    expect(seen).toBeGreaterThan(500);
  });

  it('holds for whatever style the writer picks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('BLOCK_LITERAL', 'BLOCK_FOLDED', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'PLAIN'),
        (value, style) => {
          checkDocument(
            stringify({ list: [value, { run: value }] }, { defaultStringType: style as Scalar.Type, lineWidth: 24 }),
          );
        },
      ),
      { numRuns: 1500, seed: 9 },
    );
  });
});
