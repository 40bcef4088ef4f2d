import { spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenRecord } from '../../../src/gateway/journal/journal-records.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';

const source = new URL('../../../src/gateway/journal/journal-store.ts', import.meta.url).href;
const opening = (id: string): OpenRecord => {
  const open: OpenRecord = {
    type: 'open',
    id,
    run: 'run-1',
    title: '',
    target: { context: 'c', server: 'https://s', fingerprint: 'f', namespace: 'shop' },
    maxWrites: 20,
    manager: `stratus-${id}`,
    at: `2026-01-01T00:00:00.00${id.length}Z`,
  };
  // Of a length at which it fits into 1 KiB as the first record of its journal, but not, with more, of the index.
  return { ...open, title: 'x'.repeat(600 - JSON.stringify(open).length) };
};
let home: string;
let store: JournalStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stratus-full-'));
  store = await JournalStore.open(home, {});
});
afterEach(() => rm(home, { recursive: true, force: true }));

const journalFile = (name: string) => join(home, 'journal', `${name}.journal`);

/**
 * Runs a script in a process whose files may not grow beyond `kib`: the last bytes are written short and then the
 * system refuses, exactly as on a full disk.
 */
async function inFullDisk(kib: number, body: string): Promise<string> {
  const script = join(home, 'script.ts');
  const text = `import { JournalStore } from ${JSON.stringify(source)};
    const opening = ${JSON.stringify(opening('tx-full'))};
    const store = await JournalStore.open(${JSON.stringify(home)}, {});
    ${body}`;
  await writeFile(script, text);
  const child = spawn('bash', ['-c', `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$1"`, process.execPath, script]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await new Promise((resolve) => child.on('close', resolve));
  return output;
}

describe('a disk that is full', () => {
  it('refuses the record that does not fit and keeps every record before it', async () => {
    const output = await inFullDisk(
      8,
      `const journal = await store.create(opening);
       for (let n = 0; n < 100; n++) {
         try {
           await journal.append({ type: 'step', step: n, argv: ['x'.repeat(700)], at: 'now' });
         } catch (error) {
           console.log(journal.records.length, error.name, error.message);
           // A shorter one still fits behind the last whole one, or is refused as well; both leave a whole journal.
           await journal.append({ type: 'step', step: n, argv: [], at: 'now' }).catch(() => undefined);
           console.log(journal.records.length);
           break;
         }
       }
       await journal.close();`,
    );
    expect(output).toMatch(
      /^\d+ JournalUnwritable the journal .*tx-full\.journal cannot be written \(the file may not grow/,
    );
    const known = Number(output.trim().split('\n').at(-1));
    expect(known).toBeGreaterThan(3);
    expect(await store.verify()).toEqual([]);
    expect(await store.read('tx-full')).toHaveLength(known);
    const again = await store.take('tx-full');
    await again.append({ type: 'step', step: 200, argv: [], at: 'later' });
    await again.close();
    expect(await store.read('tx-full')).toHaveLength(known + 1);
  });

  // With 1 KiB its own journal fits, but not the index; with 2 KiB both do, once.
  it.each([
    [0, false],
    [1, false],
    [2, true],
  ])('leaves nothing of a transaction that could not be begun (%d KiB)', async (kib, fits) => {
    const output = await inFullDisk(
      kib,
      `await store.create(opening).then(() => console.log('begun'), (error) => console.log(error.name));`,
    );
    expect(output.trim()).toBe(fits ? 'begun' : 'JournalUnwritable');
    expect(await store.list()).toHaveLength(fits ? 1 : 0);
    expect(await store.verify()).toEqual([]);
    await (await store.create(opening('tx-later'))).close();
    expect(await store.verify()).toEqual([]);
  });
});

describe('a damaged index', () => {
  const break_ = async () => {
    const bytes = await readFile(journalFile('index'));
    // Inside the second of its records.
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(journalFile('index'), bytes);
  };
  const two = async () => {
    const first = await store.create(opening('tx-a'));
    await first.setStatus('committed', '2026-01-02T00:00:00.000Z');
    await first.close();
    await (await store.create(opening('tx-open'))).close();
  };
  const ids = async () => (await store.list()).map(({ id, status }) => `${id} ${status}`);

  it('hides no transaction: they are listed from their own journals', async () => {
    await two();
    await break_();
    expect(await ids()).toEqual(['tx-a committed', 'tx-open open']);
    expect(await store.verify()).toMatchObject([
      {
        name: 'index',
        problem: expect.stringMatching(/^journal index.journal is damaged at record \d \(byte \d+\): /),
      },
    ]);
    expect(await store.read('tx-open')).toHaveLength(1);
  });

  it('is set aside and made anew by the next transaction, and stays a reported problem', async () => {
    await two();
    await break_();
    await (await store.create(opening('tx-later'))).close();
    expect(await ids()).toEqual(['tx-a committed', 'tx-open open', 'tx-later open']);
    const aside = (await readdir(join(home, 'journal'))).filter((name) => name.startsWith('index.damaged-'));
    expect(aside).toHaveLength(1);
    expect(await store.verify()).toMatchObject([{ name: 'index', problem: expect.stringContaining(aside[0]!) }]);
    await rm(join(home, 'journal', aside[0]!));
    expect(await store.verify()).toEqual([]);
  });

  it('is made anew when it is gone', async () => {
    await two();
    await rm(journalFile('index'));
    expect(await ids()).toEqual(['tx-a committed', 'tx-open open']);
    await (await store.create(opening('tx-later'))).close();
    expect(await ids()).toEqual(['tx-a committed', 'tx-open open', 'tx-later open']);
    expect(await store.verify()).toEqual([]);
  });

  it('is left alone when it was written with another key', async () => {
    await two();
    const other = await JournalStore.open(home, { STRATUS_JOURNAL_KEY: 'ab'.repeat(32) });
    const before = await readFile(journalFile('index'));
    await expect(other.list()).rejects.toThrow('another key');
    await expect(other.create(opening('tx-new'))).rejects.toThrow('another key');
    expect(await readFile(journalFile('index'))).toEqual(before);
    expect(await ids()).toEqual(['tx-a committed', 'tx-open open']);
    expect(await store.verify()).toEqual([]);
  });
});

describe('a damaged journal', () => {
  it('names file, record and byte, and can be kept as it stands by a person', async () => {
    const journal = await store.create(opening('tx-a'));
    await journal.append({ type: 'step', step: 0, argv: ['scale'], at: 'now' });
    await journal.close();
    const bytes = await readFile(journalFile('tx-a'), 'latin1');
    const offset = bytes.indexOf('\n2 ') + 1;
    await writeFile(journalFile('tx-a'), `${bytes.slice(0, offset + 9)}?${bytes.slice(offset + 10)}`, 'latin1');
    await expect(store.take('tx-a')).rejects.toThrow(`tx-a.journal is damaged at record 2 (byte ${offset})`);
    expect(await store.list()).toMatchObject([{ id: 'tx-a', status: 'open' }]);
    await store.keepDamaged('tx-a', '2026-01-02T00:00:00.000Z');
    expect(await store.list()).toMatchObject([
      { id: 'tx-a', status: 'committed', closedAt: '2026-01-02T00:00:00.000Z' },
    ]);
    await (await store.create(opening('tx-b'))).close();
    await expect(store.keepDamaged('tx-b', 'now')).rejects.toThrow('is whole');
  });

  it('does not count records that a power cut may still take away', async () => {
    const journal = await store.create(opening('tx-a'));
    await journal.append({ type: 'step', step: 0, argv: ['scale'], at: 'now' });
    const durable = (await readFile(journalFile('tx-a'))).length;
    await journal.note({
      type: 'undo-outcome',
      ref: { apiVersion: 'v1', kind: 'X', name: 'x' },
      status: 200,
      at: 'now',
    });
    await journal.close();
    const bytes = await readFile(journalFile('tx-a'));
    await writeFile(journalFile('tx-a'), bytes.subarray(0, durable + 20));
    expect(await store.read('tx-a')).toHaveLength(2);
    await (await store.take('tx-a')).close();
    expect((await readFile(journalFile('tx-a'))).length).toBe(durable);
  });
});

describe('the key', () => {
  it('is not made anew beside journals that were written with it', async () => {
    await (await store.create(opening('tx-a'))).close();
    await rm(join(home, 'journal.key'));
    await expect(JournalStore.open(home, {})).rejects.toThrow('journal.key is missing, and 2 journal file(s)');
    expect(await readdir(home)).toEqual(['journal']);
  });

  it('that was damaged is named', async () => {
    await (await store.create(opening('tx-a'))).close();
    await appendFile(join(home, 'journal.key'), '0');
    await expect(JournalStore.open(home, {})).rejects.toThrow('is not 32 bytes');
    await writeFile(join(home, 'journal.key'), `${'0'.repeat(64)}\n`);
    await expect((await JournalStore.open(home, {})).list()).rejects.toThrow('another key');
  });

  it('comes into being once, in a folder without journals', async () => {
    await rm(home, { recursive: true });
    await mkdir(home);
    await JournalStore.open(home, {});
    expect(await readdir(home)).toEqual(['journal', 'journal.key']);
  });
});
