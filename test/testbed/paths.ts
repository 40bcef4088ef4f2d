import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { TestbedError } from './testbed-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Name of the instance that is used when none is given. */
export const DEFAULT_INSTANCE = 'default';

/** Folder that holds one state folder per instance: `$STRATUS_TESTBED_HOME`, else below the user's state folder. */
export function stateHome(env: Environment = process.env): string {
  if (env['STRATUS_TESTBED_HOME']) return resolve(env['STRATUS_TESTBED_HOME']);
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'stratus-testbed');
}

/** State folder of one instance. Throws a TestbedError for a name that could not be part of a host or file name. */
export function stateFolder(name: string, env: Environment = process.env): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
    throw new TestbedError(
      `'${name}' cannot be an instance name; use up to 32 lower-case letters, digits and inner hyphens`,
    );
  }
  return join(stateHome(env), name);
}

/** The user's own cache for built binaries and images; survives checkouts and instances. */
export function cacheHome(env: Environment = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'stratus', 'testbed');
}

/**
 * Caches to look into, the user's own first. `$STRATUS_CACHE` names another one, laid out like `~/.cache/stratus`,
 * that is only read (for example one filled by root for unprivileged users).
 */
export function cacheHomes(env: Environment = process.env): string[] {
  const shared = env['STRATUS_CACHE'];
  return shared ? [cacheHome(env), join(resolve(shared), 'testbed')] : [cacheHome(env)];
}
