import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import { lastEnd, podContainers } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { hasMutableTemplate } from '../../../../kube/pod-template.ts';
import { desiredReplicas, isReady } from '../../../../kube/pods.ts';
import { shortOfMemory } from '../../clues/pods/memory-verdict.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { makeFinding } from '../../engine/analyzer.ts';
import { rolloutRestart } from '../../engine/changes.ts';
import { suspectChanges } from './changes-before.ts';

const MEMORY_LEAK = 'memory-leak';

const SURE = 0.55;
/** A change that may have brought the leak is gone back on first: a restart buys time only. */
const AFTER_ROLLBACK = 0.3;
/** A container that was started so lately has nothing to give back. */
const FRESH_MS = 10 * 60_000;

/** Containers whose memory grows although they have no more to do: a new start is the only thing that gives it back. */
export function analyzeMemoryLeak(context: AnalyzerContext): Finding[] {
  const { view } = context;
  return shortOfMemory(context, 'leak').map(({ workload, verdict, since, reasons }) => {
    const { kind, metadata } = workload;
    const cannot = whyNoRestart(view, workload, verdict.container);
    const isBrought = suspectChanges(view, workload, [since]).some(({ change }) => change.back.length > 0);
    return makeFinding({
      rule: MEMORY_LEAK,
      severity: 'warning',
      object: workload,
      what: verdict.container,
      message: `Container ${verdict.container} of ${kind} ${metadata.name} leaks memory: ${verdict.evidence[0] ?? 'it grows'}`,
      evidence: reasons,
      fixes:
        cannot === null
          ? [
              {
                changes: [rolloutRestart(workload)],
                expects: `the pods of ${kind} ${metadata.name} start anew with the memory they need; it grows again until the program is mended`,
                confidence: isBrought ? AFTER_ROLLBACK : SURE,
              },
            ]
          : [],
      ...(cannot === null ? {} : { unfixed: cannot }),
    });
  });
}

function whyNoRestart(view: ClusterView, workload: KubeObject, container: string): string | null {
  const { kind, spec } = workload;
  if (!hasMutableTemplate(workload)) return 'nothing starts its pods anew but whoever made them';
  if (desiredReplicas(workload) === 0 || !view.podsOf(workload).some(isReady)) return 'no pod of it runs';
  if (kind === 'Deployment' && spec?.paused === true) return 'its rollouts are paused, so that a restart would wait';
  if (spec?.updateStrategy?.type === 'OnDelete')
    return 'its pods are replaced only when somebody deletes them (updateStrategy OnDelete)';
  const isFresh = ({ status }: PodContainer): boolean => {
    const ended = lastEnd(status);
    return ended?.reason === 'OOMKilled' && view.now - Date.parse(ended.finishedAt ?? '') < FRESH_MS;
  };
  const runs = podContainers(view, workload).filter(({ own }) => own?.name === container);
  return runs.length > 0 && runs.every(isFresh)
    ? 'it was killed and started again just now, and fills its memory once more: the program has to be mended'
    : null;
}

export const memoryLeakRule: Analyzer = {
  rule: MEMORY_LEAK,
  layer: 'symptom',
  kinds: [...PODS, ...REVISIONS],
  explains: 'Containers whose memory grows without more to do, until they are killed.',
  unfixed: 'a leak is mended in the program only',
  analyze: analyzeMemoryLeak,
};
