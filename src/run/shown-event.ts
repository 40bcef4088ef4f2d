import { HIDDEN, shownArgv } from '../kubectl/secret-words.ts';

const ONE_COMMAND = new Set(['argv', 'from']);
const COMMANDS = new Set(['to', 'instead', 'commands']);

/**
 * Replacer for JSON.stringify of run events: commands as they may be shown, manifests with Secrets not at all. The run
 * itself goes on with the event as it is.
 */
export function hideInEvent(key: string, value: unknown): unknown {
  if (key === 'content' && typeof value === 'string') {
    return /\bkind["']?\s*:\s*["']?(Secret|List)\b/.test(value) ? HIDDEN : value;
  }
  if (!Array.isArray(value)) return value;
  if (ONE_COMMAND.has(key) && value.every(isWord)) return shownArgv(value);
  if (COMMANDS.has(key)) {
    return value.map((argv: unknown) => (Array.isArray(argv) && argv.every(isWord) ? shownArgv(argv) : argv));
  }
  return value;
}

function isWord(value: unknown): value is string {
  return typeof value === 'string';
}
