import { fork } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenRecord } from '../../../src/gateway/journal/journal-records.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import { LockedByProcess } from '../../../src/gateway/disk/process-lock.ts';

const opening = (id: string): OpenRecord => ({
  type: 'open',
  id,
  run: 'run-1',
  title: 'fix the port',
  target: { context: 'c', server: 'https://s', fingerprint: 'f', namespace: 'shop' },
  maxWrites: 20,
  manager: `stratus-${id}`,
  at: '2026-01-01T00:00:00.000Z',
});
let home: string;
let store: JournalStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stratus-store-'));
  store = await JournalStore.open(home, {});
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('journal store', () => {
  it('lists transactions with their status, oldest first', async () => {
    for (const id of ['tx-a', 'tx-b']) {
      const journal = await store.create(opening(id));
      await journal.append({ type: 'step', step: 0, argv: ['scale', id], at: 'now' });
      if (id === 'tx-a') await journal.setStatus('committed', '2026-01-02T00:00:00.000Z');
      await journal.close();
    }
    expect(await store.list()).toMatchObject([
      {
        id: 'tx-a',
        status: 'committed',
        commands: [['scale', 'tx-a']],
        closedAt: '2026-01-02T00:00:00.000Z',
        active: false,
      },
      { id: 'tx-b', status: 'open', commands: [['scale', 'tx-b']], closedAt: null, active: false },
    ]);
    expect(await store.verify()).toEqual([]);
  });

  it('lists what former versions recorded without the literals of Secrets', async () => {
    const argv = ['patch', 'secret', 'login', '-p', '{"stringData": {"k": "hunter2 and more"}}'];
    for (const id of ['tx-begun', 'tx-open', 'tx-done']) {
      const journal = await store.create({ ...opening(id), run: 'command', title: argv.join(' ') });
      if (id !== 'tx-begun') await journal.append({ type: 'step', step: 0, argv, at: 'now' });
      if (id === 'tx-done') await journal.setStatus('committed', '2026-01-02T00:00:00.000Z');
      await journal.close();
    }
    const list = await store.list();
    expect(JSON.stringify(list)).not.toMatch(/hunter2|more/);
    expect(list.map(({ title }) => title)).toContain('patch secret login -p «secret»');
  });

  it('remembers what a person decided to keep, with a damaged index, too', async () => {
    const journal = await store.create(opening('tx-a'));
    await journal.keep('2026-01-02T00:00:00.000Z', 'kept as it stands (diverged) by ada');
    await journal.close();
    expect(await store.list()).toMatchObject([{ id: 'tx-a', status: 'committed', kept: true }]);
    await rm(join(home, 'journal', 'index.journal'));
    expect(await store.list()).toMatchObject([{ id: 'tx-a', status: 'committed', kept: true }]);
  });

  it('forgets a transaction that wrote nothing, and only such a one', async () => {
    const journal = await store.create(opening('tx-a'));
    await journal.append({ type: 'step', step: 0, argv: ['apply'], at: 'now' });
    await journal.discard('2026-01-02T00:00:00.000Z');
    await journal.close();
    expect(await store.list()).toEqual([]);
    expect(await store.verify()).toEqual([]);
    await rm(join(home, 'journal', 'index.journal'));
    expect(await store.list()).toEqual([]);

    const writing = await store.create(opening('tx-b'));
    await writing.append({ type: 'intent', seq: 1 } as never);
    await expect(writing.discard('now')).rejects.toThrow('has written');
    await writing.close();
    expect(await store.list()).toMatchObject([{ id: 'tx-b', status: 'open' }]);
  });

  it('says that its index was emptied, cut or removed by hand, and lists what the journals tell', async () => {
    expect(await store.indexDamage()).toBe('');
    for (const id of ['tx-a', 'tx-b']) await (await store.create(opening(id))).close();
    expect(await store.indexDamage()).toBe('');
    const path = join(home, 'journal', 'index.journal');
    const whole = await readFile(path);
    for (const left of ['', whole.subarray(0, whole.length / 2)]) {
      await writeFile(path, left);
      expect(await store.indexDamage()).toMatch(/index/);
      expect((await store.list()).map(({ id }) => id)).toEqual(['tx-a', 'tx-b']);
    }
    await rm(path);
    expect(await store.indexDamage()).toMatch(/index/);
    await rm(`${path}.head`);
    expect(await store.indexDamage()).toMatch(/index/);
  });

  it('gives a transaction to one holder at a time', async () => {
    const journal = await store.create(opening('tx-a'));
    await expect(store.take('tx-a')).rejects.toBeInstanceOf(LockedByProcess);
    expect((await store.list())[0]?.active).toBe(true);
    await journal.close();
    const again = await store.take('tx-a');
    expect(again.records).toEqual([opening('tx-a')]);
    await again.close();
  });

  it('takes over from a process that died', async () => {
    const script = join(home, 'die.ts');
    const source = new URL('../../../src/gateway/journal/journal-store.ts', import.meta.url).href;
    await writeFile(
      script,
      `import { JournalStore } from ${JSON.stringify(source)};
       const store = await JournalStore.open(${JSON.stringify(home)}, {});
       await store.create(${JSON.stringify(opening('tx-dead'))});
       process.kill(process.pid, 'SIGKILL');`,
    );
    await new Promise((resolve) => fork(script, { execArgv: [] }).on('exit', resolve));
    expect(await store.list()).toMatchObject([{ id: 'tx-dead', status: 'open', active: false }]);
    await (await store.take('tx-dead')).close();
  });

  it('stays whole when several processes write at once', async () => {
    const source = new URL('../../../src/gateway/journal/journal-store.ts', import.meta.url).href;
    const exits = [0, 1, 2, 3].map(async (n) => {
      const script = join(home, `writer-${n}.ts`);
      await writeFile(
        script,
        `import { JournalStore } from ${JSON.stringify(source)};
         const store = await JournalStore.open(${JSON.stringify(home)}, {});
         for (let i = 0; i < 5; i++) {
           const open = { ...${JSON.stringify(opening('x'))}, id: 'tx-${n}-' + i };
           const journal = await store.create(open);
           await journal.setStatus('committed', 'now');
           await journal.close();
         }`,
      );
      return new Promise((resolve) => fork(script, { execArgv: [] }).on('exit', resolve));
    });
    expect(await Promise.all(exits)).toEqual([0, 0, 0, 0]);
    const list = await store.list();
    expect(list.map((entry) => entry.status)).toEqual(Array.from({ length: 20 }, () => 'committed'));
    expect(await store.verify()).toEqual([]);
  });

  it('names a journal that is shorter than the index has seen', async () => {
    const journal = await store.create(opening('tx-a'));
    await journal.setStatus('committed', 'now');
    await journal.close();
    const path = join(home, 'journal', 'tx-a.journal');
    const lines = (await readFile(path, 'latin1')).split('\n');
    await writeFile(path, `${lines.slice(0, -2).join('\n')}\n`, 'latin1');
    await rm(`${path}.head`);
    expect(await store.verify()).toMatchObject([
      { name: 'tx-a', problem: expect.stringContaining('the index has seen 2 records') },
    ]);
    await expect(store.take('tx-a')).rejects.toThrow('damaged');
  });

  it('names a damaged index', async () => {
    await (await store.create(opening('tx-a'))).close();
    const path = join(home, 'journal', 'index.journal');
    const bytes = await readFile(path);
    bytes[bytes.length - 10]! ^= 1;
    await writeFile(path, bytes);
    expect((await store.verify())[0]).toMatchObject({ name: 'index', problem: expect.stringContaining('damaged') });
  });

  it('drops whole journals of finished transactions only', async () => {
    for (const [id, status] of [
      ['tx-old', 'committed'],
      ['tx-open', 'open'],
      ['tx-bad', 'diverged'],
      ['tx-new', 'undone'],
    ] as const) {
      const journal = await store.create(opening(id));
      await journal.setStatus(status, id === 'tx-new' ? '2026-03-01T00:00:00Z' : '2026-01-01T00:00:00Z');
      await journal.close();
    }
    expect(await store.dropClosedBefore(new Date('2026-02-01'), new Date('2026-03-02'))).toEqual(['tx-old']);
    expect((await store.list()).map((entry) => entry.id)).toEqual(['tx-open', 'tx-bad', 'tx-new']);
    await expect(store.read('tx-old')).rejects.toThrow('no transaction tx-old');
    expect(await store.verify()).toEqual([]);
  });

  it.each(['../../etc/passwd', 'index', 'nothing'])('knows no transaction %s', async (id) => {
    await expect(store.read(id)).rejects.toThrow('no transaction');
  });

  it('keeps the key to its owner and takes one from the environment', async () => {
    const path = join(home, 'journal.key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    await JournalStore.open(home, {});
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(JournalStore.open(home, { STRATUS_JOURNAL_KEY: 'short' })).rejects.toThrow('not 32 bytes');
    await (await store.create(opening('tx-a'))).close();
    const other = await JournalStore.open(home, { STRATUS_JOURNAL_KEY: 'ab'.repeat(32) });
    await expect(other.read('tx-a')).rejects.toThrow('another key');
  });
});
