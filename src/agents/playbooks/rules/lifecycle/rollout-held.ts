import type { Change } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { spokenOf } from '../../../../domain/severity.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { PODS, REVISIONS, ROLLOUT_KINDS } from '../../../../kube/kind-sets.ts';
import { lastApplied, podTemplateOf, templateText } from '../../../../kube/pod-template.ts';
import { podState } from '../../../../kube/pod-state.ts';
import { desiredReplicas, isLiving, isReady } from '../../../../kube/pods.ts';
import { isOfRevision, revisionsOf } from '../../../../kube/revisions.ts';
import { subjectsOf } from '../../../../kube/subjects.ts';
import { comesBackAnew, ordinalOf, replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';

const ROLLOUT_HELD = 'rollout-held';

interface Hold {
  field: string;
  pointer: string;
  now: unknown;
  text: string;
  /** The pods are there; it is their being counted that is held. */
  counts?: true;
}

/** Workloads whose pods are not of the template that stands in them, because a setting holds the rollout. */
export function analyzeHeldRollouts({ view, severity }: AnalyzerContext): Finding[] {
  const ill = severity.known ? severity.items : [];
  return ROLLOUT_KINDS.flatMap((kind) => view.all(kind)).flatMap((workload): Finding[] => {
    const broken = brokenFormerPods(view, workload);
    if (broken.length > 0) return broken;
    const idle = workload.metadata.deletionTimestamp || desiredReplicas(workload) === 0;
    const hold = idle ? null : (holdOf(view, workload) ?? notCounted(view, workload));
    if (!hold) return [];
    const key = refKey(refOf(workload));
    const hurts = ill.some((item) => {
      const named = spokenOf(item);
      return named.length === 0 || named.some((ref) => subjectsOf(view, ref).includes(key));
    });
    const who = changedAt(workload, hold.field.split('.'));
    const starved = starvedBy(view, workload, hold);
    return [
      makeFinding({
        rule: ROLLOUT_HELD,
        // Holding a rollout is a decision as long as nothing is wrong with the pods.
        severity: hurts ? 'warning' : 'info',
        object: workload,
        what: hold.field,
        message: `${workload.kind} ${workload.metadata.name} does not ${hold.counts ? 'come to the end of its rollout' : 'roll out its newest template'}: ${hold.text}`,
        evidence: [
          evidence('spec', workload, hold.field, hold.text),
          ...starved
            .slice(0, 2)
            .map((service) =>
              evidence(
                'sibling',
                service,
                'spec.selector',
                `Service ${service.metadata.name} selects pods of the newest template only, and none is there`,
              ),
            ),
          ...(who?.by
            ? [
                evidence(
                  'revision',
                  workload,
                  hold.field,
                  `last changed by ${who.by}, at ${new Date(who.at).toISOString()} at the latest`,
                ),
              ]
            : []),
        ],
        fixes: [...fixesFor(workload, hold, starved.length > 0), ...brokenBelow(view, workload, hold)],
      }),
    ];
  });
}

function holdOf(view: ClusterView, workload: KubeObject): Hold | null {
  const { spec } = workload;
  if (workload.kind === 'Deployment') {
    const current = view.currentReplicaSet(workload);
    const newer = current && templateText(current.spec?.template) !== templateText(spec?.template);
    if (spec?.paused !== true || !newer) return null;
    return { field: 'spec.paused', pointer: '/spec/paused', now: true, text: 'spec.paused is true' };
  }
  const former = formerPods(view, workload);
  if (former.length === 0) return null;
  if (spec?.updateStrategy?.type === 'OnDelete') {
    const text = 'spec.updateStrategy.type is OnDelete: pods are replaced only when somebody deletes them';
    return { field: 'spec.updateStrategy', pointer: '/spec/updateStrategy', now: spec.updateStrategy, text };
  }
  if (workload.kind !== 'StatefulSet') return null;
  const partition = Number(spec?.updateStrategy?.rollingUpdate?.partition ?? 0);
  const reached = former.every(({ metadata }) => ordinalOf(metadata.name) < partition);
  if (partition === 0 || !reached) return null;
  return {
    field: 'spec.updateStrategy.rollingUpdate.partition',
    pointer: '/spec/updateStrategy/rollingUpdate/partition',
    now: partition,
    text: `spec.updateStrategy.rollingUpdate.partition is ${partition}: pods below that ordinal keep the former template`,
  };
}

/** Longer than anybody watches a pod before it counts. */
const LONG_SECONDS = 600;

/** All pods are ready, but count as available only after a time that no rollout is given. */
function notCounted(view: ClusterView, workload: KubeObject): Hold | null {
  const seconds = Number(workload.spec?.minReadySeconds ?? 0);
  const wanted = desiredReplicas(workload) ?? Number(workload.status?.desiredNumberScheduled ?? 0);
  const ready = view.podsOf(workload).filter(isReady).length;
  const counted = Number(workload.status?.availableReplicas ?? workload.status?.numberAvailable ?? 0);
  if (seconds <= LONG_SECONDS || ready < wanted || counted >= wanted) return null;
  const text = `spec.minReadySeconds is ${seconds}: its ${ready} ready pods count as available only after that time`;
  return { field: 'spec.minReadySeconds', pointer: '/spec/minReadySeconds', now: seconds, text, counts: true };
}

/** Pods that were made from another template than the one that stands in the workload now. */
function formerPods(view: ClusterView, workload: KubeObject): KubeObject[] {
  const current = revisionsOf(view, workload).find((revision) => revision.current);
  if (!current) return [];
  return view.podsOf(workload).filter((pod) => isLiving(pod) && !isOfRevision(pod, current.source));
}

/**
 * Broken pods of a former template, which their controller does not replace by itself: it waits for them to become ready, or
 * for somebody to delete them (kubernetes.io: StatefulSets, Forced rollback).
 */
function brokenFormerPods(view: ClusterView, workload: KubeObject): Finding[] {
  if (workload.metadata.deletionTimestamp) return [];
  const former = formerPods(view, workload);
  const patience = (pod: KubeObject) => ['unready', 'stuck'].includes(podState(pod, view.now).phase);
  const mendable = (pod: KubeObject) => former.includes(pod) && comesBackAnew(workload, pod) && patience(pod);
  const changes = replaceStuckPods(view, workload, mendable);
  const broken = former.filter((pod) =>
    changes.some((one) => 'object' in one && one.object.name === pod.metadata.name),
  );
  const [first] = broken;
  if (!first) return [];
  const onDelete = workload.spec?.updateStrategy?.type === 'OnDelete';
  const why = onDelete
    ? 'updateStrategy OnDelete replaces no pod by itself'
    : 'its controller waits for it to become ready';
  return [
    makeFinding({
      rule: ROLLOUT_HELD,
      severity: view.podsOf(workload).some(isReady) ? 'warning' : 'critical',
      object: workload,
      what: 'broken-pods',
      message: `${workload.kind} ${workload.metadata.name} keeps a broken pod of a former template: ${why}`,
      evidence: broken.map((pod) =>
        evidence(
          'status',
          pod,
          'metadata.labels["controller-revision-hash"]',
          `pod ${pod.metadata.name} is of another revision than the present template, and ${podState(pod, view.now).text}`,
        ),
      ),
      fixes: [
        {
          changes,
          expects: `${workload.kind} ${workload.metadata.name} makes ${broken.map(({ metadata }) => metadata.name).join(', ')} anew from its present template`,
          confidence: 0.85,
        },
      ],
    }),
  ];
}

/** Services that wait for pods of a template that is held back: they select its labels, and no pod that there is has them. */
function starvedBy(view: ClusterView, workload: KubeObject, { field }: Hold): KubeObject[] {
  if (field !== 'spec.paused' || !view.known('Pod')) return [];
  return view
    .servicesSelecting(workload.metadata.namespace, podTemplateOf(workload)?.labels ?? {})
    .filter((service) => !view.podsBehind(service).some(isLiving));
}

/**
 * As it was last applied, where that does not hold the rollout, or where a Service waits for the pods that it holds back.
 * Without either nobody can tell whether the hold is meant.
 */
function fixesFor(workload: KubeObject, hold: Hold, isAwaited: boolean): FixDraft[] {
  const known = lastApplied(workload)?.spec;
  const applied = known ?? (isAwaited ? {} : null);
  if (!applied) return [];
  const path = hold.pointer;
  let change: Change | null = null;
  if (hold.field === 'spec.paused' && applied.paused !== true) {
    change = jsonPatch(workload, [
      { op: 'test', path, value: true },
      { op: 'remove', path },
    ]);
  } else if (hold.field.endsWith('.partition') && !applied.updateStrategy?.rollingUpdate?.partition) {
    change = jsonPatch(workload, [
      { op: 'test', path, value: hold.now },
      { op: 'replace', path, value: 0 },
    ]);
  } else if (hold.counts && Number(applied.minReadySeconds ?? 0) < Number(hold.now)) {
    change = jsonPatch(workload, [
      { op: 'test', path, value: hold.now },
      { op: 'replace', path, value: Number(applied.minReadySeconds ?? 0) },
    ]);
  } else if (hold.field === 'spec.updateStrategy' && (applied.updateStrategy?.type ?? 'RollingUpdate') !== 'OnDelete') {
    const value = applied.updateStrategy ?? { type: 'RollingUpdate' };
    change = jsonPatch(workload, [
      { op: 'test', path, value: hold.now },
      { op: 'replace', path, value },
    ]);
  }
  if (!change) return [];
  const expects = `${workload.kind} ${workload.metadata.name} rolls out its newest template`;
  return [{ changes: [change], expects, confidence: 0.7 }];
}

/** Pods below the partition are broken, and those of the newest template work: what mends them is held back. */
function brokenBelow(view: ClusterView, workload: KubeObject, hold: Hold): FixDraft[] {
  if (!hold.field.endsWith('.partition')) return [];
  const former = formerPods(view, workload);
  const broken = former.filter((pod) => ['unready', 'stuck'].includes(podState(pod, view.now).phase));
  const works = view.podsOf(workload).some((pod) => !former.includes(pod) && isReady(pod));
  if (broken.length < former.length || !works) return [];
  const patch = jsonPatch(workload, [
    { op: 'test', path: hold.pointer, value: hold.now },
    { op: 'replace', path: hold.pointer, value: 0 },
  ]);
  return [
    {
      changes: [patch, ...replaceStuckPods(view, workload, (pod) => broken.includes(pod))],
      expects: `${workload.kind} ${workload.metadata.name} makes its broken pods anew from its newest template, whose pods work`,
      confidence: 0.75,
    },
  ];
}

export const rolloutHeldRule: Analyzer = {
  rule: ROLLOUT_HELD,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, 'Service'],
  explains:
    'A template that was mended and does not reach the pods: the rollout is paused, partitioned, or waits for deletions.',
  unfixed: 'nothing says that the hold is not meant: whoever set it can take it off',
  analyze: analyzeHeldRollouts,
};
