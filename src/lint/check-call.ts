import { DYNAMIC } from '../kubectl/flag-values.ts';
import { lastFlag } from '../kubectl/parse.ts';
import type { Problem, Rewrite } from '../kubectl/problem.ts';
import type { Target } from '../kubectl/targets.ts';
import { DEFAULT_CONFIG, matchesAny, raised } from './config.ts';
import type { LintConfig } from './config.ts';
import type { Finding, Fix, TextEdit } from './finding.ts';
import { severityOf } from './lint-rules.ts';
import type { Place } from './regions/region.ts';
import type { ArgWord } from './shell/words.ts';
import { kubeconfigName } from './shell/ambient.ts';
import { documentRange } from './source-text.ts';
import type { JudgedCall } from './judge-call.ts';

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
/** Of those, the ones about output without end: whoever reads it may stop, and so end the command. */
const ENDED_BY_READER = new Set(['watch', 'follow-logs', 'blocking-command']);
/** Rules that do not apply to text that people type themselves. */
const FOR_SCRIPTS_ONLY = new Set([
  ...ENDED_FROM_OUTSIDE,
  'interactive-flags',
  'interactive-command',
  'remote-manifest',
  'unknown-command',
  'cannot-verify',
]);

const NOT_IN: Readonly<Record<Place, ReadonlySet<string>>> = {
  script: new Set(),
  typed: FOR_SCRIPTS_ONLY,
  // A program may set a time limit of its own, and not every text that begins as a command is one.
  quoted: new Set([...ENDED_FROM_OUTSIDE, 'unknown-command', 'unknown-flag', 'bad-arguments', 'interactive-flags']),
};

function isDynamic(words: readonly ArgWord[], problem: Problem): boolean {
  return words.slice(problem.first, problem.last + 1).some((word) => word.value.includes(DYNAMIC));
}

/** Standard input as a manifest. */
const STANDARD_INPUT = /(^|,)(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)(,|$)/;

/** Where a deletion, or an approval, takes its objects from something that is not known here. */
function unknownInput(judged: JudgedCall): Problem[] {
  const { call, judgement } = judged;
  const { parsed, effect } = judgement;
  if (isAppended(judged) && call.words.some(({ value }) => value === 'delete'))
    return [
      {
        rule: 'cannot-verify',
        first: 0,
        last: 0,
        message: 'what is deleted stands in files that are not known here; name them',
      },
    ];
  if (!parsed.ok || !effect?.writes) return [];
  const at = parsed.verbIndexes[0] ?? 0;
  const file = lastFlag(parsed, 'filename');
  if (effect.command === 'delete' && file && STANDARD_INPUT.test(file.value)) {
    if (call.input ?? call.inputFile) return [];
    return [
      {
        rule: 'cannot-verify',
        first: at,
        last: at,
        message: 'what is deleted comes from another program, which is not known here; name the objects',
      },
    ];
  }
  if (!call.openEnded || effect.targets.length > 0 || file) return [];
  if (effect.command === 'delete')
    return [
      {
        rule: 'cannot-verify',
        first: at,
        last: at,
        message: 'what is deleted comes from input that is not known here; name the kind before the input',
      },
    ];
  return [];
}

/** Certificates that are approved without anybody having looked at them. */
function approvesUnseen({ call, words, judgement }: JudgedCall): Problem[] {
  const { parsed, effect } = judgement;
  if (!parsed.ok || effect?.command !== 'certificate approve' || !effect.writes) return [];
  const unseen = call.openEnded || parsed.positionals.some(({ value }) => value.includes(DYNAMIC));
  if (!unseen) return [];
  const at = { first: parsed.verbIndexes[0] ?? 0, last: parsed.verbIndexes.at(-1) ?? words.length - 1 };
  return [
    {
      rule: 'cannot-verify',
      ...at,
      message:
        'whatever is requested at that moment is approved, and an issued certificate cannot be withdrawn; look at each request first',
    },
  ];
}

/** Unknown words make some verdicts uncertain; those are dropped or turned into "cannot verify". */
function settle(judged: JudgedCall): Problem[] {
  const { words, judgement } = judged;
  const problems: Problem[] = [];
  // The value that is missing comes with the words that are appended.
  for (const problem of isAppended(judged) ? [] : judgement.problems) {
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
  const { effect } = judgement;
  problems.push(...unknownInput(judged), ...approvesUnseen(judged));
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
  const named = ['context', 'cluster', 'kubeconfig'].map((name) => lastFlag(parsed, name)?.value);
  const isChosen = named.some((value) => value !== undefined && !value.includes(DYNAMIC));
  // A context named on the command line counts before what the script has chosen.
  const targets = isChosen ? named : [judged.call.settings?.target];
  if (targets.some((name) => name !== undefined && matchesAny(targetName(name), config.protectedContexts))) return true;
  const namespaces = effect.targets
    .filter((target) => target.kind?.plural === 'namespaces')
    .map((target) => target.name);
  return [effect.namespace, ...namespaces].some(
    (name) => name !== undefined && matchesAny(name, config.protectedNamespaces),
  );
}

/** The name of a context or cluster; of a file its own, without folder and ending. */
function targetName(value: string): string {
  return value.includes('/') && !value.startsWith('arn:') ? kubeconfigName(value) : value;
}

/** True if the words lack only what xargs and its kind append. */
function isAppended({ call, judgement: { parsed } }: JudgedCall): boolean {
  return call.openEnded && !parsed.ok && parsed.code === 'missing-value';
}

/** True if something around the command takes the ground from a finding. */
function isSettled(rule: string, { call, judgement }: JudgedCall): boolean {
  if (call.bounded && ENDED_FROM_OUTSIDE.has(rule)) return true;
  if (call.hasReader && ENDED_BY_READER.has(rule)) return true;
  if (rule === 'interactive-command' && call.settings?.editor && judgement.effect?.command === 'edit') return true;
  // The answer stands ready on standard input.
  return rule === 'interactive-flags' && call.fedInput && judgement.effect?.command === 'delete';
}

/** The findings of one call. */
export function findingsOfCall(judged: JudgedCall, place: Place, config: LintConfig = DEFAULT_CONFIG): Finding[] {
  const { call, words } = judged;
  const guarded = isProtected(judged, config);
  const findings: Finding[] = [];
  for (const problem of settle(judged)) {
    if (isSettled(problem.rule, judged)) continue;
    if (NOT_IN[place].has(problem.rule)) continue;
    const base = severityOf(problem.rule, config);
    if (base === 'off') continue;
    const severity = guarded ? raised(base) : problem.mild ? 'information' : base;
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
