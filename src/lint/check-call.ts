import { DYNAMIC } from '../kubectl/flag-values.ts';
import { allGrammars, childNamed, defaultGrammar, grammarFor } from '../kubectl/grammar/grammar.ts';
import { judgeArgv } from '../kubectl/judge.ts';
import type { Judgement } from '../kubectl/judge.ts';
import { lastFlag } from '../kubectl/parse.ts';
import type { Problem, Rewrite } from '../kubectl/problem.ts';
import type { Target } from '../kubectl/targets.ts';
import { DEFAULT_CONFIG, matchesAny, raised } from './config.ts';
import type { LintConfig } from './config.ts';
import type { Finding, Fix, TextEdit } from './finding.ts';
import { severityOf } from './lint-rules.ts';
import type { KubectlCall } from './shell/script-report.ts';
import type { ArgWord } from './shell/words.ts';
import { documentRange } from './source-text.ts';

/** A kubectl invocation with its judgement; `words` are the arguments that were judged. */
export interface JudgedCall {
  call: KubectlCall;
  words: readonly ArgWord[];
  judgement: Judgement;
}

/** Rules that do not apply when something else ends the command. */
const ENDED_FROM_OUTSIDE = new Set([
  'watch',
  'follow-logs',
  'rollout-status-unbounded',
  'wait-unbounded',
  'drain-unbounded',
  'delete-unbounded',
  'blocking-command',
]);
/** Rules that do not apply to text that people type themselves. */
const FOR_SCRIPTS_ONLY = new Set([
  ...ENDED_FROM_OUTSIDE,
  'interactive-flags',
  'interactive-command',
  'remote-manifest',
  'unknown-command',
  'cannot-verify',
]);

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
  let words = call.words;
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
  return { call, words, judgement };
}

function isDynamic(words: readonly ArgWord[], problem: Problem): boolean {
  return words.slice(problem.first, problem.last + 1).some((word) => word.value.includes(DYNAMIC));
}

/** Unknown words make some verdicts uncertain; those are dropped or turned into "cannot verify". */
function settle(judged: JudgedCall): Problem[] {
  const { call, words, judgement } = judged;
  const problems: Problem[] = [];
  for (const problem of judgement.problems) {
    if (['unknown-command', 'unknown-flag', 'bad-arguments'].includes(problem.rule) && isDynamic(words, problem)) {
      const text = words[problem.first]?.node?.text ?? '';
      if (problem.rule !== 'unknown-command' || /^"?\$(@|\*|\{@\}|\{\*\})"?$/.test(text)) continue;
      problems.push({
        ...problem,
        rule: 'cannot-verify',
        message:
          'the kubectl command is computed when the script runs, so it cannot be checked; write the verb literally',
      });
      continue;
    }
    problems.push(problem);
  }
  const { parsed, effect } = judgement;
  if (
    call.openEnded &&
    parsed.ok &&
    effect?.command === 'delete' &&
    effect.targets.length === 0 &&
    !lastFlag(parsed, 'filename')
  ) {
    const at = parsed.verbIndexes[0] ?? 0;
    problems.push({
      rule: 'cannot-verify',
      first: at,
      last: at,
      message: 'what is deleted comes from input that is not known here; name the kind before the input',
    });
  }
  const unknown = effect?.command === 'delete' && effect.writes ? effect.targets.find(isUnknownKind) : undefined;
  if (unknown) {
    problems.push({
      rule: 'cannot-verify',
      first: unknown.index,
      last: unknown.index,
      message:
        'the kind of what is deleted is computed when the script runs, so it cannot be checked; write the kind literally',
    });
  }
  return problems;
}

/** A kind that is not known here, or the place that xargs, find or parallel fill in. */
function isUnknownKind({ word }: Target): boolean {
  return word.includes(DYNAMIC) || /[{}%]/.test(word);
}

function edits(judged: JudgedCall, rewrite: Rewrite): TextEdit[] | undefined {
  const { call, words } = judged;
  const result: TextEdit[] = [];
  for (const edit of rewrite.edits) {
    if (edit.kind !== 'remove' && !/^[\w@%+=:,./-]+$/.test(edit.word)) return undefined;
    const before = edit.index === 0 ? call.program : words[edit.index - 1];
    const word = words[edit.index];
    if (!before || (edit.kind !== 'insert' && !word?.node)) return undefined;
    if (edit.kind === 'insert') {
      if (!before.node) return undefined;
      const at = documentRange(call.source, before.start, before.end).end;
      result.push({ start: at, end: at, text: ` ${edit.word}` });
    } else if (word) {
      const range = documentRange(call.source, word.start, word.end);
      if (edit.kind === 'replace') result.push({ ...range, text: edit.word });
      else result.push({ start: documentRange(call.source, before.start, before.end).end, end: range.end, text: '' });
    }
  }
  return result.sort((a, b) => a.start - b.start || a.end - b.end);
}

function fixOf(judged: JudgedCall, problem: Problem): Fix | undefined {
  if (!problem.rewrite || !judged.call.editable) return undefined;
  const list = edits(judged, problem.rewrite);
  return list && { title: problem.rewrite.title, safe: problem.rewrite.safe, edits: list };
}

/** True if the command names a protected context or namespace and changes something there. */
export function isProtected(judged: JudgedCall, config: LintConfig): boolean {
  const { parsed, effect } = judged.judgement;
  if (!parsed.ok || !effect?.writes) return false;
  const context = lastFlag(parsed, 'context')?.value;
  if (context !== undefined && matchesAny(context, config.protectedContexts)) return true;
  const namespaces = effect.targets
    .filter((target) => target.kind?.plural === 'namespaces')
    .map((target) => target.name);
  return [effect.namespace, ...namespaces].some(
    (name) => name !== undefined && matchesAny(name, config.protectedNamespaces),
  );
}

/** The findings of one call. `interactive`: the text is meant to be typed by a person (Markdown). */
export function findingsOfCall(
  judged: JudgedCall,
  interactive: boolean,
  config: LintConfig = DEFAULT_CONFIG,
): Finding[] {
  const { call, words } = judged;
  const guarded = isProtected(judged, config);
  const findings: Finding[] = [];
  for (const problem of settle(judged)) {
    if (call.bounded && ENDED_FROM_OUTSIDE.has(problem.rule)) continue;
    if (interactive && FOR_SCRIPTS_ONLY.has(problem.rule)) continue;
    const base = severityOf(problem.rule, config);
    const severity = guarded ? raised(base) : base;
    if (severity === 'off') continue;
    const first = words[problem.first] ?? call.program;
    const last = words[problem.last] ?? first;
    const fix = fixOf(judged, problem);
    findings.push({
      rule: problem.rule,
      severity,
      ...documentRange(call.source, first.start, Math.max(first.end, last.end)),
      message: problem.message.replaceAll(DYNAMIC, '…'),
      ...(fix ? { fix } : {}),
    });
  }
  return findings;
}
