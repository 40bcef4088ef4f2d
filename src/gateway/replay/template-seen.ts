import type { KubeObject } from '../../domain/kube-object.ts';
import type { UndoAccess } from './undo-access.ts';

/** How long a controller may take to see a change of its object. */
const SEEN_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;

/** An object as soon as its controller has seen its specification; null where that takes too long, or it is gone. */
export async function templateSeen(access: UndoAccess, path: string): Promise<KubeObject | null> {
  const end = access.clock.monotonic() + SEEN_WITHIN_MS;
  for (;;) {
    const live = await access.get(path);
    if (!live || (live.status?.observedGeneration ?? 0) >= (live.metadata.generation ?? 0)) return live;
    if (access.clock.monotonic() >= end) return null;
    await access.pause(LOOK_EVERY_MS);
  }
}
