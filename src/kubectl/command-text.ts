import { oneLine } from '../text/plain-text.ts';
import { redact } from '../text/redact.ts';
import { quoteArgv } from '../text/shell-quote.ts';
import { withoutPasswords } from '../text/shell-passwords.ts';
import { isActionArgv, isSafeTerminal, shownArgv } from './secret-words.ts';

const LONGEST = 2_000;

/** `kubectl patch service 'a b'`: an argument vector as it is shown and can be typed, values of Secrets blank. */
export function commandText(argv: readonly string[]): string {
  if (isSafeTerminal(argv)) return 'writes of a safe terminal';
  const program = isActionArgv(argv) ? 'stratus' : 'kubectl';
  return oneLine(quoteArgv([program, ...withoutPasswords(shownArgv(argv)).map(redact)]), LONGEST);
}
