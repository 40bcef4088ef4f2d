import type { Api } from './api.ts';
import { collectionPath } from './api.ts';
import { differences, normalise } from './normalise.ts';
import type { Snapshot } from './snapshot.ts';
import { keyOf } from './snapshot.ts';

/** Annotations by which scheduler and volume controllers talk to each other; not a person's or a product's write. */
const VOLUME_ANNOTATION = /\.annotations\["volume(\.beta)?\.kubernetes\.io\//;

/**
 * Resolves with the key of the first object that is created, deleted or changed (at level L1) from a snapshot on,
 * seen by watching the API server. Dry-runs do not show in a watch, so this is the first write that counts.
 * @param keys objects to watch for
 * @param signal aborts the watch; the promise then rejects
 */
export async function firstWrite(
  api: Api,
  namespace: string,
  snapshot: Snapshot,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const kinds = [...new Set(keys.map((key) => key.split('/')[0] as string))];
  const stop = new AbortController();
  try {
    return await Promise.any(
      kinds.map(async (kind) => {
        const collection = collectionPath(kind, namespace);
        const { resourceVersion } = await api.list(collection);
        let found = '';
        await api.watch(collection, resourceVersion, AbortSignal.any([signal, stop.signal]), ({ type, object }) => {
          const key = keyOf(kind, object.metadata.namespace ?? '', object.metadata.name);
          if (!keys.includes(key)) return false;
          const before = snapshot.get(key);
          const changed = !before || differences(normalise(before), normalise({ kind, ...object })).some(isWrite);
          if (type !== 'DELETED' && !changed) return false;
          found = key;
          return true;
        });
        return found;
      }),
    );
  } finally {
    stop.abort();
  }
}

function isWrite({ path }: { path: string }): boolean {
  // Lists of one kind leave out the kind's apiVersion on each item.
  return path !== '.apiVersion' && path !== '.kind' && !VOLUME_ANNOTATION.test(path);
}
