import { RawNumber } from '../../json/raw-number.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import { HIDDEN, shownArgv } from '../../kubectl/secret-words.ts';
import { LONGEST_TEXT, presentable, redact, withoutCredentials } from '../../text/redact.ts';
import { withoutPasswords } from '../../text/shell-passwords.ts';

const ONE_COMMAND = new Set(['argv', 'from']);
const COMMANDS = new Set(['to', 'instead', 'commands']);

/**
 * An event as listeners and the log get it: texts fit to be shown, commands with values of Secrets blank, manifests with
 * Secrets not at all. The run itself goes on with the event as it is.
 */
export function shownEvent<E extends RunEvent>(event: E): E {
  return shown('', withoutCredentials(event)) as E;
}

function shown(key: string, value: unknown): unknown {
  if (typeof value === 'string') {
    if (key === 'content' && /\bkind["']?\s*:\s*["']?(Secret|List)\b/.test(value)) return HIDDEN;
    return presentable(value, LONGEST_TEXT);
  }
  if (Array.isArray(value)) {
    if (ONE_COMMAND.has(key) && value.every(isWord)) return withoutPasswords(shownArgv(value)).map(redact);
    // `commands` holds one argv for each command.
    return value.map((item) => shown(COMMANDS.has(key) ? 'argv' : '', item));
  }
  if (typeof value !== 'object' || value === null || value instanceof RawNumber) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shown(name, item)]));
}

function isWord(value: unknown): value is string {
  return typeof value === 'string';
}
