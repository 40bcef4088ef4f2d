import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { rollbackFixes } from '../../clues/former/rollback.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { below, containerPatch, setField, within } from '../../clues/patches/container-patch.ts';
import type { Fixes } from '../../clues/former/part-fixes.ts';

/** What an earlier state of a broken container's template had, and the ways back to it, smallest first. */
export interface ChangesSince extends Fixes {
  /** Fields that differ, for people; empty when none is known to. */
  words: string[];
  unfixed?: string;
}

interface Part {
  words: string;
  concerns: (pointer: string) => boolean;
  confidence: number;
  /** Words of a log that speak for this part. */
  hint: RegExp;
}

const SPOKEN_FOR = 0.08;

/** None where pods of the present revision work: the template is not what broke this one. */
export function changesSince(
  view: ClusterView,
  workload: KubeObject,
  own: ContainerSpec,
  lines: string[],
): ChangesSince {
  const whole = rollbackFixes(view, workload);
  if (whole.unfixed) return { fixes: [], reasons: [], words: [], unfixed: whole.unfixed };
  const found = partsOf(own).flatMap((part) => {
    const { fixes, reasons, variables = [] } = partFixes(view, workload, part.concerns, confidenceOf(part, lines));
    const words = variables.length > 0 ? `${part.words} (${variables.join(', ')})` : part.words;
    return fixes.length > 0 ? [{ words, fixes, reasons }] : [];
  });
  const added = addedContainer(view, workload, own);
  const beside = addedBeside(view, workload, own, lines);
  const variable = missingVariable(view, workload, own, lines);
  const fixes = [...added.fixes, ...beside.fixes, ...variable, ...found.flatMap((each) => each.fixes)];
  return {
    fixes: [...fixes, ...afterParts(fixes, whole.fixes)],
    reasons: distinct([
      ...added.reasons,
      ...beside.reasons,
      ...found.flatMap((each) => each.reasons),
      ...whole.reasons,
    ]),
    words: [
      ...(added.fixes.length > 0 ? ['its being there'] : []),
      ...beside.words,
      ...found.map(({ words }) => words),
    ],
  };
}

function partsOf(own: ContainerSpec): Part[] {
  return [
    { words: 'its command or args', concerns: within(own, 'command', 'args', 'workingDir'), confidence: 0.85, hint: /unknown|unrecognized|invalid (option|flag|argument)|usage|not found|no such file|flag|can't open/i },
    { words: 'its environment', concerns: within(own, 'env', 'envFrom'), confidence: 0.82, hint: /\benv|variable|not set|must be set|required|missing|undefined|unset|config|host|connect/i },
    { words: 'its image', concerns: within(own, 'image'), confidence: 0.79, hint: /exec format error|panic|exception|segfault|version/i },
    { words: 'its mounts and volumes', concerns: (pointer) => within(own, 'volumeMounts')(pointer) || below('/volumes')(pointer), confidence: 0.75, hint: /no such file|config|cert|key|read-only/i },
    { words: 'its resources', concerns: within(own, 'resources'), confidence: 0.7, hint: /memory|heap|killed/i },
    { words: 'its lifecycle hooks', concerns: within(own, 'lifecycle'), confidence: 0.7, hint: /hook/i },
    { words: 'its securityContext', concerns: within(own, 'securityContext'), confidence: 0.65, hint: /permission|permitted|capab/i },
    { words: 'the settings of its pod', concerns: below('/dnsPolicy', '/dnsConfig', '/hostNetwork', '/hostAliases', '/securityContext', '/serviceAccountName', '/shareProcessNamespace', '/enableServiceLinks', '/automountServiceAccountToken', '/runtimeClassName'), confidence: 0.72, hint: /resolve|lookup|no such host|forbidden|unauthorized|bad address|name resolution|serviceaccount|token/i },
  ]; // prettier-ignore
}

function confidenceOf({ confidence, hint }: Part, lines: string[]): number {
  return confidence + (lines.some((line) => hint.test(line)) ? SPOKEN_FOR : 0);
}

/** The former list of containers, where this one was not among them. */
function addedContainer(view: ClusterView, workload: KubeObject, own: ContainerSpec): Fixes {
  const list = own.init ? '/initContainers' : '/containers';
  return partFixes(
    view,
    workload,
    (pointer) => pointer === list,
    0.85,
    ({ podSpec }) => !containersOf(podSpec).some(({ name, init }) => name === own.name && init === own.init),
  );
}

const TAKEN = /address (is )?already in use|EADDRINUSE|address in use|port \d+ (is )?(already )?in use/i;

/** The former list of containers, where one that is new beside this one may hold the port that its log says is taken. */
function addedBeside(
  view: ClusterView,
  workload: KubeObject,
  own: ContainerSpec,
  lines: string[],
): Fixes & { words: string[] } {
  if (!lines.some((line) => TAKEN.test(line))) return { fixes: [], reasons: [], words: [] };
  const now = containersOf(podTemplateOf(workload)?.spec).map(({ name }) => name);
  const names = new Set<string>();
  const former = partFixes(
    view,
    workload,
    (pointer) => pointer === '/containers' || pointer === '/initContainers',
    0.9,
    ({ podSpec }) => {
      const before = containersOf(podSpec).map(({ name }) => name);
      const added = now.filter((name) => !before.includes(name));
      for (const name of added) names.add(name);
      return added.length > 0 && before.includes(own.name);
    },
  );
  const words =
    former.fixes.length > 0 ? [`container ${[...names].join(', ')} beside it, which may have its port`] : [];
  return { ...former, words };
}

/** The one variable that the log names and the environment had before, where that differs in more than this one. */
function missingVariable(view: ClusterView, workload: KubeObject, own: ContainerSpec, lines: string[]): FixDraft[] {
  const env = variablesOf(own.spec);
  const present = new Set(env.map(({ name }) => name));
  for (const { podSpec, trust } of formerParts(view, workload, within(own, 'env'))) {
    const before = variablesOf(containersOf(podSpec).find(({ pointer }) => pointer === own.pointer)?.spec);
    const gone = before.filter(({ name }) => !present.has(name));
    const named = gone.filter(({ name }) => lines.some((line) => namesVariable(line, name)));
    if (named.length !== 1) continue;
    const [variable] = named as [Variable];
    // Those after it may be made of it.
    const after = new Set(before.slice(before.indexOf(variable) + 1).map(({ name }) => name));
    const at = env.findIndex(({ name }) => after.has(name));
    const list = at < 0 ? [...env, variable] : env.toSpliced(at, 0, variable);
    // Then the former environment as a whole is the same.
    if (stableJson(list) === stableJson(before)) return [];
    const { root, guard } = containerPatch(workload, own);
    const ops: PatchOp[] =
      env.length === 0
        ? setField(root, own.spec, 'env', list)
        : [
            { op: 'test', path: `${root}/env`, value: env },
            { op: 'add', path: `${root}/env/${at < 0 ? '-' : at}`, value: variable },
          ];
    const expects = `container ${own.name} has its former variable ${variable.name} and its pods become ready`;
    return patchFix(view, workload, [guard, ...ops], expects, 0.93 * trust);
  }
  return [];
}

interface Variable {
  name: string;
}

function variablesOf(spec: { env?: unknown } | undefined): Variable[] {
  return Array.isArray(spec?.env) ? (spec.env as Variable[]).filter((one) => typeof one?.name === 'string') : [];
}

/** As a word of its own: `DB` is not named by `DB_HOST`. */
function namesVariable(line: string, name: string): boolean {
  return line.split(/[^A-Za-z0-9_.-]+/).some((word) => word.replace(/^[.-]+|[.-]+$/g, '') === name);
}

/** A whole rollback comes after the parts of it. */
function afterParts(parts: FixDraft[], whole: FixDraft[]): FixDraft[] {
  if (parts.length === 0) return whole;
  const least = Math.min(...parts.map(({ confidence }) => confidence));
  return whole.map((fix) => ({ ...fix, confidence: Math.min(fix.confidence, Math.max(least - 0.02, 0.3)) }));
}

function distinct(reasons: Evidence[]): Evidence[] {
  const seen = new Set<string>();
  return reasons.filter(({ text }) => !seen.has(text) && seen.add(text));
}
