import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import {
  appendFile, chmod, chown, link, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile,
} from 'node:fs/promises'; // prettier-ignore
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JournalLost } from '../../../src/gateway/journal/journal-lost.ts';
import type { JournalRecord, OpenRecord } from '../../../src/gateway/journal/journal-records.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import type { OpenJournal } from '../../../src/gateway/journal/open-journal.ts';
import { openOwn, UntrustedPath } from '../../../src/gateway/disk/trusted-files.ts';
import { RunLog } from '../../../src/run/run-log.ts';

const opening = (id: string): OpenRecord => ({
  type: 'open',
  id,
  run: 'run-1',
  title: 'fix',
  target: { context: 'c', server: 'https://s', fingerprint: 'f', namespace: 'shop' },
  maxWrites: 20,
  manager: `stratus-${id}`,
  at: '2026-01-01T00:00:00.000Z',
});
const step: JournalRecord = { type: 'step', step: 0, argv: ['scale'], at: 'now' };
const root = process.getuid?.() === 0;
let base: string;
let home: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'stratus-trust-'));
  home = join(base, 'state');
});
afterEach(() => rm(base, { recursive: true, force: true }));

const open = () => JournalStore.open(home, {});
const inHome = (...names: string[]) => join(home, ...names);

describe.skipIf(process.platform === 'win32')('a state folder', () => {
  async function filled(): Promise<JournalStore> {
    const store = await open();
    const journal = await store.create(opening('tx-a'));
    await journal.setStatus('committed', '2026-01-02T00:00:00.000Z');
    await journal.close();
    return store;
  }
  /** Moves something of it away and puts a link to it in its place. */
  async function relink(path: string): Promise<void> {
    await rename(path, join(base, 'elsewhere'));
    await symlink(join(base, 'elsewhere'), path);
  }

  it('comes into being for its owner only', async () => {
    await filled();
    for (const name of ['', 'journal', 'journal/locks']) expect((await stat(inHome(name))).mode & 0o777).toBe(0o700);
    for (const name of ['journal.key', 'journal/tx-a.journal', 'journal/tx-a.journal.head', 'journal/index.journal'])
      expect((await stat(inHome(name))).mode & 0o777, name).toBe(0o600);
  });

  it.each([
    ['the folder itself', '', /state is a symbolic link: set STRATUS_HOME to a folder of your own/],
    ['its journals', 'journal', /journal is a symbolic link: move it away/],
    ['its locks', 'journal/locks', /locks is a symbolic link: move it away/],
    ['a journal', 'journal/tx-a.journal', /tx-a\.journal is a symbolic link: remove it \(rm .*tx-a\.journal\)/],
    ['a head', 'journal/tx-a.journal.head', /tx-a\.journal\.head is a symbolic link/],
    ['the index', 'journal/index.journal', /index\.journal is a symbolic link/],
    ['the key', 'journal.key', /journal\.key is a symbolic link/],
  ])('with %s linked elsewhere is refused at the start and before a transaction', async (_name, path, message) => {
    const store = await filled();
    await relink(inHome(path));
    await expect(open()).rejects.toThrow(message);
    await expect(store.create(opening('tx-b'))).rejects.toThrow(
      path === '' || path === 'journal' ? /STRATUS|symbolic|replaced/ : message,
    );
    expect(await readdir(join(base, 'elsewhere')).catch(() => ['a file'])).not.toContain('tx-b.journal');
  });

  it.each(['runs', 'lock-claims', 'kubectl'])('with %s linked elsewhere is refused', async (name) => {
    await filled();
    await mkdir(join(base, 'elsewhere'));
    await symlink(join(base, 'elsewhere'), inHome(name));
    await expect(open()).rejects.toThrow(`${inHome(name)} is a symbolic link`);
    if (name === 'runs') await expect(RunLog.open(home, 'run-1')).rejects.toThrow(UntrustedPath);
  });

  it('that leads nowhere, or is a file, is named as that', async () => {
    await symlink(join(base, 'nowhere'), home);
    await expect(open()).rejects.toThrow('state is a symbolic link');
    await rm(home);
    await writeFile(home, '');
    await expect(open()).rejects.toThrow('state is not a folder');
  });

  it.each([
    ['', '700'],
    ['journal', '700'],
    ['journal/locks', '700'],
    ['journal.key', '600'],
    ['journal/tx-a.journal', '600'],
    ['journal/tx-a.journal.head', '600'],
  ])('in which others may write %j is refused with the command that closes it', async (name, mode) => {
    const store = await filled();
    for (const bits of [0o020, 0o002]) {
      await chmod(inHome(name), 0o700 | bits);
      const refused = name.includes('tx-a') ? store.take('tx-a') : open();
      await expect(refused).rejects.toThrow(`chmod ${mode} ${inHome(name)}`.replace(/\/$/, ''));
    }
    await chmod(inHome(name), Number.parseInt(mode, 8));
    await (await (await open()).take('tx-a')).close();
  });

  it('that others may only read is closed to them', async () => {
    const store = await filled();
    for (const name of ['', 'journal', 'journal/locks']) await chmod(inHome(name), 0o755);
    for (const name of ['journal.key', 'journal/tx-a.journal']) await chmod(inHome(name), 0o644);
    await open();
    await (await store.take('tx-a')).close();
    for (const name of ['', 'journal', 'journal/locks', 'journal.key', 'journal/tx-a.journal'])
      expect((await stat(inHome(name))).mode & 0o077, name).toBe(0);
  });

  it.runIf(root)('of another user is refused, whoever asks', async () => {
    const store = await filled();
    for (const name of ['', 'journal', 'journal.key', 'journal/tx-a.journal']) {
      await chown(inHome(name), 4242, 0);
      const refused = name.includes('tx-a') ? store.take('tx-a') : open();
      await expect(refused, name).rejects.toThrow('belongs to user 4242, not to you (user 0)');
      await chown(inHome(name), 0, 0);
    }
  });

  it('with a file that has a second name elsewhere is refused, and that file is not touched', async () => {
    const store = await filled();
    for (const name of ['journal.key', 'journal/tx-a.journal', 'journal/tx-a.journal.head']) {
      const second = join(base, 'second');
      const before = await readFile(inHome(name));
      await link(inHome(name), second);
      const refused = name.includes('tx-a') ? store.take('tx-a') : open();
      await expect(refused, name).rejects.toThrow('has a second name elsewhere (a hard link)');
      expect(await readFile(second)).toEqual(before);
      await rm(second);
    }
    await (await store.take('tx-a')).close();
  });

  it('takes the draft of a key, left by a process that died while it made it, for no second name', async () => {
    await filled();
    await link(inHome('journal.key'), inHome('journal.key.123.abcd'));
    await open();
  });

  it('with a pipe in the place of a file keeps nobody waiting', async () => {
    await filled();
    await rm(inHome('journal.key'));
    execFileSync('mkfifo', ['-m', '600', inHome('journal.key')]);
    await expect(open()).rejects.toThrow('journal.key is not a file');
  });

  it('lets nothing be cut off before it is known whose it is', async () => {
    await writeFile(join(base, 'mine'), 'precious', { mode: 0o600 });
    await link(join(base, 'mine'), join(base, 'head'));
    await expect(openOwn(join(base, 'head'), constants.O_WRONLY | constants.O_TRUNC)).rejects.toThrow(UntrustedPath);
    expect(await readFile(join(base, 'mine'), 'utf8')).toBe('precious');
  });
});

describe.skipIf(process.platform === 'win32')('a journal that is taken away while it is written', () => {
  let store: JournalStore;
  let journal: OpenJournal;
  const path = () => inHome('journal', 'tx-a.journal');
  beforeEach(async () => {
    store = await open();
    journal = await store.create(opening('tx-a'));
  });
  afterEach(() => journal.close());

  it.each([
    ['removed', async () => rm(path()), /was removed/],
    [
      'replaced by a copy',
      async () => (await writeFile(`${path()}.x`, await readFile(path())), rename(`${path()}.x`, path())),
      /was replaced by another file/,
    ],
    [
      'linked elsewhere',
      async () => (await rename(path(), join(base, 'x')), symlink(join(base, 'x'), path())),
      /was replaced/,
    ],
    ['cut', async () => truncate(path(), 40), /was altered/],
    ['written by another', async () => appendFile(path(), 'x'), /was altered/],
    ['given a second name', async () => link(path(), join(base, 'x')), /got a second name/],
    ['removed with its folder', async () => rm(home, { recursive: true }), /was removed/],
    ['moved with its folder', async () => rename(home, join(base, 'away')), /was removed/],
  ])('(%s) lets no record through any more', async (_name, take, message) => {
    await journal.append(step);
    await take();
    for (const attempt of [
      () => journal.append(step),
      () => journal.note(step),
      () => journal.setStatus('committed', 'now'),
    ]) {
      await expect(attempt()).rejects.toThrow(JournalLost);
      await expect(attempt()).rejects.toThrow(message);
    }
    expect(journal.records).toHaveLength(2);
  });

  it('does not stop an undo, which goes on from memory and makes nothing anew', async () => {
    await rm(home, { recursive: true });
    journal.goOnWithoutFile();
    await journal.setStatus('undoing', 'now');
    await journal.append(step);
    await journal.setStatus('undone', 'now');
    expect(journal.records).toHaveLength(4);
    expect(journal.lost?.message).toContain('was removed');
    expect(await lstat(home).catch(() => null)).toBeNull();
  });

  it('is said to be undone where only its own file is gone', async () => {
    await rm(path());
    journal.goOnWithoutFile();
    await journal.setStatus('undoing', 'now');
    await journal.setStatus('undone', 'now');
    expect(await store.list()).toMatchObject([{ id: 'tx-a', status: 'undone' }]);
  });

  it('with its folder is not begun again in a folder that is not there', async () => {
    await rm(home, { recursive: true });
    await expect(store.create(opening('tx-b'))).rejects.toThrow(JournalLost);
    expect(await lstat(home).catch(() => null)).toBeNull();
  });
});
