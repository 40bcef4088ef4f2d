import type { RunEvent } from '../domain/run-event.ts';
import { HIDDEN, shownArgv } from '../kubectl/secret-words.ts';

const ONE_COMMAND = new Set(['argv', 'from']);
const COMMANDS = new Set(['to', 'instead', 'commands']);
/** Events in which commands or manifests stand. */
const WITH_COMMANDS = new Set<RunEvent['type']>([
  'diagnosed',
  'planned',
  'rehearsed',
  'command',
  'converted',
  'result',
]);

/**
 * An event as listeners and the log get it: commands with values of Secrets blank, manifests with Secrets not at all.
 * The run itself goes on with the event as it is.
 */
export function shownEvent<E extends RunEvent>(event: E): E {
  return WITH_COMMANDS.has(event.type) ? (shown('', event) as E) : event;
}

function shown(key: string, value: unknown): unknown {
  if (key === 'content' && typeof value === 'string') {
    return /\bkind["']?\s*:\s*["']?(Secret|List)\b/.test(value) ? HIDDEN : value;
  }
  if (Array.isArray(value)) {
    if (ONE_COMMAND.has(key) && value.every(isWord)) return shownArgv(value);
    // `commands` holds one argv for each command.
    return value.map((item) => shown(COMMANDS.has(key) ? 'argv' : '', item));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shown(name, item)]));
}

function isWord(value: unknown): value is string {
  return typeof value === 'string';
}
