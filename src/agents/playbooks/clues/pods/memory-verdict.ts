import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { MemoryVerdict } from '../../../../domain/signals-now.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';

type Cause = MemoryVerdict['cause'];

/** What the history of a container's memory says, if it says that. */
export function memoryVerdict(
  { signals }: AnalyzerContext,
  workload: KubeObject,
  container: string,
  cause: Cause,
): MemoryVerdict | undefined {
  const key = refKey(refOf(workload));
  return signals?.memory?.find(
    (verdict) => verdict.cause === cause && verdict.container === container && refKey(verdict.workload) === key,
  );
}

/** A workload with a container that runs out of memory, since when, and what tells so. */
export interface ShortOfMemory {
  workload: KubeObject;
  verdict: MemoryVerdict;
  /** Milliseconds since the epoch. */
  since: number;
  reasons: Evidence[];
}

/** Containers of the snapshot about whose memory there is a verdict of these causes. */
export function shortOfMemory({ view, signals }: AnalyzerContext, ...causes: Cause[]): ShortOfMemory[] {
  return (signals?.memory ?? []).flatMap((verdict): ShortOfMemory[] => {
    const { kind, namespace, name } = verdict.workload;
    const workload = view.find(kind, namespace, name);
    if (!workload || workload.metadata.deletionTimestamp || !causes.includes(verdict.cause)) return [];
    const told = (signals?.reading.signals ?? []).filter(
      (signal) =>
        signal.kind === 'oom' &&
        signal.level !== 'forecast' &&
        signal.labels.container === verdict.container &&
        signal.object !== null &&
        refKey(signal.object) === refKey(verdict.workload),
    );
    return [
      {
        workload,
        verdict,
        since: Math.min(...told.map(({ since }) => since), signals?.at ?? view.now),
        reasons: [
          ...told.map(({ message }) => evidence('metric', workload, null, message)),
          ...verdict.evidence.map((text) => evidence('metric', workload, null, text)),
        ],
      },
    ];
  });
}
