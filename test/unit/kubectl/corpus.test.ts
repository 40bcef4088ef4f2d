import { describe, expect, it } from 'vitest';
import { confine } from '../../../src/kubectl/confine.ts';
import { analyze } from '../../../src/lint/analyze.ts';
import { bypassRows, safeRows } from './corpus.ts';
import type { BypassRow } from './corpus.ts';

/** What is reported for a row, in the form of the row's expectation. */
function outcome(row: BypassRow): { rule: string; severity: string; range: string; expected: string } {
  const expected = row.text.slice(row.start, row.end);
  if (row.audience === 'agent') {
    const verdict = confine(row.text);
    if (verdict.ok) return { rule: 'allowed', severity: '', range: '', expected };
    return {
      rule: verdict.rule,
      severity: 'refuse',
      range: row.text.slice(verdict.range.start, verdict.range.end),
      expected,
    };
  }
  const findings = analyze(row.text, row.language);
  const exact = findings.find(
    (finding) => finding.rule === row.rule && finding.start === row.start && finding.end === row.end,
  );
  const near = exact ?? findings.find((finding) => finding.rule === row.rule) ?? findings[0];
  if (!near) return { rule: 'nothing', severity: '', range: '', expected };
  return { rule: near.rule, severity: near.severity, range: row.text.slice(near.start, near.end), expected };
}

describe('bypass corpus', () => {
  const rows = bypassRows();

  it('is large enough and covers every item of the list', () => {
    expect(rows.length).toBeGreaterThanOrEqual(150);
    const items = new Set(rows.map((row) => row.item));
    const missing = Array.from({ length: 84 }, (_, index) => String(index + 1)).filter((item) => !items.has(item));
    expect(missing).toEqual([]);
    for (const row of rows) expect(row.start, row.text).toBeGreaterThanOrEqual(0);
  });

  it('misses none', () => {
    const missed = rows.flatMap((row) => {
      const { expected, ...got } = outcome(row);
      const want = { rule: row.rule, severity: row.severity, range: expected };
      return JSON.stringify(got) === JSON.stringify(want)
        ? []
        : [{ audience: row.audience, text: row.text, want, got }];
    });
    expect(missed).toEqual([]);
  });

  it('refuses with messages of one line and rewrites that are allowed', () => {
    for (const row of rows.filter((candidate) => candidate.audience === 'agent')) {
      const verdict = confine(row.text);
      if (verdict.ok) continue;
      expect(verdict.message).not.toMatch(/\n/);
      expect(verdict.message.length).toBeGreaterThan(10);
      if (verdict.rewrite !== undefined)
        expect(confine(verdict.rewrite).ok || verdict.rule === 'kubectl-path', verdict.rewrite).toBe(true);
    }
  });
});

describe('safe corpus', () => {
  const rows = safeRows();

  it('is large enough', () => {
    expect(rows.length).toBeGreaterThanOrEqual(150);
  });

  it('flags none', () => {
    const flagged = rows.flatMap((row) => {
      if (row.audience === 'agent') {
        const verdict = confine(row.text);
        if (!verdict.ok) return [{ text: row.text, rule: verdict.rule, message: verdict.message }];
      }
      return analyze(row.text, row.language)
        .filter((finding) => finding.severity !== 'information')
        .map((finding) => ({ text: row.text, rule: finding.rule, message: finding.message }));
    });
    expect(flagged).toEqual([]);
  });
});
