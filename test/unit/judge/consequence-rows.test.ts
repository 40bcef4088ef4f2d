import { describe, expect, it } from 'vitest';
import { isFixture } from '../../judge/consequences/fixtures.ts';
import { readRows } from '../../judge/consequences/row.ts';
import { sampleRows } from '../../judge/consequences/sample.ts';

const rows = readRows();

describe('the corpus of consequences', () => {
  it('has enough of everything', () => {
    expect(rows.length).toBeGreaterThanOrEqual(200);
    expect(rows.filter(({ trap }) => trap === 'plain').length).toBeGreaterThanOrEqual(40);
    expect(rows.filter(({ steps }) => steps.some(({ by }) => by === 'http' || by === 'edit')).length).toBeGreaterThan(
      50,
    );
  });

  it('names fixtures that are there', () => {
    const unknown = rows.flatMap(({ id, fixtures }) =>
      fixtures.filter((one) => !isFixture(one)).map((one) => `${id}: ${one}`),
    );
    expect(unknown).toEqual([]);
  });

  it('asks nothing of plain writes, but of custom resources', () => {
    const asking = rows.filter(({ trap, expected }) => trap === 'plain' && expected.includes('losses'));
    expect(asking.map(({ id }) => id)).toEqual([]);
  });

  it('gives a sample of different traps, the same for the same seed', () => {
    const sample = sampleRows(rows, 3, 12);
    expect(new Set(sample.map(({ trap }) => trap)).size).toBe(12);
    expect(sampleRows(rows, 3, 12)).toEqual(sample);
  });
});
