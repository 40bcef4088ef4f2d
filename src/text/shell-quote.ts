const PLAIN_WORD = /^[\w@%+=:,./-]+$/;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/**
 * The argv as shell text that reads back as the same words. Characters that do not show are spelled as bash and zsh read
 * them (`$'\n'`), so that what is shown is what there is.
 */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  if (PLAIN_WORD.test(word)) return word;
  if (!UNSEEN.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const spelled = [...word].map((character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    return UNSEEN.test(character) ? escaped(character.codePointAt(0)!) : character;
  });
  return `$'${spelled.join('')}'`;
}

function escaped(code: number): string {
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
