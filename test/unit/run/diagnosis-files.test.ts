import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BrainDiagnosis } from '../../../src/domain/brain.ts';
import { DiagnosisFiles } from '../../../src/run/brains/diagnosis-files.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const KEY = 'a'.repeat(64);
const DIAGNOSIS: BrainDiagnosis = {
  findings: [
    {
      id: 'f',
      rule: 'model',
      severity: 'critical',
      object: { apiVersion: 'v1', kind: 'Service', namespace: 'n', name: 'geo' },
      message: 'm',
      evidence: [],
      fixes: [],
    },
  ],
  hypotheses: [{ cause: 'f', explains: [], confidence: 0.5, evidence: [], by: 'small' }],
};

describe('diagnoses of models that are kept', () => {
  const folders: string[] = [];
  const open = () => {
    const folder = mkdtempSync(join(tmpdir(), 'diagnoses-'));
    folders.push(folder);
    const clock = new FakeClock();
    return { folder, clock, files: new DiagnosisFiles(folder, clock, 'server a') };
  };
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  it('are there for a day, and until they did not help', async () => {
    const { files, clock } = open();
    expect(await files.recall(KEY)).toBeNull();
    await files.keep(KEY, DIAGNOSIS);
    expect(await files.recall(KEY)).toEqual({ at: new Date(clock.now()).toISOString(), diagnosis: DIAGNOSIS });
    await clock.advance(25 * 3_600_000);
    expect(await files.recall(KEY)).toBeNull();
    await files.keep(KEY, DIAGNOSIS);
    await files.forget(KEY);
    expect(await files.recall(KEY)).toBeNull();
  });

  it.each(['{"at":1,"type":"diagnosed"', '{"at":1,"type":"diagnosed","findings":[{}],"hypotheses":[]}', '[]'])(
    'are not there when the file is damaged: %s',
    async (text) => {
      const { files, folder } = open();
      await files.keep(KEY, DIAGNOSIS);
      const [name] = readdirSync(join(folder, 'diagnoses'));
      writeFileSync(join(folder, 'diagnoses', name!), text);
      expect(await files.recall(KEY)).toBeNull();
    },
  );

  it('are no hypotheses of another server', async () => {
    const { files, folder, clock } = open();
    await files.keep(KEY, DIAGNOSIS);
    expect(await new DiagnosisFiles(folder, clock, 'server b').recall(KEY)).toBeNull();
  });

  it('are read through no link, and under no other name than a digest', async () => {
    const { files, folder } = open();
    await files.keep(KEY, DIAGNOSIS);
    const kept = join(folder, 'diagnoses', readdirSync(join(folder, 'diagnoses'))[0]!);
    renameSync(kept, `${kept}.away`);
    symlinkSync(`${kept}.away`, kept);
    expect(await files.recall(KEY)).toBeNull();
    await files.keep('../../escape', DIAGNOSIS);
    expect(readdirSync(folder)).toEqual(['diagnoses']);
  });
});
