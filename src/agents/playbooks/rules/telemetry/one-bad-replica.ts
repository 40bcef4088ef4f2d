import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../../domain/kube-object.ts';
import { refKey } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isOfPresentTemplate } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { labelSelectorMatches } from '../../../../kube/labels.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { isReady } from '../../../../kube/pods.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { deleteNoWait } from '../../engine/changes.ts';
import { suspectChanges } from './changes-before.ts';

const ONE_BAD_REPLICA = 'one-bad-replica';

const BY_TRACES = 0.85;
const BY_ALERT = 0.6;
/** While pods of a new template take over, those that are there already differ from the others by that. */
const AFTER_CHANGE = 0.35;
/** Owners that make another pod in the place of one that is deleted. */
const MAKES_ANEW = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet']);

interface Singled {
  pod: KubeObject;
  confidence: number;
  since: number;
  reasons: Evidence[];
}

/** One pod of several of the same template that alerts or traces single out, while all are ready. */
export function analyzeOneBadReplica(context: AnalyzerContext): Finding[] {
  const { view } = context;
  return singledOut(context).flatMap((singled): Finding[] => {
    const { pod, reasons, since } = singled;
    const workload = view.workloadOf(pod);
    const others = view
      .podsOf(workload)
      .filter((other) => other !== pod && isReady(other) && isOfPresentTemplate(view, workload, other));
    if (!isReady(pod) || !isOfPresentTemplate(view, workload, pod) || others.length === 0) return [];
    const cannot = whyNotDeleted(view, pod);
    const isChanged = suspectChanges(view, workload, [since]).length > 0;
    const label = `${workload.kind} ${workload.metadata.name}`;
    return [
      makeFinding({
        rule: ONE_BAD_REPLICA,
        severity: 'warning',
        object: pod,
        what: 'replica',
        message: `Pod ${pod.metadata.name} serves worse than the ${others.length} other ready ${others.length === 1 ? 'pod' : 'pods'} of ${label}, which have the same template: ${reasons[0]?.text}`,
        evidence: [
          ...reasons,
          evidence('sibling', others[0]!, null, `of the others, like ${others[0]!.metadata.name}, nothing is told`),
        ],
        fixes:
          cannot === null
            ? [
                {
                  changes: [deleteNoWait(pod)],
                  expects: `${controllerOf(pod)!.kind} ${controllerOf(pod)!.name} makes another pod in its place, and what this one did is over`,
                  confidence: isChanged ? Math.min(AFTER_CHANGE, singled.confidence) : singled.confidence,
                },
              ]
            : [],
        ...(cannot === null ? {} : { unfixed: cannot }),
      }),
    ];
  });
}

/** Each pod once, with all that singles it out. */
function singledOut({ view, severity, signals }: AnalyzerContext): Singled[] {
  const found = new Map<string, Singled>();
  const add = (ref: ObjectRef, confidence: number, since: number, source: 'alert' | 'trace', text: string): void => {
    const pod = view.find('Pod', ref.namespace, ref.name);
    if (!pod) return;
    const known = found.get(refKey(ref));
    found.set(refKey(ref), {
      pod,
      confidence: Math.max(confidence, known?.confidence ?? 0),
      since: Math.min(since, known?.since ?? Number.POSITIVE_INFINITY),
      reasons: [...(known?.reasons ?? []), evidence(source, pod, null, text)],
    });
  };
  const at = signals?.at ?? view.now;
  for (const { pod, score, confidence, message } of signals?.suspects.suspects ?? []) {
    if (pod) add(pod, BY_TRACES * score * confidence, at, 'trace', message);
  }
  const alerts = severity.known ? severity.items.filter(({ source }) => source === 'alert') : [];
  const named = alerts.flatMap(({ pods = [], message, since }) => pods.map((ref) => ({ ref, message, since })));
  const homeOf = (ref: ObjectRef): string | null => {
    const pod = view.find('Pod', ref.namespace, ref.name);
    return pod ? refKey(view.homes.of(pod)) : null;
  };
  for (const { ref, message, since } of named) {
    const home = homeOf(ref);
    const isAlone = named.every((other) => refKey(other.ref) === refKey(ref) || homeOf(other.ref) !== home);
    if (home !== null && isAlone) add(ref, BY_ALERT, since ?? at, 'alert', message);
  }
  return [...found.values()];
}

function whyNotDeleted(view: ClusterView, pod: KubeObject): string | null {
  const owner = controllerOf(pod);
  if (!owner || !MAKES_ANEW.has(owner.kind)) return 'nothing would make another pod in its place';
  if ((pod.metadata.finalizers ?? []).length > 0) return 'finalizers of the pod act on its deletion';
  const budget = view
    .all('PodDisruptionBudget', pod.metadata.namespace)
    .find(
      ({ spec, status }) =>
        labelSelectorMatches(spec?.selector, pod.metadata.labels) && Number(status?.disruptionsAllowed) === 0,
    );
  return budget ? `PodDisruptionBudget ${budget.metadata.name} lets no pod go now` : null;
}

export const oneBadReplicaRule: Analyzer = {
  rule: ONE_BAD_REPLICA,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS, 'PodDisruptionBudget'],
  explains:
    'One pod of several that serves worse than others of the same template, for a reason that lies in its process or place.',
  unfixed: 'nothing would make another pod in its place',
  analyze: analyzeOneBadReplica,
};
