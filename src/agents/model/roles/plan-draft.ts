import type { Hypothesis } from '../../../domain/brain.ts';
import type { Finding, PlanFile } from '../../../domain/finding.ts';
import { refKey } from '../../../domain/kube-object.ts';
import type { Plan, PlanStep } from '../../../domain/plan.ts';
import { planText } from '../../../domain/plan.ts';
import { ClusterView } from '../../../kube/cluster-view.ts';
import { confine } from '../../../kubectl/confine.ts';
import { parseKubectl } from '../../../kubectl/parse.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { sha256 } from '../../../text/sha256.ts';
import { BadChoice, planOf } from '../../candidates/plan-of.ts';
import type { Case } from '../talk/case.ts';
import { masked } from '../talk/masked.ts';

/** A plan as a model submits it. */
export interface Draft {
  /** Ids of listed actions. */
  actions: string[];
  /** Commands of its own, as text. */
  commands: string[];
  /** Manifests that its commands name with -f. */
  files: PlanFile[];
  expects: string;
  why: string;
}

/** Verbs that bring their object into being. */
const MAKING = /^(?:create|run|expose|autoscale)\b/;

/** What is wrong with a draft, for the model to put right; null when nothing is. */
export function planProblem(one: Case, draft: Draft, tried: ReadonlySet<string>): string | null {
  const { use, candidates } = one;
  const ids = candidates.actions.map(({ id }) => id);
  const unknown = draft.actions.filter((id) => !ids.includes(id));
  if (unknown.length > 0)
    return `there is no action ${unknown.map((id) => oneLine(id, 12)).join(', ')}; the listed ones are ${ids.join(', ') || 'none'}`;
  if (draft.commands.length + draft.files.length > 0 && !use.freeCommands)
    return 'commands of your own are refused here: choose listed actions only';
  const unfit = filesProblem(draft);
  if (unfit) return unfit;
  if (draft.actions.length + draft.commands.length === 0) return 'the plan is empty: choose an action, or give up';
  for (const command of draft.commands) {
    const problem = commandProblem(one, command, draft.files);
    if (problem) return `'${oneLine(masked(command, use), 200)}' is refused: ${problem}`;
  }
  const steps = stepsOf(one, draft);
  if ('problem' in steps) return steps.problem;
  if (steps.plan.steps.length > use.maxCommands)
    return `the plan has ${steps.plan.steps.length} commands, at most ${use.maxCommands} are allowed`;
  if (tried.has(steps.plan.hash)) return 'this plan was tried in this run and not kept: choose something else';
  return null;
}

/** As files are called without a folder; `-` is what a command reads from its input. */
const FILE_NAME = /^[a-z0-9][a-z0-9.-]{0,60}$/;

function filesProblem({ files, commands }: Draft): string | null {
  for (const [index, { name, content }] of files.entries()) {
    const shown = oneLine(name, 80);
    if (!FILE_NAME.test(name)) return `'${shown}' is no name for a file: small letters, digits, dots and dashes`;
    if (files.findIndex((file) => file.name === name) !== index) return `there are two files ${shown}`;
    if (content.trim() === '') return `file ${shown} is empty`;
    if (!commands.some((command) => command.includes(name))) return `no command names file ${shown}`;
  }
  return null;
}

/** Null when an agent may run it and what it names exists. */
function commandProblem(one: Case, text: string, files: readonly PlanFile[]): string | null {
  const { namespace, context } = one.context.target;
  const verdict = confine(text, { namespace, context, files: files.map(({ name }) => name) });
  if (!verdict.ok) {
    const instead = verdict.rewrite ? `; allowed: ${verdict.rewrite}` : '';
    return oneLine(`${verdict.message}${instead}`, 400);
  }
  if (verdict.access === 'read') return 'it changes nothing; ask the tools for what you want to know';
  if (MAKING.test(verdict.command)) return null;
  const view = new ClusterView(one.context.snapshot);
  for (const { kind, name } of verdict.effect.targets) {
    if (!kind || name === undefined || !view.known(kind.kind)) continue;
    const place = kind.namespaced ? (verdict.effect.namespace ?? namespace) : undefined;
    if (!view.find(kind.kind, place, name))
      return `there is no ${kind.kind} ${oneLine(name, 80)} in ${place ?? 'the cluster'}`;
  }
  return null;
}

/** @throws Error for a draft that {@link planProblem} refuses */
export function planWith(
  one: Case,
  draft: Draft,
  {
    hypotheses,
    findings,
  }: { hypotheses: readonly Hypothesis[]; findings: readonly Finding[]; tried: ReadonlySet<string> },
): Plan {
  const steps = stepsOf(one, draft);
  if ('problem' in steps) throw new Error(steps.problem);
  const { plan } = steps;
  const lead = leadOf(one, draft, hypotheses, findings);
  const expects = oneLine(masked(draft.expects, one.use), 300) || plan.expects;
  const why = oneLine(masked(draft.why, one.use), 300);
  return {
    ...plan,
    // What is listed names itself: a person who approves reads no words that a text of the cluster may have suggested.
    title: draft.actions.length > 0 ? plan.title : lead ? `Against: ${lead.message}` : why || 'Commands of a model',
    findingId: lead?.id ?? '',
    expects: expects || 'what was unhealthy is healthy',
  };
}

/** The words, with the plan's own files as plans name them. */
function withOwnFiles(argv: readonly string[], files: readonly PlanFile[]): string[] {
  const own = (value: string) =>
    value
      .split(',')
      .map((name) => (files.some((file) => file.name === name) ? `{{${name}}}` : name))
      .join();
  const words = [...argv];
  const parsed = parseKubectl(words);
  for (const { name, value, index, valueIndex, form } of parsed.ok ? parsed.flags : []) {
    if (name !== 'filename') continue;
    if (form === 'separate') words[valueIndex] = own(value);
    else words[index] = `--filename=${own(value)}`;
  }
  return words;
}

function stepsOf(one: Case, { actions, commands, files: manifests, why }: Draft): { plan: Plan } | { problem: string } {
  const { namespace, context } = one.context.target;
  let listed: Plan | null = null;
  try {
    if (actions.length > 0) listed = planOf(one.candidates, actions, sha256);
  } catch (error) {
    if (error instanceof BadChoice) return { problem: error.message };
    throw error;
  }
  const names = manifests.map(({ name }) => name);
  const verdicts = commands.map((text) => confine(text, { namespace, context, files: names }));
  const own = verdicts.map((verdict): PlanStep => ({
    type: 'kubectl',
    argv: verdict.ok ? withOwnFiles(verdict.argv, manifests) : [],
    why: oneLine(masked(why, one.use), 200),
  }));
  const delicate = verdicts.find((verdict) => verdict.ok && verdict.effect.needsHuman);
  const steps = [...(listed?.steps ?? []), ...own];
  const files = [...(listed?.files ?? []), ...manifests];
  return {
    plan: {
      ...(listed ?? { title: '', findingId: '', expects: '' }),
      hash: sha256(planText(steps, files)),
      steps,
      files,
      ...(own.length > 0 ? { byModel: true as const } : {}),
      ...(delicate?.ok ? { needsPerson: `'kubectl ${delicate.command}' wants a person to agree` } : {}),
    },
  };
}

/** The cause that the plan is about: that of its first action, else the likeliest. */
function leadOf(
  one: Case,
  { actions }: Draft,
  hypotheses: readonly Hypothesis[],
  findings: readonly Finding[],
): Finding | null {
  const action = one.candidates.actions.find(({ id }) => id === actions[0]);
  const causes = one.candidates.causes.filter(({ id }) => action?.causes.includes(id));
  const ranked = hypotheses.flatMap(({ cause }) => findings.find(({ id }) => id === cause) ?? []);
  const about = ranked.find(
    (finding) =>
      causes.some((cause) => cause.finding === finding.id || refKey(cause.object) === refKey(finding.object)) ||
      (action && refKey(action.object) === refKey(finding.object)),
  );
  return about ?? ranked[0] ?? null;
}
