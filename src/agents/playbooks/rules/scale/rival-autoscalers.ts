import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { managersOf } from '../../../../kube/managed-fields.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import { condition } from '../../../../kube/pods.ts';
import type { Contended } from '../../../../kube/rival-scalers.ts';
import { boundsOf, contendedTargets, madeAt } from '../../../../kube/rival-scalers.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import { deleteAndWait } from '../../engine/changes.ts';

const RIVAL_AUTOSCALERS = 'rival-autoscalers';

/** Labels and annotations of what a chart or a repository keeps. */
const KEPT_BY =
  /^(?:app\.kubernetes\.io\/managed-by|helm\.sh\/|meta\.helm\.sh\/|argocd\.argoproj\.io\/|[\w.]*fluxcd\.io\/)/;
/** Made within so short a time, they came together. */
const TOGETHER_MS = 2_000;
/** Events told of each autoscaler. */
const MAX_EVENTS = 2;

/**
 * Workloads that two autoscalers scale. Each takes back what the other did, and neither computes anything from metrics
 * while the server sees that both select the same pods, so that no bounds of one of them mend it.
 */
export function analyzeRivalAutoscalers({ view, severity }: AnalyzerContext): Finding[] {
  const ill = severity.known && severity.items.length > 0;
  return contendedTargets(view).map((contended) => {
    const { target, scalers } = contended;
    const newcomer = newcomerOf(contended);
    const last = scalers.at(-1)!;
    const isLater = madeAt(last) - madeAt(scalers.at(-2)!) >= TOGETHER_MS;
    const named = `${target.kind} ${target.metadata.name}`;
    const all = listed(scalers.map((scaler) => `${scaler.kind} ${scaler.metadata.name} (${rangeText(scaler)})`));
    const unheld = newcomer ? ', and no applied configuration holds it' : '';
    const since = isLater ? `; ${last.metadata.name} came last, ${madeText(last)}${unheld}` : '';
    return makeFinding({
      rule: RIVAL_AUTOSCALERS,
      severity: ill ? 'warning' : 'info',
      object: newcomer ?? target,
      what: 'rivals',
      message: `${all} ${scalers.length > 2 ? 'all' : 'both'} scale ${named}, and each takes back what another does${since}`,
      evidence: scalers.flatMap((scaler) => factsOf(view, scaler)),
      fixes: newcomer ? removalOf(newcomer, target, scalers) : [],
      unfixed: `any may be the one that is meant: whoever made them has to say which of ${listed(scalers.map(({ metadata }) => metadata.name))} is to scale ${named}, and take the rest away`,
    });
  });
}

/**
 * The one that was made by hand after all others, which are kept by somebody. A later one that is kept too may be what the
 * earlier one was renamed to.
 */
function newcomerOf({ scalers }: Contended): KubeObject | null {
  const last = scalers.at(-1)!;
  const others = scalers.slice(0, -1);
  const isLater = others.every((other) => madeAt(last) - madeAt(other) >= TOGETHER_MS);
  return isLater && !isKept(last) && others.every(isKept) ? last : null;
}

function isKept(scaler: KubeObject): boolean {
  const { labels = {}, annotations = {}, ownerReferences = [] } = scaler.metadata;
  return (
    lastApplied(scaler) !== null ||
    ownerReferences.length > 0 ||
    [...Object.keys(labels), ...Object.keys(annotations)].some((key) => KEPT_BY.test(key)) ||
    managersOf(scaler).some(({ operation, subresource }) => operation === 'Apply' && !subresource)
  );
}

/** What an operator takes away with an object of its own kind may not come back: that one is only told. */
function removalOf(newcomer: KubeObject, target: KubeObject, scalers: KubeObject[]): FixDraft[] {
  if (newcomer.kind !== 'HorizontalPodAutoscaler') return [];
  const { name } = newcomer.metadata;
  const others = scalers.filter((one) => one !== newcomer);
  const rest = listed(others.map(({ metadata }) => metadata.name));
  return [
    {
      changes: [deleteAndWait(newcomer)],
      expects: `${target.kind} ${target.metadata.name} is scaled by ${rest} alone (${others.map(rangeText).join(', ')})`,
      confidence: 0.85,
      needsPerson: `HorizontalPodAutoscaler ${name} was ${madeText(newcomer)}, after ${rest}, and whether it was meant to take over only a person can say`,
    },
  ];
}

function factsOf(view: ClusterView, scaler: KubeObject): Evidence[] {
  const { name, kind } = scaler.spec?.scaleTargetRef ?? {};
  const kept = isKept(scaler) ? 'an applied configuration holds it' : 'no applied configuration holds it';
  const active = condition(scaler, 'ScalingActive');
  const confused = active?.status === 'False' && active.reason === 'AmbiguousSelector';
  const events = view.eventsOf(scaler).filter(({ reason }) => reason === 'SuccessfulRescale');
  return [
    evidence(
      'spec',
      scaler,
      'spec.scaleTargetRef',
      `${kind ?? 'Deployment'} ${name}, ${rangeText(scaler)}; ${madeText(scaler)}, ${kept}`,
    ),
    ...(confused ? [evidence('status', scaler, 'status.conditions', untrustedLine(active.message))] : []),
    ...events.slice(-MAX_EVENTS).map((event) => eventEvidence(event, scaler)),
  ];
}

function rangeText(scaler: KubeObject): string {
  const [min, max] = boundsOf(scaler);
  return `${min} to ${max} replicas`;
}

/** When it was made, and who gave it its target. */
function madeText(scaler: KubeObject): string {
  const author = managersOf(scaler).find(({ fields }) => fields.some((one) => one.startsWith('spec.scaleTargetRef')));
  const by = author?.by ? ` by ${untrustedLine(author.by, 80)}` : '';
  const { creationTimestamp } = scaler.metadata;
  return creationTimestamp ? `made at ${creationTimestamp}${by}` : `made${by || ' at an unknown time'}`;
}

function listed(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)!}`;
}

export const rivalAutoscalersRule: Analyzer = {
  rule: RIVAL_AUTOSCALERS,
  layer: 'replicas',
  kinds: [...PODS, 'HorizontalPodAutoscaler', 'ScaledObject.keda.sh', 'Event'],
  explains: 'Workloads whose number of pods goes up and down, or stays wrong, because two autoscalers set it.',
  unfixed: 'any of them may be the one that is meant',
  analyze: analyzeRivalAutoscalers,
};
