import type { ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { Signal } from '../../domain/signals.ts';
import type { MemoryVerdict } from '../../domain/signals-now.ts';
import type { Answers, Ask, Scene } from '../../signals/incident-types/incident-type.ts';
import { memoryCause } from '../../signals/incident-types/memory-cause.ts';
import { memoryAsks, memoryHistory } from '../../signals/incident-types/memory-history.ts';
import { isBeyond } from '../../signals/incident-types/oom.ts';

/** Containers whose history is read: each costs a few queries over hours. */
const MOST = 4;
const BEYOND =
  'metrics tell of more memory in use than its limits ever let it have: they may speak of another container';

/**
 * Why containers run out of memory of which a signal says that they do; asks nothing where there is none.
 * @param ask answers queries by their keys, and never rejects
 */
export async function readMemory(
  signals: readonly Signal[],
  scene: Scene,
  ask: (asks: readonly Ask[]) => Promise<Answers>,
): Promise<MemoryVerdict[]> {
  const short = new Map<string, { workload: ObjectRef; container: string }>();
  for (const { kind, level, object, labels } of signals) {
    const container = labels.container;
    if (kind !== 'oom' || level === 'forecast' || !object || !container) continue;
    short.set(`${refKey(object)}|${container}`, { workload: object, container });
  }
  return Promise.all(
    [...short.values()].slice(0, MOST).map(async ({ workload, container }): Promise<MemoryVerdict> => {
      const answers = await ask(memoryAsks(scene, workload, container));
      const history = memoryHistory(answers, scene, workload, container);
      if (!history) return { workload, container, ...whyUnknown(answers), peakBytes: null };
      const used = history.pods.flatMap(({ samples }) => samples.map(({ value }) => value));
      const peakBytes = used.length > 0 ? used.reduce((most, value) => Math.max(most, value)) : null;
      // Nothing is made of numbers that cannot be this container's.
      if (peakBytes !== null && isBeyond(peakBytes, Math.max(history.limitBytes, history.former?.limitBytes ?? 0)))
        return { workload, container, cause: 'unknown', evidence: [BEYOND], peakBytes: null };
      return { workload, container, ...memoryCause(history), peakBytes };
    }),
  );
}

function whyUnknown(answers: Answers): Pick<MemoryVerdict, 'cause' | 'evidence'> {
  const reasons = [...answers.values()].flatMap((answer) => (answer.state === 'unknown' ? [answer.reason] : []));
  const reason = reasons[0] ?? 'it has no limit of its own, or nobody tells what it uses';
  return { cause: 'unknown', evidence: [`the history of its memory is not known: ${reason}`] };
}
