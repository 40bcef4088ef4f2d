import type { Finding } from '../../../../domain/finding.ts';
import type { FixDraft, Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, eventEvidence, makeFinding } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { containersOf, hasMutableTemplate, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import { jsonPatch } from '../../engine/changes.ts';

const AUTOSCALER_TARGET = 'autoscaler-target';
const TARGETS = ['Deployment', 'StatefulSet'];

/** Autoscalers that name a workload that does not exist, or whose containers do not say what their use is measured by. */
export function analyzeAutoscalerTarget({ view }: AnalyzerContext): Finding[] {
  return view.all('HorizontalPodAutoscaler').flatMap((scaler): Finding[] => {
    const { kind = '', name = '' } = scaler.spec?.scaleTargetRef ?? {};
    if (!TARGETS.includes(kind) || !view.known(kind) || scaler.metadata.deletionTimestamp) return [];
    const target = view.find(kind, scaler.metadata.namespace, name);
    if (target) return withoutRequests(view, scaler, target);
    const fixes = targetFixes(view, scaler);
    const event = view.eventsOf(scaler).find(({ reason }) => reason === 'FailedGetScale');
    return [
      makeFinding({
        rule: AUTOSCALER_TARGET,
        severity: 'warning',
        object: scaler,
        what: 'target',
        message: `HorizontalPodAutoscaler ${scaler.metadata.name} scales ${kind} ${name}, which does not exist`,
        evidence: [
          evidence('spec', scaler, 'spec.scaleTargetRef', `it refers to ${kind} ${name}`),
          ...(event ? [eventEvidence(event, scaler)] : []),
        ],
        fixes,
      }),
    ];
  });
}

/** What it was applied with, then the only workload of its name or of nearly that name which no other scales. */
function targetFixes(view: ClusterView, scaler: KubeObject): FixDraft[] {
  const { kind, name } = scaler.spec.scaleTargetRef;
  const { namespace } = scaler.metadata;
  const taken = new Set(
    view
      .all('HorizontalPodAutoscaler', namespace)
      .filter((other) => other !== scaler)
      .map(({ spec }) => `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`),
  );
  const free = TARGETS.flatMap((one) => view.all(one, namespace)).filter(
    (workload) => !taken.has(`${workload.kind}/${workload.metadata.name}`),
  );
  const applied = lastApplied(scaler)?.spec?.scaleTargetRef;
  const former = free.find((one) => one.kind === applied?.kind && one.metadata.name === applied?.name);
  const namesake = free.find((one) => one.metadata.name === name);
  const similar = clearlySimilar(
    name,
    free.filter((one) => one.kind === kind),
    (one) => one.metadata.name,
  );
  const meant = former ?? namesake ?? similar?.item;
  if (!meant) return [];
  const confidence = former ? 0.93 : namesake ? 0.85 : 0.85 * (similar?.similarity ?? 0);
  const value = { apiVersion: meant.apiVersion, kind: meant.kind, name: meant.metadata.name };
  const path = '/spec/scaleTargetRef';
  return [
    {
      changes: [
        jsonPatch(scaler, [
          { op: 'test', path, value: scaler.spec.scaleTargetRef },
          { op: 'replace', path, value },
        ]),
      ],
      expects: `HorizontalPodAutoscaler ${scaler.metadata.name} scales ${meant.kind} ${meant.metadata.name}`,
      confidence,
    },
  ];
}

interface Metric {
  type?: string;
  resource?: { name?: string; target?: { type?: string } };
}

/** Use in per cent of a request that is not there cannot be computed (kubernetes.io: Horizontal Pod Autoscaling). */
function withoutRequests(view: ClusterView, scaler: KubeObject, target: KubeObject): Finding[] {
  const template = podTemplateOf(target);
  if (!template) return [];
  const resources = ((scaler.spec?.metrics ?? []) as Metric[])
    .filter(({ type, resource }) => type === 'Resource' && resource?.target?.type === 'Utilization')
    .map(({ resource }) => resource?.name ?? '');
  const lacking = containersOf(template.spec)
    .filter(({ init, sidecar }) => !init || sidecar)
    .flatMap(({ name, spec }) =>
      resources
        .filter((one) => spec?.resources?.requests?.[one] === undefined && spec?.resources?.limits?.[one] === undefined)
        .map((resource) => ({ name, resource })),
    );
  const [first] = lacking;
  // Without an event of the autoscaler it may get the request elsewhere (a LimitRange, a webhook).
  const event = view.eventsOf(scaler).find(({ message }) => /missing request for/.test(message));
  if (!first || !event) return [];
  const parts = hasMutableTemplate(target)
    ? formerParts(view, target, (pointer) => /\/resources(\/requests(\/|$)|$)/.test(pointer))
    : [];
  return [
    makeFinding({
      rule: AUTOSCALER_TARGET,
      severity: 'warning',
      object: scaler,
      what: 'requests',
      message: `HorizontalPodAutoscaler ${scaler.metadata.name} cannot compute the use of ${first.resource}: container ${first.name} of ${target.kind} ${target.metadata.name} requests none`,
      evidence: [eventEvidence(event, scaler), ...parts.map((part) => part.evidence)],
      fixes: parts.map((part) => ({
        changes: [jsonPatch(target, part.ops)],
        expects: `container ${first.name} requests ${first.resource} again and HorizontalPodAutoscaler ${scaler.metadata.name} can scale`,
        confidence: 0.85 * part.trust,
      })),
      unfixed: 'no earlier revision says how much its containers should request',
    }),
  ];
}

export const autoscalerTargetRule: Analyzer = {
  rule: AUTOSCALER_TARGET,
  layer: 'replicas',
  kinds: [...PODS, ...REVISIONS, 'HorizontalPodAutoscaler', 'Event'],
  explains: 'Autoscalers that do nothing: their target does not exist, or says nothing of what its use is measured by.',
  unfixed: 'no workload has a name that is clearly the one meant',
  analyze: analyzeAutoscalerTarget,
};
