import { describe, expect, it } from 'vitest';
import { chart, PARTS } from '../../catalogue/page/chart.ts';
import { commonOf, partsOf } from '../../catalogue/page/comparison.ts';
import { benchmarkPage } from '../../catalogue/page/page.ts';
import { PUBLISHED } from '../../catalogue/page/published.ts';
import { ENTRIES } from '../../catalogue/catalogue.ts';
import { reportOf } from './trial-report.ts';

const derived = ENTRIES.find(({ faults }) => faults[0]?.likeness?.startsWith('AIOpsLab'))!.name;
const other = ENTRIES.find(({ kind, faults }) => kind === 'single' && !faults[0]?.likeness)!.name;
const resolved = { passed: true, verdict: 'resolved' } as const;
const look = { version: '1.2.3', seconds: 3, named: true, cause: false, falseAlarms: 4, findings: 6 };
const trials = [
  reportOf({ entry: derived, ...resolved, cause: 1, seconds: { total: 6.5, bare: 5 }, commit: 'aaaaaaaaaaaa' }),
  reportOf({ entry: derived, way: 'naive', verdict: 'wrong', attempts: 3, muRise: 2 }),
  reportOf({ entry: other, problems: ['it did | not work'] }),
];
const looks = [
  {
    ...{ entry: other, kind: 'single' as const, family: 'network', seed: 1, what: '', alone: true, problem: '' },
    ...{ commit: 'here', machine: 'two processors', at: '2026-01-02T00:00:00.000Z' },
    looks: [{ tool: 'popeye', ...look }],
  },
];

describe('the page of the benchmark', () => {
  const { page, picture } = benchmarkPage(trials, looks);

  it('tells where the numbers come from', () => {
    for (const text of ['aaaaaaaaaaaa (1)', 'two processors', '2026-01-01', '2026-01-02', 'seeds 1']) {
      expect(page).toContain(text);
    }
  });

  it('holds what was recorded, and the published figures with their sources', () => {
    expect(page).toMatch(
      new RegExp(`\\| ${derived} \\| 1 \\| resolved \\| 1 \\| 6.5 \\| 5.0 \\| 0 \\| \\*\\*wrong\\*\\* \\|`),
    );
    expect(page).toContain('| popeye 1.2.3 | 1 | 1 | 0 | 4.0 | 6.0 | 3 (1) |');
    expect(page).toContain('it did \\| not work');
    for (const { who, source } of PUBLISHED) expect(page).toMatch(new RegExp(`\\| ${who} .*${source.slice(-7)}`));
    expect(
      PUBLISHED.every(({ resolved: solved, of, share }) => share === `${((100 * solved) / of).toFixed(1)} %`),
    ).toBe(true);
  });

  it('has tables whose rows are as long as their heads', () => {
    for (const block of page.split('\n\n').filter((one) => one.startsWith('|'))) {
      const cells = block.split('\n').map((line) => line.replaceAll('\\|', '').split('|').length);
      expect(new Set(cells).size, block).toBe(1);
    }
  });

  it('compares only what was held in every way', () => {
    expect(commonOf(trials)).toMatchObject({
      ways: ['stratus', 'naive'],
      common: [{ way: 'stratus' }, { way: 'naive' }],
    });
    expect(page).toContain('1 trials each');
    expect(picture).toContain('AIOpsLab');
    expect(picture).not.toContain('Other incidents');
  });

  it('is not written without a report of the product', () => {
    expect(() => benchmarkPage(trials.slice(1, 2), looks)).toThrow('no report of the product');
  });
});

describe('the chart', () => {
  it('counts each trial once', () => {
    const verdicts = ['resolved', 'improved', 'named', 'unnamed', 'wrong'] as const;
    const reports = verdicts.map((verdict) => reportOf({ verdict, passed: verdict === 'resolved' }));
    expect(partsOf(reports)).toEqual([1, 1, 2, 1]);
  });

  it('says in words what it shows, and shows it without colours', () => {
    const picture = chart('A & B', [{ label: 'one <way>', parts: [3, 0, 1] }]);
    expect(picture).toContain('<title id="title">A &amp; B</title>');
    expect(picture).toContain('one &lt;way&gt;, of 4: 3 as wanted, 1 not mended, left as it was.');
    expect(picture).toContain('prefers-color-scheme:dark');
    expect(new Set(PARTS.map(({ pattern }) => pattern)).size).toBe(PARTS.length);
    const widths = [...picture.matchAll(/width="([\d.]+)" height="20" class="edge"/g)].map(([, width]) =>
      Number(width),
    );
    expect(widths).toEqual([390, 130]);
  });
});
