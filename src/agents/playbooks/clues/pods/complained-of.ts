import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { calleesOf } from '../../../../kube/callees.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { condition, isLiving, isReady } from '../../../../kube/pods.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { troubledWorkloads } from './troubled.ts';
import type { LogLine } from './workload-logs.ts';
import { complaintAbout, lateLines } from './workload-logs.ts';

/** Workloads whose logs are read. */
const MAX_READ = 8;

/** A workload of which another one complains that it gives no answer, although pods of it are ready. */
export interface ComplainedOf {
  callee: KubeObject;
  caller: KubeObject;
  /** The last line that complains. */
  line: LogLine;
  /** When the caller stopped being ready, milliseconds since the epoch; infinite where it is ready, or nothing tells. */
  since: number;
}

/** Whom workloads in trouble complain of in their logs. */
export async function complainedOf(context: AnalyzerContext): Promise<ComplainedOf[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const callers = view
    .workloads()
    .filter((workload) => /^(?:unhealthy|asked)$/.test(troubled.get(refKey(refOf(workload))) ?? ''))
    .map((caller) => ({ caller, callees: readyCallees(view, caller) }))
    .filter(({ callees }) => callees.length > 0)
    .slice(0, MAX_READ);
  const found = callers.map(async ({ caller, callees }): Promise<ComplainedOf[]> => {
    const lines = await lateLines(context, caller);
    return callees.flatMap(({ callee, host }) => {
      const line = lines.findLast(({ text }) => complaintAbout(text, host) === 'unanswered');
      return line ? [{ callee, caller, line, since: unreadySince(view, caller) }] : [];
    });
  });
  return (await Promise.all(found)).flat();
}

function readyCallees(view: ClusterView, caller: KubeObject): { callee: KubeObject; host: string }[] {
  const ready = calleesOf(view, caller).filter(({ workload }) => readyPods(view, workload).length > 0);
  const distinct = new Map(ready.map((one) => [`${one.host} ${refKey(refOf(one.workload))}`, one]));
  return [...distinct.values()].map(({ workload, host }) => ({ callee: workload, host }));
}

function unreadySince(view: ClusterView, workload: KubeObject): number {
  const times = view
    .podsOf(workload)
    .filter((pod) => isLiving(pod) && !isReady(pod))
    .map((pod) => Date.parse(condition(pod, 'Ready')?.lastTransitionTime ?? ''))
    .filter((at) => !Number.isNaN(at));
  return times.length > 0 ? Math.min(...times) : Number.POSITIVE_INFINITY;
}
