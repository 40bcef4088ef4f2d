import { oneLine } from '../text/plain-text.ts';
import { redact } from '../text/redact.ts';
import { quoteArgv } from '../text/shell-quote.ts';
import { withoutPasswords } from '../text/shell-passwords.ts';
import { isActionArgv, isSafeTerminal, shownArgv } from './secret-words.ts';

const LONGEST = 2_000;

/** A command in a container; a script in it was reviewed with its file, and is told by its length. */
export function containerCommandText(command: readonly string[]): string {
  const words = command.map((word) => {
    const lines = word.trimEnd().split('\n').length;
    return lines > 1 ? `… (${lines} lines)` : word;
  });
  return oneLine(redact(quoteArgv(words)), LONGEST);
}

/** `kubectl patch service 'a b'`: an argument vector as it is shown and can be typed, values of Secrets blank. */
export function commandText(argv: readonly string[]): string {
  if (isSafeTerminal(argv)) return 'writes of a safe terminal';
  const program = isActionArgv(argv) ? 'stratus' : 'kubectl';
  return oneLine(quoteArgv([program, ...withoutPasswords(shownArgv(argv)).map(redact)]), LONGEST);
}
