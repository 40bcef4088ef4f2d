import { describe, expect, it } from 'vitest';
import { parse, print } from 'sh-syntax';
import { confine } from '../../../src/kubectl/confine.ts';
import { analyzeScript } from '../../../src/lint/shell/analyze-script.ts';
import { verbatim } from '../../../src/lint/source-text.ts';
import { bypassRows, safeRows } from '../kubectl/corpus.ts';

/** One text in `STEP`: the second parser starts anew for each. 1 compares the whole corpus (more than a minute). */
const STEP = Number(process.env['STRATUS_ORACLE_STEP'] ?? 10);
const TEXTS = [...bypassRows(), ...safeRows()]
  .filter((row) => row.language === 'shellscript' && !row.text.includes('\u0000'))
  .map((row) => row.text)
  .filter((_, index) => index % STEP === 0);

/** Every kubectl argv a script runs, in order. */
function argvs(text: string): string[][] {
  return analyzeScript(verbatim(text)).calls.map((call) => call.words.map((word) => word.value));
}

/** The same script as another shell parser prints it; undefined if it refuses the text. */
async function reprinted(text: string): Promise<string | undefined> {
  try {
    return await print(text);
  } catch {
    return undefined;
  }
}

describe('shell reading against a second parser', () => {
  it('finds the same kubectl arguments in a script and in its reprint', { timeout: 600_000 }, async () => {
    const different: unknown[] = [];
    let compared = 0;
    for (const text of TEXTS) {
      const other = await reprinted(text);
      if (other === undefined) continue;
      compared++;
      const [mine, theirs] = [argvs(text), argvs(other)];
      if (JSON.stringify(mine) !== JSON.stringify(theirs)) different.push({ text, other, mine, theirs });
    }
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(500 / STEP);
  });

  it('allows agents only what the second parser reads as one plain statement', { timeout: 600_000 }, async () => {
    for (const text of TEXTS) {
      if (!confine(text).ok) continue;
      const { Stmts } = (await parse(text)) as unknown as {
        Stmts: { Negated: boolean; Background: boolean; Coprocess: boolean; Redirs: unknown[] }[];
      };
      expect(Stmts, text).toHaveLength(1);
      expect(Stmts[0], text).toMatchObject({ Negated: false, Background: false, Coprocess: false, Redirs: [] });
    }
  });
});
