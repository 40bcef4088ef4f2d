import type { Token } from './program-tokens.ts';

/** What a program does with a text, as far as its place tells: it is run, it is shown to people, or neither is known. */
export type TextUse = 'runs' | 'shown' | 'unknown';

/** Functions, keys and names under which a command is run, in the libraries and tools of all the languages that are read. */
const RUNS =
  /(?:^|[._$:])(?:\w*(?:run|call|exec|spawn|popen|system|shell|command|cmd|kubectl|output|capture)\w*|sh|bash|bat|powershell|pwsh|zx|\$|script|inline|argv|args|entrypoint|qx|backtick|subprocess|local_resource|local|sudo)!?$/i;
/** Such names that only tell of a command. */
const TELLS =
  /(?:help|usage|desc|doc|example|message|msg|(?<!con)text|title|label|name|hint|error|err|log|print|remediation|summary|epilog|^short$|^long$|^use$|string|contains|equal|match|compile|event)/i;
const SHOWS =
  /^(?:[\w.]*[.:])?(?:f?print(?:f|ln)?|e?println|s?printf|format|(?:Ep|P|F|S|Ef)rint(?:f|ln)?|p?puts|echo|write(?:ln|Line)?|Write-\w+|log|logger|debug|info|notice|warn(?:ing)?|error|Errorf?|fatal|Fatalf?|fail|bail|panic|raise|throw|exit|die|abort|trace|Log|Logf|Skip|Skipf|Infof?|Warningf?|Debugf?|\w*(?:Error|Exception|Message|Description|Warning|Examples?|LongDesc|Help)|New|Wrapf?|describe|it|It|By|test|stage|lock|input|help|usage|document|assert\w*|expect\w*|require\w*|add_argument|alert|desc|Event\w*|Contains|Equal|HasPrefix|startsWith|compile|T)!?$/;

/**
 * The use of the text at `index`.
 * @param callers what stands before each bracket that is open there, outermost first; empty where nothing does
 */
export function textUse(tokens: readonly Token[], index: number, callers: readonly string[], program: string): TextUse {
  const own = nameBefore(tokens, index, program);
  if (own.isCompared) return 'shown';
  const caller = callers.findLast((name) => name !== '') ?? '';
  // A key says more than what is called: Command{Short: "…"} runs nothing.
  for (const name of own.isKey ? [own.name] : [own.name, caller]) {
    if (name === '') continue;
    if (SHOWS.test(name)) return 'shown';
    if (RUNS.test(name) && !TELLS.test(name)) return 'runs';
    if (TELLS.test(name)) return 'shown';
  }
  return 'unknown';
}

/** The key, variable or function that a text directly follows. */
function nameBefore(
  tokens: readonly Token[],
  index: number,
  program: string,
): { name: string; isKey?: boolean; isCompared: boolean } {
  const [before, second, third] = [tokens[index - 1], tokens[index - 2], tokens[index - 3]];
  const textOf = (token: Token | undefined): string =>
    token?.kind === 'text' ? token.source.text : token?.kind === 'other' ? program.slice(token.start, token.end) : '';
  const mark = textOf(before);
  if (before?.kind !== 'other') return { name: '', isCompared: false };
  if (/^[=!<>]$/.test(mark) && !before.isAssignment) return { name: '', isCompared: true };
  // `name = "…"`, `name: "…"`, `name := "…"`.
  if (before.isAssignment || mark === ':')
    return { name: textOf(textOf(second) === ':' ? third : second), isKey: true, isCompared: false };
  // `sh "…"`, `echo "…"`.
  return { name: mark, isCompared: mark === 'in' };
}
