import { createHash, randomBytes } from 'node:crypto';
import { link, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { JournalUnwritable } from './journal-unwritable.ts';
import { syncFolder } from '../disk/sync-folder.ts';
import { readOwn, UntrustedPath } from '../disk/trusted-files.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/** Key of all journals in a state folder (AES-256). */
export interface JournalKey {
  /** Names the key in journal headers without telling it. */
  id: string;
  bytes: Buffer;
}

/**
 * From `$STRATUS_JOURNAL_KEY` (64 hex digits or base64 of 32 bytes), else from `journal.key` in the state folder, which
 * is made on first use, readable by its owner only.
 * @throws Error with what to do when the key is malformed or missing beside journals, UntrustedPath when others may have
 * put it there, JournalUnwritable when it cannot be made
 */
export async function loadJournalKey(folder: string, env: NodeJS.ProcessEnv): Promise<JournalKey> {
  if (env.STRATUS_JOURNAL_KEY) return keyFrom(env.STRATUS_JOURNAL_KEY, '$STRATUS_JOURNAL_KEY');
  const path = join(folder, 'journal.key');
  const existing = await readKey(path);
  if (existing !== null) return keyFrom(existing, path);
  // No folder: no journals.
  const journals = (await readdir(join(folder, 'journal')).catch(() => [])).filter((name) => name.endsWith('.journal'));
  // A new key would make the old journals unreadable for good, and with them what is still to be undone.
  if (journals.length > 0) {
    throw new StratusError(
      'bad-key',
      `the journal key ${path} is missing, and ${journals.length} journal file(s) were written with it: put it back, or set STRATUS_JOURNAL_KEY`,
    );
  }
  await makeKey(path);
  return keyFrom((await readKey(path)) ?? '', path);
}

/** Null when there is none. @throws UntrustedPath, Error with what to do */
async function readKey(path: string): Promise<string | null> {
  return readOwn(path).then(
    (bytes) => bytes.toString('utf8'),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      if (error instanceof UntrustedPath) throw error;
      throw new StratusError(
        'bad-key',
        `the journal key ${path} cannot be read (${error.code}): make it readable for you alone (chmod 600)`,
      );
    },
  );
}

/** On disk when resolved: a journal outlives a power cut only together with its key. @throws JournalUnwritable */
async function makeKey(path: string): Promise<void> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true });
    // Two processes starting at once: the first link wins, both read the same file.
    await link(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new JournalUnwritable(path, error, 'journal key');
  } finally {
    await rm(draft, { force: true });
  }
}

/** @param where names the source in the message @throws Error when it is not 64 hex digits or base64 of 32 bytes */
export function keyFrom(text: string, where: string): JournalKey {
  const trimmed = text.trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64');
  if (bytes.length !== 32)
    throw new StratusError('bad-key', `journal key in ${where} is not 32 bytes (64 hex digits or base64)`);
  return { id: createHash('sha256').update('stratus-journal-key').update(bytes).digest('hex').slice(0, 16), bytes };
}
