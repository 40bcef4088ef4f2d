import { DYNAMIC } from '../kubectl/flag-values.ts';
import { allGrammars, childNamed, defaultGrammar, grammarFor } from '../kubectl/grammar/grammar.ts';
import { judgeArgv } from '../kubectl/judge.ts';
import { readOc } from '../kubectl/openshift.ts';
import type { Judgement } from '../kubectl/judge.ts';
import type { LintConfig } from './config.ts';
import type { KubectlCall } from './shell/script-report.ts';
import type { ArgWord } from './shell/words.ts';

/** A kubectl invocation with its judgement; `words` are the arguments that were judged. */
export interface JudgedCall {
  call: KubectlCall;
  words: readonly ArgWord[];
  judgement: Judgement;
}

const JUDGED_LIMIT = 2_000;

/** Judging is a pure function of the words, and scripts repeat themselves: equal argvs are judged once. */
const judgedArgvs = new Map<string, Judgement & { argvLength: number }>();

/** What one release does not know another may: without a release in the settings, the newest that reads it counts. */
function judgeHuman(argv: readonly string[], kubectl: string | undefined): Judgement {
  const chosen = kubectl === undefined ? undefined : grammarFor(kubectl);
  const judgement = judgeArgv(argv, 'human', {}, chosen);
  if (chosen || judgement.parsed.ok) return judgement;
  for (const grammar of allGrammars()) {
    const other = judgeArgv(argv, 'human', {}, grammar);
    if (other.parsed.ok) return other;
  }
  return judgement;
}

function judgeWords(words: readonly ArgWord[], kubectl: string | undefined): Judgement {
  const argv = words.map((word) => word.value);
  const key = `${kubectl ?? ''}\0${argv.join('\0')}`;
  const known = judgedArgvs.get(key);
  if (known && known.argvLength === argv.length) return known;
  const judgement = { ...judgeHuman(argv, kubectl), argvLength: argv.length };
  if (judgedArgvs.size >= JUDGED_LIMIT) judgedArgvs.clear();
  if (key.length < 2_000) judgedArgvs.set(key, judgement);
  return judgement;
}

/** Judges a call. Unknown words before the verb (`kubectl $OPTS get …`) are taken for flags. */
export function judgeCall(call: KubectlCall, { kubectl }: Pick<LintConfig, 'kubectl'> = {}): JudgedCall {
  if (isOc(call)) {
    const reading = readOc(call.words.map(({ value }) => value));
    if (reading.as === 'oc')
      return { call, words: call.words, judgement: { ...OC_COMMAND, problems: reading.problems } };
    const kept = call.words.filter((_, index) => !reading.dropped.includes(index));
    return judgeKubectl(call, kept.map(projectAsNamespace), kubectl);
  }
  return judgeKubectl(call, HANDED_OBJECTS.has(call.handedTo ?? '') ? withoutDryRun(call.words) : call.words, kubectl);
}

/** Objects that a dry run prints and another kubectl reads are written after all. */
const HANDED_OBJECTS = new Set(['apply', 'create', 'replace']);

function withoutDryRun(words: readonly ArgWord[]): readonly ArgWord[] {
  const dashes = words.findIndex(({ value }) => value === '--');
  const isDryRun = ({ value }: ArgWord, index: number): boolean =>
    /^--dry-run(=|$)/.test(value) && (dashes < 0 || index < dashes);
  return words.some(isDryRun) ? words.filter((word, index) => !isDryRun(word, index)) : words;
}

function isOc({ program }: KubectlCall): boolean {
  return /(^|\/)oc$/.test(program.value) || /^"?\$\{?(OC|oc)\}?"?$/.test(program.node?.text ?? '');
}

/** A project is a namespace with a name of its own (docs.openshift.com, "Working with projects"). */
function projectAsNamespace(word: ArgWord): ArgWord {
  return /^projects?(\/|$)/.test(word.value) ? { ...word, value: word.value.replace(/^projects?/, 'namespace') } : word;
}

const OC_COMMAND: Pick<Judgement, 'parsed'> = {
  parsed: { ok: false, code: 'unknown-command', message: 'a command of oc', index: 0, path: [] },
};

function judgeKubectl(call: KubectlCall, given: readonly ArgWord[], kubectl: string | undefined): JudgedCall {
  let words = given;
  let judgement = judgeWords(words, kubectl);
  const { parsed } = judgement;
  if (!parsed.ok && parsed.code === 'unknown-command' && words[parsed.index]?.value.includes(DYNAMIC)) {
    const root = defaultGrammar().root;
    const verb = words.findIndex((word, index) => index > parsed.index && childNamed(root, word.value));
    const between = words.slice(parsed.index, verb);
    if (verb > 0 && between.every((word) => word.value.includes(DYNAMIC) || word.value.startsWith('-'))) {
      words = words.filter((word, index) => index < parsed.index || index >= verb || !word.value.includes(DYNAMIC));
      judgement = judgeWords(words, kubectl);
    }
  }
  const group = unknownInGroup(words, judgement);
  if (group) {
    words = group;
    judgement = judgeWords(words, kubectl);
  }
  return { call, words, judgement };
}

/** The words without unknown ones between a verb and its second word: `create "${flags[@]}" role x` creates a role. */
function unknownInGroup(words: readonly ArgWord[], { parsed }: Judgement): readonly ArgWord[] | undefined {
  const verb = words.findIndex(({ value }) => GROUPS.has(value));
  const from = verb + 1;
  const isUnknown = ({ value }: ArgWord): boolean => value.includes(DYNAMIC);
  if (verb < 0 || !words[from] || !isUnknown(words[from])) return undefined;
  const second = words.findIndex((word, index) => index > from && !isUnknown(word) && !word.value.startsWith('-'));
  const group = childNamed(defaultGrammar().root, words[verb]?.value ?? '');
  if (second < 0 || !group || !childNamed(group, words[second]?.value ?? '')) return undefined;
  if (parsed.ok && parsed.path.length > 1) return undefined;
  return words.filter((word, index) => index < from || index >= second || !isUnknown(word));
}

/** Verbs whose second word is part of the command. */
const GROUPS = new Set(['create', 'rollout', 'set', 'config', 'auth', 'top', 'certificate']);
