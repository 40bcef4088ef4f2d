import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { isCrashing, isUnready, lastEnd, podContainers } from '../../../../kube/container-trouble.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { logLines } from './logs.ts';

const NOT_RUN = new Set([126, 127]);

/** A broken container whose last words match. */
export interface Saying extends PodContainer {
  own: ContainerSpec;
  lines: string[];
}

/**
 * Containers of a workload that crash or do not become ready, and say why in words that match. Only logs of containers
 * whose template makes these words likely are read, one per container of the template.
 */
export async function saying(
  { view, readLog }: AnalyzerContext,
  workload: KubeObject,
  words: RegExp,
  isLikely: (container: Untyped) => boolean,
): Promise<Saying[]> {
  const found: Saying[] = [];
  const seen = new Set<string>();
  for (const at of podContainers(view, workload)) {
    const { own, status } = at;
    if (!own || seen.has(own.pointer) || !isLikely(at.spec)) continue;
    const ended = lastEnd(status);
    // A program that could not be run at all is another matter (`container-start`).
    if (NOT_RUN.has(Number(ended?.exitCode))) continue;
    const crashes =
      isCrashing(status, view.now) || (ended && Number(ended.exitCode ?? 0) !== 0 && status?.ready !== true);
    if (!crashes && !isUnready(view, at)) continue;
    seen.add(own.pointer);
    let lines = [...(await logLines(readLog, at, Boolean(crashes))), String(ended?.message ?? '')];
    // A run that has not failed yet may have said nothing, and a former one may be gone.
    if (crashes && !lines.some((line) => words.test(line))) lines = [...(await logLines(readLog, at, false)), ...lines];
    if (lines.some((line) => words.test(line))) found.push({ ...at, own, lines });
  }
  return found;
}
