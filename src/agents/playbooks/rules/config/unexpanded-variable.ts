import type { PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { hasPatchableTemplate, isServed } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import type { UnexpandedReference } from '../../../../kube/variable-references.ts';
import { unexpandedReferences } from '../../../../kube/variable-references.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { containerPatch, within } from '../../clues/patches/container-patch.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const UNEXPANDED_VARIABLE = 'unexpanded-variable';

/**
 * Workloads in trouble whose containers are given `$(NAME)` as it stands. In a value of a variable nothing else reads it; of a
 * command a log has to hold it, for a shell may.
 */
export async function analyzeUnexpandedVariables(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const trouble = troubled.get(refKey(refOf(workload)));
    const references = trouble ? unexpandedReferences(view, workload) : [];
    if (references.length === 0) continue;
    const log = await workloadLog(context, workload);
    const seen = new Set<string>();
    for (const reference of references) {
      const key = `${reference.container.name}/${reference.name}`;
      const lines = log.filter(({ text }) => text.includes(`$(${reference.name})`));
      const isSure = lines.length > 0 || (trouble === 'unhealthy' && reference.place.startsWith('env'));
      if (!isSure || seen.has(key)) continue;
      seen.add(key);
      findings.push(findingFor(view, workload, reference, lines));
    }
  }
  return findings;
}

function findingFor(
  view: ClusterView,
  workload: KubeObject,
  reference: UnexpandedReference,
  lines: readonly LogLine[],
): Finding {
  const { container, name, place, text, laterAt } = reference;
  const { kind, metadata } = workload;
  const field = `${podTemplateOf(workload)!.field}.${container.place}.${place}`;
  const why =
    laterAt === null
      ? `container ${container.name} has no variable ${name}`
      : `variable ${name} of container ${container.name} stands after it, and only those before it count`;
  const weight = lines.length > 0 ? 1 : 0.9;
  const former = partFixes(
    view,
    workload,
    within(container, 'env', 'envFrom', 'command', 'args'),
    0.9 * weight,
    ({ podSpec }) => !stillUnexpanded(view, workload, podSpec, reference),
  );
  return makeFinding({
    rule: UNEXPANDED_VARIABLE,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: `${container.name}/${name}`,
    message: `Container ${container.name} of ${kind} ${metadata.name} is given $(${name}) as it stands: ${why}`,
    evidence: [
      evidence('spec', workload, field, untrustedLine(`is ${JSON.stringify(text.slice(0, 160))}`)),
      ...lines.slice(-2).map(logEvidence),
      ...former.reasons,
    ],
    fixes: [
      ...movedFixes(view, workload, reference, 0.92 * weight),
      ...former.fixes,
      ...renamedFixes(view, workload, reference, weight),
    ],
  });
}

function stillUnexpanded(
  view: ClusterView,
  workload: KubeObject,
  podSpec: KubeObject['spec'],
  { container, name }: UnexpandedReference,
): boolean {
  // As a bare pod, which is nothing but its spec.
  const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: workload.metadata, spec: podSpec };
  return unexpandedReferences(view, pod).some(
    (other) => other.name === name && other.container.name === container.name,
  );
}

/** Every variable of the container before those that are made of it. */
function movedFixes(
  view: ClusterView,
  workload: KubeObject,
  { container, name, place, laterAt }: UnexpandedReference,
  confidence: number,
): FixDraft[] {
  if (laterAt === null || !place.startsWith('env') || !hasPatchableTemplate(workload)) return [];
  const env = listOf(container.spec?.env);
  const moved = inOrderOfNeed(env);
  if (!moved) return [];
  const { root, guard } = containerPatch(workload, container);
  const ops: PatchOp[] = [
    guard,
    { op: 'test', path: `${root}/env`, value: env },
    { op: 'replace', path: `${root}/env`, value: moved },
  ];
  return patchFix(
    view,
    workload,
    ops,
    `container ${container.name} has ${name} before the variables that are made of it`,
    confidence,
  );
}

/** As they are, but for those that others need first. Null where two need each other, or one stands there twice. */
function inOrderOfNeed(env: readonly Untyped[]): Untyped[] | null {
  const byName = new Map(env.map((variable) => [String(variable?.name), variable]));
  if (byName.size < env.length) return null;
  const placed = new Set<Untyped>();
  const open = new Set<Untyped>();
  const place = (variable: Untyped): boolean => {
    if (placed.has(variable)) return true;
    if (open.has(variable)) return false;
    open.add(variable);
    const needed = [...String(variable?.value ?? '').matchAll(/\$\(([^)]+)\)/g)].flatMap(
      ([, other = '']) => byName.get(other) ?? [],
    );
    if (!needed.every(place)) return false;
    placed.add(variable);
    return true;
  };
  return env.every(place) ? [...placed] : null;
}

/** The one variable whose name is nearly the one that is asked for. */
function renamedFixes(
  view: ClusterView,
  workload: KubeObject,
  { container, name, pointer, text, laterAt, known }: UnexpandedReference,
  weight: number,
): FixDraft[] {
  const close = laterAt === null ? clearlySimilar(name, known, (each) => each) : null;
  if (!close || !hasPatchableTemplate(workload)) return [];
  const { root, guard } = containerPatch(workload, container);
  const path = `${root}${pointer}`;
  const value = text.replaceAll(`$(${name})`, `$(${close.item})`);
  const ops: PatchOp[] = [guard, { op: 'test', path, value: text }, { op: 'replace', path, value }];
  const expects = `container ${container.name} is given the value of its variable ${close.item}`;
  return patchFix(view, workload, ops, expects, (0.45 + 0.35 * close.similarity) * weight);
}

export const unexpandedVariableRule: Analyzer = {
  rule: UNEXPANDED_VARIABLE,
  layer: 'template',
  kinds: [...PODS, 'Event', ...REVISIONS, 'Service', 'Namespace'],
  explains: 'Containers that are given $(NAME) as it stands, because they have no such variable, or have it too late.',
  unfixed:
    'no earlier state of the template had the variable, and none has nearly its name: whoever wrote it says what it holds',
  analyze: analyzeUnexpandedVariables,
};
