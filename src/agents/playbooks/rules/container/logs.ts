import type { EvidenceReads } from '../../../../domain/brain.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { isCrashing, isUnready, lastEnd, podContainers } from '../../../../kube/container-trouble.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { TELLING } from '../../clues/pods/workload-logs.ts';
import { untrustedLine } from '../../../../text/redact.ts';

const LOG_LINES_SHOWN = 4;

/** The kubelet's answer for a container that it has already removed. */
const GONE = /^unable to retrieve container logs for /;

/**
 * What a container said, last run first where `previous`. A log that cannot be read is missing evidence, not a reason to
 * give up the diagnosis.
 */
export async function logLines(
  readLog: EvidenceReads['readLog'],
  { pod, status }: Pick<PodContainer, 'pod' | 'status'>,
  previous: boolean,
): Promise<string[]> {
  const { namespace = '', name } = pod.metadata;
  const read = async (before: boolean): Promise<string[]> => {
    // A log that cannot be read is missing evidence, not a reason to give up the diagnosis.
    const lines = await readLog(namespace, name, String(status.name), before).catch(() => []);
    return lines.filter((line) => line.trim() !== '' && !GONE.test(line));
  };
  const lines = await read(previous);
  return lines.length === 0 && previous ? read(false) : lines;
}

/** Lines that tell of an error, else the very last ones. */
export function lastWords(lines: string[], { pod, status }: Pick<PodContainer, 'pod' | 'status'>): Evidence[] {
  const telling = lines.filter((line) => TELLING.test(line));
  const shown = (telling.length > 0 ? telling : lines).slice(-LOG_LINES_SHOWN);
  return shown.map((line) => evidence('log', pod, `log of container ${status.name}`, untrustedLine(line)));
}

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
