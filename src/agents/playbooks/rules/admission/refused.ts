import type { Evidence, FindingSeverity } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { hasMutableTemplate } from '../../../../kube/pod-template.ts';
import { desiredReplicas, isLiving } from '../../../../kube/pods.ts';
import type { Refusal } from '../../../../kube/refusals.ts';
import { refusals } from '../../../../kube/refusals.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { eventEvidence, evidence } from '../../engine/analyzer.ts';
import type { RefusalText } from '../../../../kube/refusal-texts.ts';
import { REFUSAL_TEXTS } from '../../../../kube/refusal-texts.ts';

export interface Refused extends Refusal {
  match: RegExpExecArray;
}

/** Workloads that are refused in one way. */
export function refusedBy(view: ClusterView, text: RefusalText): Refused[] {
  return refusals(view).flatMap((refusal) => {
    const match = REFUSAL_TEXTS[text].exec(refusal.message);
    return match ? [{ ...refusal, match }] : [];
  });
}

export function refusalEvidence({ maker, message, event }: Refusal): Evidence {
  if (event) return eventEvidence(event, maker);
  return evidence('status', maker, 'status.conditions[ReplicaFailure]', untrustedLine(message));
}

/** A rollout that cannot go on while the pods of before serve is not yet an outage. */
export function severityOf(view: ClusterView, workload: KubeObject): FindingSeverity {
  return readyPods(view, workload).length >= wantedPods(workload) ? 'warning' : 'critical';
}

/** Pods that a workload is to have, as far as its own words tell. */
export function wantedPods({ kind, spec, status, ...rest }: KubeObject): number {
  if (kind === 'DaemonSet') return Number(status?.desiredNumberScheduled ?? 1);
  return desiredReplicas({ kind, spec, status, ...rest }) ?? Number(spec?.parallelism ?? 1);
}

export function missingPods(view: ClusterView, workload: KubeObject): number {
  return Math.max(0, wantedPods(workload) - view.podsOf(workload).filter(isLiving).length);
}

/** Why nothing in the template is changed where its kind does not allow it. */
export function immutableReason(workload: KubeObject): string | undefined {
  if (hasMutableTemplate(workload)) return undefined;
  return `the pod template of a ${workload.kind} that is under way cannot be changed: whoever owns it has to make it anew`;
}

/** `Deployment web cannot make its pods`, or that its rollout stands still. */
export function cannotMakePods(view: ClusterView, workload: KubeObject): string {
  const { kind, metadata } = workload;
  const goesOn = severityOf(view, workload) === 'warning';
  return `${kind} ${metadata.name} cannot make its ${goesOn ? 'new ' : ''}pods`;
}
