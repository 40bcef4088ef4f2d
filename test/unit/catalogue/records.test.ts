import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Recorded } from '../../catalogue/run/records.ts';
import { Records, TRIALS } from '../../catalogue/run/records.ts';
import type { TrialReport } from '../../catalogue/run/report.ts';
import { tableOf } from '../../catalogue/run/tables.ts';
import { reportOf } from './trial-report.ts';

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: import.meta.dirname })
    .toString()
    .trim();
const head = git('rev-parse', 'HEAD');

describe('recorded reports', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'records-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, ...reports: Recorded<TrialReport>[]) =>
    writeFileSync(
      join(folder, `incidents-${name}.json`),
      JSON.stringify(Object.fromEntries(reports.map((one) => [`${one.entry} ${one.seed}`, one]))),
    );

  it('are found again, but for trials that could not be held', () => {
    const records = new Records(TRIALS, {}, folder);
    records.keep(reportOf({ entry: 'a:held', seed: 1 }));
    records.keep(reportOf({ entry: 'a:lost', seed: 1, verdict: 'invalid' }));
    const again = new Records(TRIALS, {}, folder);
    expect(again.of({ entry: 'a:held', seed: 1, way: 'stratus' })).toMatchObject({
      entry: 'a:held',
      commit: records.commit,
    });
    expect(again.of({ entry: 'a:held', seed: 2, way: 'stratus' })).toBeUndefined();
    expect(again.of({ entry: 'a:lost', seed: 1, way: 'stratus' })).toBeUndefined();
  });

  it('of two processes stand side by side', () => {
    const [one, other] = [new Records(TRIALS, {}, folder), new Records(TRIALS, {}, folder)];
    one.keep(reportOf({ entry: 'a:one', seed: 1 }));
    other.keep(reportOf({ entry: 'a:other', seed: 1 }));
    expect(new Records(TRIALS, {}, folder).of({ entry: 'a:one', seed: 1, way: 'stratus' })).toBeDefined();
  });

  it('are forgotten when asked afresh', () => {
    new Records(TRIALS, {}, folder).keep(reportOf({ entry: 'a:held', seed: 1 }));
    expect(
      new Records(TRIALS, { fresh: true }, folder).of({ entry: 'a:held', seed: 1, way: 'stratus' }),
    ).toBeUndefined();
  });

  it('of a former commit stand where they passed, and only for a commit in between', () => {
    const commit = head.slice(0, 12);
    const former = { commit, passed: true, verdict: 'resolved' } as const;
    write(
      commit,
      reportOf({ entry: 'a:passed', seed: 1, ...former }),
      reportOf({ entry: 'a:failed', seed: 1, commit }),
    );
    write(`${commit}+changes`, reportOf({ entry: 'a:changed', seed: 1, ...former }));
    write('0123456789ab', reportOf({ entry: 'a:elsewhere', seed: 1, ...former }));
    const records = new Records(TRIALS, { since: head }, folder, 'at-hand');
    expect(records.of({ entry: 'a:passed', seed: 1, way: 'stratus' })).toMatchObject({ commit });
    for (const entry of ['a:changed', 'a:elsewhere'])
      expect(records.of({ entry, seed: 1, way: 'stratus' })).toBeUndefined();
    expect(() => new Records(TRIALS, { since: 'no-such-commit' }, folder)).toThrow();
  });

  it('say in the table that they come from elsewhere or were in company', () => {
    const reports = [
      reportOf({ entry: 'a:one', seconds: { total: 3 } }),
      reportOf({ entry: 'a:two', seconds: { total: 90 }, alone: false }),
      reportOf({ entry: 'a:three', seconds: { total: 5 }, commit: 'former' }),
    ].map((report) => ({ ...report, passed: true, verdict: 'resolved' as const }));
    const lines = tableOf(reports, 'here').split('\n');
    expect(lines.map((line) => /in company|of former/.exec(line)?.[0])).toEqual(
      expect.arrayContaining(['in company', 'of former']),
    );
    expect(lines.at(-1)).toContain('median 3 s of 2 alone');
  });
});
