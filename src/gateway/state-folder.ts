import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$STRATUS_HOME`, else the platform's folder for state. Shared by editor and CLI. Not created here. */
export function stateFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (env.STRATUS_HOME) return env.STRATUS_HOME;
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'stratus');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'stratus');
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'stratus');
}
