import { homedir } from 'node:os';
import { join } from 'node:path';
import { JournalUnwritable } from './journal-unwritable.ts';
import { namesIn, ownFolder, UntrustedPath } from '../disk/trusted-files.ts';

/** `$STRATUS_HOME`, else the platform's folder for state. Shared by editor and CLI. Not created here. */
export function stateFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (env.STRATUS_HOME) return env.STRATUS_HOME;
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'stratus');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'stratus');
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'stratus');
}

/** Folders in it that are there from the start, and those that come into being with their first use. */
const ALWAYS = ['', 'journal', join('journal', 'locks')];
const LATER = ['runs', 'lock-claims', 'kubectl', 'runbooks'];

/**
 * Makes the state folder, or looks at the one that is there: all of it must be this user's own, and nothing in it lead
 * elsewhere. @throws UntrustedPath, JournalUnwritable
 */
export async function openStateFolder(stateFolder: string): Promise<void> {
  const own = `set STRATUS_HOME to a folder of your own`;
  for (const name of ALWAYS) {
    const path = join(stateFolder, name);
    try {
      await ownFolder(path, name === '' ? own : `move it away, or ${own}`);
    } catch (error) {
      throw error instanceof UntrustedPath ? error : new JournalUnwritable(path, error, 'journal folder');
    }
  }
  const there = await namesIn(stateFolder);
  for (const name of LATER)
    if (there.includes(name)) await ownFolder(join(stateFolder, name), `move it away, or ${own}`);
  for (const name of ALWAYS.slice(1)) await namesIn(join(stateFolder, name));
}
