import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { callEdges } from '../../../../kube/call-edges.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { containerStatuses } from '../../../../kube/image-state.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import { condition, isLiving, isReady } from '../../../../kube/pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { deleteNoWait } from '../../engine/changes.ts';
import { complaintAbout } from './workload-logs.ts';

/** Kinds whose pods come back at once when they are deleted. */
const REMADE = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet']);

/**
 * Pods that were started while somebody whom they ask was not there yet, and that still suffer from it: they hang in a
 * connection to an address that is gone, or wait longer and longer after each crash (kubernetes.io, "Pod Lifecycle",
 * restart backoff). They are made anew, once: pods that started later are none of these.
 * @param said what a container of it that runs said so far; one that keeps asking in vain would do so after another start
 */
export function lateDependency(
  view: ClusterView,
  workload: KubeObject,
  said: readonly string[] = [],
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const nothing = { fixes: [], reasons: [] };
  const since = sufferingPods(view, workload);
  if (since.length === 0) return nothing;
  const first = Math.min(...since.map(({ at }) => at));
  for (const { caller, callee, service, reference } of callEdges(view)) {
    if (caller !== workload || keepsAsking(said, reference.host)) continue;
    const pods = view.podsBehind(service);
    const came = pods.map((pod) => readySince(pod));
    // Somebody who was there all the time was no reason to fail.
    if (pods.length === 0 || came.some((at) => Number.isNaN(at) || at <= first)) continue;
    const late = since.filter(({ at }) => at < Math.min(...came)).map(({ pod }) => pod);
    if (late.length === 0) continue;
    const when = new Date(Math.min(...came)).toISOString();
    const text = `${callee.kind} ${callee.metadata.name} behind Service ${service.metadata.name} is ready since ${when}`;
    return {
      fixes: [
        {
          changes: late.map(deleteNoWait),
          expects: `pods of ${workload.kind} ${workload.metadata.name} that started before ${service.metadata.name} was there start anew, and become ready`,
          confidence: 0.5,
        },
      ],
      reasons: [evidence('sibling', callee, 'status', `${text}, later than ${late[0]!.metadata.name} was started`)],
    };
  }
  return nothing;
}

/** Of a log, as far as it tells of now. */
const LATE_LINES = 10;
const GAVE_UP = /\b(?:giv(?:e|es|ing)|gave) up\b|no more (?:tries|retries|attempts)|(?:retries|attempts) exhausted/i;

function keepsAsking(said: readonly string[], host: string): boolean {
  const late = said.slice(-LATE_LINES);
  const complaints = late.filter((text) => complaintAbout(text, host.toLowerCase()) !== null);
  return complaints.length >= 2 && !late.some((text) => GAVE_UP.test(text));
}

/**
 * Pods that are not ready and come back at once when they are deleted, with the start of their last run, milliseconds since the
 * epoch. Empty where that of one is not known.
 */
export function sufferingPods(view: ClusterView, workload: KubeObject): { pod: KubeObject; at: number }[] {
  const since = view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && !isReady(pod) && REMADE.has(controllerOf(pod)?.kind ?? ''))
    .map((pod) => ({ pod, at: lastStart(pod) }));
  return since.some(({ at }) => Number.isNaN(at)) ? [] : since;
}

/** When the youngest run of its containers began; NaN where none has. */
function lastStart(pod: KubeObject): number {
  const starts = containerStatuses(pod).map((status) => {
    const { running, terminated } = status?.state ?? {};
    const last = running ?? terminated ?? status?.lastState?.terminated;
    return Date.parse(String(last?.startedAt ?? ''));
  });
  return starts.length === 0 ? NaN : Math.max(...starts);
}

function readySince(pod: KubeObject): number {
  const ready = condition(pod, 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime ?? '') : NaN;
}
