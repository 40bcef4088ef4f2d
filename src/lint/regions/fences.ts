import { DYNAMIC } from '../../kubectl/flag-values.ts';
import type { LintLanguage } from '../languages.ts';
import { verbatim } from '../source-text.ts';
import { commandIn } from './command-text.ts';
import { foreignShell } from './region.ts';
import type { ForeignShell, Region } from './region.ts';

/** A block of code in a document for people. */
export interface CodeBlock {
  /** As in the document, with the marks of quotes and the like as blanks. */
  text: string;
  /** Its offset in the document. */
  start: number;
  kind: 'shell' | 'session' | 'plain' | ForeignShell | 'other';
  /** Its label says that it is no command: only what stands after a prompt is typed. */
  isText?: boolean;
  /** Of a block of kind `other`, if it is one that is read. */
  language?: LintLanguage;
}

const SHELLS = new Set(['sh', 'bash', 'shell', 'zsh', 'ksh', 'shellscript', 'terminal', 'bats']);
const SESSIONS = new Set([
  'console',
  'shell-session',
  'shellsession',
  'sh-session',
  'bash-session',
  'terminal-session',
]);
const PLAIN = new Set(['', 'code', 'cmdline', 'command', 'commandline']);
/** Labels which say that the text is no command: only what stands after a prompt is typed. */
const TEXT = new Set(['text', 'txt', 'plain', 'plaintext', 'none']);
const OTHERS: Readonly<Record<string, LintLanguage>> = {
  yaml: 'yaml',
  yml: 'yaml',
  dockerfile: 'dockerfile',
  docker: 'dockerfile',
  makefile: 'makefile',
  make: 'makefile',
  just: 'justfile',
  systemd: 'systemd',
  crontab: 'crontab',
  groovy: 'program:groovy',
  jenkinsfile: 'program:groovy',
  hcl: 'program:terraform',
  terraform: 'program:terraform',
  tf: 'program:terraform',
  python: 'program:python',
  py: 'program:python',
  go: 'program:go',
  golang: 'program:go',
  javascript: 'program:javascript',
  js: 'program:javascript',
  typescript: 'program:javascript',
  ts: 'program:javascript',
  ruby: 'program:ruby',
};

/** What a label such as `bash title="x"`, `{.sh .numberLines}` or `shell script` says about a block. */
export function blockKind(label: string): Pick<CodeBlock, 'kind' | 'language' | 'isText'> {
  const words = label.toLowerCase().match(/[\w+-]+/g) ?? [];
  const first =
    words[0] === 'code-block' || words[0] === 'source' || words[0] === 'code' ? (words[1] ?? '') : (words[0] ?? '');
  const shell = foreignShell(first);
  if (shell) return { kind: shell };
  if (SHELLS.has(first)) return { kind: 'shell' };
  if (SESSIONS.has(first)) return { kind: 'session' };
  if (TEXT.has(first)) return { kind: 'plain', isText: true };
  if (PLAIN.has(first)) return { kind: 'plain' };
  const language = Object.hasOwn(OTHERS, first) ? OTHERS[first] : undefined;
  return { kind: 'other', ...(language ? { language } : {}) };
}

const VENV = String.raw`(?:\([\w.-]+\)\s+)?`;
const PLACE = String.raw`\[[^\]\n]*\]|[\w.@~:/-]*`;
/** A bare # is a comment: root's prompt names a user or stands in brackets with one. */
const ROOT = String.raw`(?:\[[^\]\n]*@[^\]\n]*\]|\w[\w.-]*@[\w.~:/-]+)\s?#`;
/** `$`, `user@host:~#`, `[user@host dir]$`, `(venv) $`, `PS C:\>`, `❯`. */
const PROMPT = new RegExp(String.raw`^(\s*)(${VENV}(?:PS [^>\n]*|${PLACE})\s?[$%>#❯➜])[ \t]+(?=\S)`);
/** A prompt that is not also a comment or a quote. */
const CERTAIN_PROMPT = new RegExp(String.raw`^\s*(?:${VENV}(?:${PLACE})\s?[$%❯➜]|${ROOT})[ \t]+\S`, 'm');
const ANY_PROMPT = new RegExp(
  String.raw`^\s*(?:${VENV}(?:PS [^>\n]*|${PLACE})\s?[$%>❯➜]|${ROOT}|#(?=[ \t]+kubectl))[ \t]+\S`,
  'm',
);

/** The regions of a block that people type into a shell; undefined for blocks of other languages. */
export function fenceRegions(block: CodeBlock): Region[] | undefined {
  const { kind, start } = block;
  if (kind === 'other') return undefined;
  if (!/kubectl|\boc\b/i.test(block.text)) return [];
  if (kind !== 'shell' && kind !== 'session' && kind !== 'plain')
    return [{ kind: 'foreign', source: verbatim(block.text, start), shell: kind, place: 'typed' }];
  const body = withoutPlaceholders(block.text);
  const hasPrompt = kind === 'plain' ? CERTAIN_PROMPT.test(body) : ANY_PROMPT.test(body);
  if (hasPrompt) return [{ kind: 'script', source: verbatim(typedLines(body), start), place: 'typed' }];
  if (block.isText === true || (kind === 'plain' && !beginsWithCommand(body))) return [];
  return [{ kind: 'script', source: verbatim(body, start), place: 'typed' }];
}

/** Blocks without a label hold anything; one whose first line is a kubectl command is to be typed. */
function beginsWithCommand(body: string): boolean {
  const line = body.split('\n').find((one) => one.trim() !== '' && !/^\s*#/.test(one)) ?? '';
  return commandIn(line.trimStart()) !== undefined;
}

/** Readers fill in `<name>`; for the shell it would be a redirection. The length stays the same. */
function withoutPlaceholders(body: string): string {
  return body.replace(/<[A-Za-z][\w .:/|-]*>|<\d+>(?=[ \t]*$)/gm, (placeholder) =>
    /^<\d/.test(placeholder) ? ' '.repeat(placeholder.length) : DYNAMIC.repeat(placeholder.length),
  );
}

/** Only the lines after a prompt, and those that continue them; the others are output. */
function typedLines(body: string): string {
  const shown: string[] = [];
  let continues = false;
  for (const line of body.split('\n')) {
    const prompt: RegExpExecArray | null = continues ? null : PROMPT.exec(line);
    const mark: string = prompt?.[2] ?? '';
    // A bare # is a comment unless a command follows it that only root is shown to type.
    const isTyped: boolean =
      prompt !== null && (!mark.endsWith('#') || mark.includes('@') || commandIn(line.slice(prompt[0].length)) === 0);
    if (prompt && isTyped) shown.push(' '.repeat(prompt[0].length) + line.slice(prompt[0].length));
    else shown.push(continues ? line : ' '.repeat(line.length));
    continues = (isTyped || continues) && /\\\r?$/.test(line);
  }
  return shown.join('\n');
}
