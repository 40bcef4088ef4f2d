/**
 * Last line of defence before text reaches the page, a notification or the log (I11): the gateway already blanks
 * Secret values, but a command line or a container's message may carry one.
 */
const PATTERNS: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g, '[redacted key]'],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '[redacted token]'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 [redacted]'],
  [/(--(?:token|password|docker-password|client-key-data)[= ])\S+/gi, '$1[redacted]'],
  [/(--from-literal[= ][^=\s]+=)\S+/gi, '$1[redacted]'],
  [/((?:"|\b)[\w-]*(?:password|passwd|secret|token|api[_-]?key)"?\s*[:=]\s*)("[^"]*"|[^\s",;}]+)/gi, '$1[redacted]'],
  [/(:\/\/[^\s:@/]+:)[^\s@/]+@/g, '$1[redacted]@'],
];

// C0 controls except tab and newline, C1, and the bidirectional overrides that can make text lie.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const ANSI = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

export function redact(text: string): string {
  return PATTERNS.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

/** Redacted, without control characters, at most `limit` characters: text fit to be shown (I12). */
export function presentable(text: string, limit: number): string {
  const clean = redact(
    text
      .slice(0, limit * 4)
      .replace(ANSI, '')
      .replace(/\r\n?/g, '\n')
      .replace(CONTROLS, ''),
  );
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}

/** A command as one would type it into a POSIX shell, values of secret-bearing flags blanked. */
export function commandLine(argv: string[]): string {
  const words: string[] = [];
  let blankNext: '' | 'value' | 'literal' = '';
  for (const word of argv) {
    if (blankNext === 'value') words.push('[redacted]');
    else if (blankNext === 'literal') words.push(word.replace(/=[\s\S]*/, '=[redacted]'));
    else words.push(redact(word));
    blankNext = /^--(token|password|docker-password)$/.test(word)
      ? 'value'
      : word === '--from-literal'
        ? 'literal'
        : '';
  }
  return presentable(['kubectl', ...words.map(quote)].join(' '), 2_000);
}

function quote(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}
