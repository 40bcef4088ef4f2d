import { DYNAMIC } from './flag-values.ts';
import { effectOf } from './effect.ts';
import { allGrammars } from './grammar/grammar.ts';
import { lastFlag, parseKubectl } from './parse.ts';
import type { FlagUse, ParsedCommand } from './parse.ts';

/** What is shown in the place of a word or value. */
export const HIDDEN = '«secret»';

/** Stands in a journal for the commands of a safe terminal, which nobody sees. */
export const SAFE_TERMINAL: readonly string[] = ['(safe terminal)'];

export function isSafeTerminal(argv: readonly string[]): boolean {
  return argv.length === 1 && argv[0] === SAFE_TERMINAL[0];
}

/** True for the command line that stands for a declared action: no kubectl command begins like this. */
export function isActionArgv(argv: readonly string[]): boolean {
  return argv[0] === 'runbook' && argv[1] === 'run';
}

/** True for a resource word that kubectl reads as Secret, or that is not known before the command runs. */
export function mayBeSecret(word: string): boolean {
  return word.includes(DYNAMIC) || /^secrets?(\.|$)/i.test(word);
}

/** True for a command that is about Secrets, or may be because a file or a computed word names the objects. */
export function mayTouchSecrets(parsed: ParsedCommand): boolean {
  return Boolean(lastFlag(parsed, 'filename') ?? lastFlag(parsed, 'kustomize')) || namesSecrets(parsed);
}

function namesSecrets(parsed: ParsedCommand): boolean {
  if (parsed.path[0] === 'create' && parsed.path[1] === 'secret') return true;
  return effectOf(parsed)?.targets.some(({ word }) => mayBeSecret(word)) ?? false;
}

/** The arguments may hold what a Secret is to hold: that of a file's kind is not known. */
export function mayCarryContent(parsed: ParsedCommand): boolean {
  return namesSecrets(parsed) || (/^(patch|annotate|label)$/.test(parsed.path[0] ?? '') && mayTouchSecrets(parsed));
}

/** Flags whose value is about which objects and how, never what is in them. */
const HARMLESS = new Set([
  'all', 'all-namespaces', 'allow-missing-template-keys', 'append-hash', 'cascade', 'cert', 'chunk-size', 'context',
  'docker-server', 'dry-run', 'field-manager', 'field-selector', 'filename', 'force', 'force-conflicts', 'from-env-file',
  'from-file', 'grace-period', 'help', 'ignore-not-found', 'key', 'kustomize', 'label-columns', 'list', 'local', 'namespace',
  'no-headers', 'now', 'overwrite', 'patch-file', 'record', 'recursive', 'request-timeout', 'resource-version',
  'save-config', 'selector', 'server-side', 'show-events', 'show-kind', 'show-labels', 'show-managed-fields', 'sort-by',
  'subresource', 'timeout', 'type', 'validate', 'wait', 'watch', 'watch-only',
]); // prettier-ignore
const CREDENTIALS = new Set(['token', 'password', 'username', 'docker-password', 'client-key', 'client-certificate']);
/** Names under which people keep what nobody should read, in environments and literals of other kinds. */
const TELLING_KEY = /pass|secret|token|credential|auth|private|api.?key|access.?key/i;
const PAIR_FLAGS = new Set(['from-literal', 'env']);
const NAMES = /^[a-z0-9./,:_-]+$/i;
const REMOVAL = /^[^=]+-$/;

/**
 * The argv as it may be recorded and shown: of a command about Secrets only words that are known to be harmless, of any
 * other all but credentials. Stays the same when it is done again.
 */
export function shownArgv(argv: readonly string[]): string[] {
  // Inputs of an action are no secrets: they stand in addresses that the API server logs.
  if (isSafeTerminal(argv) || isActionArgv(argv)) return [...argv];
  const parsed = readArgv(argv);
  // Only words that cannot be content: no release reads the whole.
  if (!parsed) return argv.map((word, at) => (at < 3 && /^[a-z-]+$/.test(word) ? word : HIDDEN)).filter(isFirstHidden);
  const result = [...argv];
  const strict = mayCarryContent(parsed);
  for (const use of parsed.flags) {
    const shown = shownFlag(use, strict);
    if (shown === null) continue;
    if (use.form === 'separate') result[use.valueIndex] = shown;
    else result[use.index] = `--${use.name}=${shown}`;
  }
  const pairs = /^(annotate|label|set env)$/.test(parsed.path.join(' '));
  const nameless = strict && !lastFlag(parsed, 'filename') && !lastFlag(parsed, 'kustomize');
  parsed.positionals.forEach(({ value, index }, at) => {
    if (value.includes('=')) {
      if (strict || (pairs && isTelling(value))) result[index] = hidePair(value);
    } else if (strict && !isName(parsed, value, at, nameless)) result[index] = HIDDEN;
  });
  return result;
}

/** The title of a transaction of one command as it may be shown; `commands` are those that it recorded, if any. */
export function shownTitle(title: string, commands: readonly string[][]): string {
  const [argv] = commands;
  return (argv ? shownArgv(argv) : shownArgv(title.split(' ')).filter(isFirstHidden)).join(' ');
}

/** As the first release that knows the whole of it reads it; null when none does. */
export function readArgv(argv: readonly string[]): ParsedCommand | null {
  const parsed = parseKubectl(argv);
  if (parsed.ok) return parsed;
  const readings = allGrammars().map((grammar) => parseKubectl(argv, grammar));
  return readings.find((reading) => reading.ok) ?? null;
}

/** True for a flag whose value is shown whatever the command is about. */
export function isShownFlag({ name, form }: FlagUse): boolean {
  return form === 'implied' || HARMLESS.has(name);
}

/** Null where the flag is shown as it is. */
function shownFlag({ name, value, form }: FlagUse, strict: boolean): string | null {
  if (form === 'implied') return null;
  if (PAIR_FLAGS.has(name)) return strict || isTelling(value) ? hidePair(value) : null;
  if (CREDENTIALS.has(name)) return HIDDEN;
  if (!strict || HARMLESS.has(name)) return null;
  if (name === 'output') return /^[a-z]*$/.test(value) ? null : HIDDEN;
  return HIDDEN;
}

function isTelling(pair: string): boolean {
  return TELLING_KEY.test(pair.split('=')[0]!);
}

function hidePair(pair: string): string {
  const [key = ''] = pair.split('=', 1);
  return pair.includes('=') && /^[\w./-]+$/.test(key) ? `${key}=${HIDDEN}` : HIDDEN;
}

/** As many names as the command reads; more of them were split off a text. */
function isName(parsed: ParsedCommand, word: string, at: number, typed: boolean): boolean {
  if (!NAMES.test(word)) return REMOVAL.test(word) && /^[\w./-]+$/.test(word);
  const [verb] = parsed.path;
  if (verb === 'create') return at === 0;
  return verb !== 'patch' || !typed || at < 2;
}

function isFirstHidden(word: string, at: number, words: string[]): boolean {
  return word !== HIDDEN || words[at - 1] !== HIDDEN;
}
