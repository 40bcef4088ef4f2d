import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JournalFile, readJournal } from '../../../src/gateway/journal/journal-file.ts';
import { JournalDamaged } from '../../../src/gateway/journal/journal-lines.ts';

const key = { id: 'k'.repeat(16), bytes: randomBytes(32) };
const records = [
  { n: 1, text: 'first' },
  { n: 2, text: 'ünïcode \u0000' },
  { n: 3, secret: 'correct-horse' },
];
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stratus-journal-'));
  path = join(folder, 'tx-1.journal');
  const journal = await JournalFile.create(path, 'tx-1', key);
  for (const record of records) await journal.append(record, true);
  await journal.close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = () => readJournal(path, 'tx-1', key);
const withoutHead = () => rm(`${path}.head`);

describe('journal file', () => {
  it('gives back what was written', async () => {
    expect((await read()).records).toEqual(records);
  });

  it('keeps nothing readable on disk', async () => {
    expect((await readFile(path, 'latin1')).includes('correct-horse')).toBe(false);
  });

  it('goes on after being opened again', async () => {
    const { journal } = await JournalFile.open(path, 'tx-1', key);
    await journal.append({ n: 4 }, true);
    await journal.close();
    expect((await read()).records).toEqual([...records, { n: 4 }]);
  });

  it('appends in call order', async () => {
    const { journal } = await JournalFile.open(path, 'tx-1', key);
    await Promise.all(Array.from({ length: 20 }, (_, n) => journal.append({ n: n + 10 }, false)));
    await journal.close();
    expect((await read()).records.slice(3).map((record) => (record as { n: number }).n)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 10),
    );
  });

  it('cut at any byte is either the intact records with a torn end, or named damage', async () => {
    const whole = await readFile(path);
    await withoutHead();
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      const result = await read().catch((error: unknown) => error);
      if (result instanceof Error) {
        expect(result).toBeInstanceOf(JournalDamaged);
        expect((result as JournalDamaged).record).toBe(0);
      } else {
        const { records: found } = result as Awaited<ReturnType<typeof read>>;
        expect(records.slice(0, found.length)).toEqual(found);
      }
    }
  });

  it('cut at any byte is noticed while the head file is there', async () => {
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      await expect(read()).rejects.toBeInstanceOf(JournalDamaged);
    }
  });

  it('with any byte changed is never read as something else', async () => {
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at++) {
      const bad = Buffer.from(whole);
      bad[at]! ^= 1 << (at % 8);
      await writeFile(path, bad);
      await expect(read(), `byte ${at}`).rejects.toThrow(/damaged at record \d/);
    }
  });

  it('drops a torn last record and goes on from the one before', async () => {
    const whole = await readFile(path);
    await withoutHead();
    await writeFile(path, whole.subarray(0, whole.length - 5));
    const { journal, content } = await JournalFile.open(path, 'tx-1', key);
    expect(content).toMatchObject({ torn: true, records: records.slice(0, 2) });
    await journal.append({ n: 9 }, true);
    await journal.close();
    expect((await read()).records).toEqual([...records.slice(0, 2), { n: 9 }]);
  });

  it('names a wrong key and an unknown format', async () => {
    const other = { id: 'o'.repeat(16), bytes: randomBytes(32) };
    await expect(readJournal(path, 'tx-1', other)).rejects.toThrow('another key');
    await writeFile(path, (await readFile(path, 'latin1')).replace('stratus-journal/1', 'stratus-journal/2'), 'latin1');
    await expect(read()).rejects.toThrow('format stratus-journal/2 is not known');
  });

  it('does not take records of another transaction', async () => {
    const other = join(folder, 'tx-2.journal');
    await (await JournalFile.create(other, 'tx-2', key)).close();
    const [header] = (await readFile(other, 'latin1')).split('\n');
    const lines = (await readFile(path, 'latin1')).split('\n').slice(1);
    await writeFile(other, [header, ...lines].join('\n'), 'latin1');
    await expect(readJournal(other, 'tx-2', key)).rejects.toThrow('damaged at record 1');
  });
});
