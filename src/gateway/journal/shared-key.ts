import { readFile, stat } from 'node:fs/promises';
import type { JournalKey } from './journal-key.ts';
import { keyFrom } from './journal-key.ts';
import { StratusError } from '../../domain/stratus-error.ts';

/**
 * The key that a team shares, from its text or from a file; null when neither is given. Only whole random keys: the
 * ciphertext is in the cluster, where a passphrase could be guessed at leisure.
 * @throws Error with what to do when it is malformed, missing or readable by everybody
 */
export async function loadSharedKey(text?: string, file?: string): Promise<JournalKey | null> {
  if (text) return sharedKeyFrom(text, '$STRATUS_SHARED_KEY');
  if (!file) return null;
  const mode = await stat(file).then(
    (found) => found.mode,
    (error: NodeJS.ErrnoException) => {
      throw new StratusError(
        'bad-key',
        `the shared key file ${file} cannot be read (${error.code}): correct its path, or leave it out`,
      );
    },
  );
  if (process.platform !== 'win32' && (mode & 0o007) !== 0) {
    throw new StratusError('bad-key', `the shared key file ${file} is readable by everybody: chmod o-rwx it`);
  }
  return sharedKeyFrom(await readFile(file, 'utf8'), file);
}

function sharedKeyFrom(text: string, where: string): JournalKey {
  try {
    return keyFrom(text, where);
  } catch {
    throw new StratusError(
      'bad-key',
      `the shared key in ${where} is not 32 bytes: make one with 'openssl rand -hex 32'`,
    );
  }
}
