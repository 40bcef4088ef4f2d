import type { Api, KubeObject } from '../api.ts';
import type { Dump, Item } from '../dump/dump.ts';
import { isMarked } from '../dump/dump.ts';
import { pathOfKind } from '../dump/kinds.ts';
import type { Kube } from './kube.ts';

/** Removes what carries the suffix in its name or namespace, whatever holds it; does not wait until it is gone. */
export async function removeTraces(api: Api, kube: Kube, dump: Dump): Promise<void> {
  const mine = [...dump.items.values()].filter((item) => isMarked(item, kube.suffix));
  // What could stand in the way of all others goes first.
  const order = (item: Item) => (/Webhook|AdmissionPolicy|APIService/.test(item.kind.kind) ? 0 : 1);
  for (const item of mine.toSorted((a, b) => order(a) - order(b))) {
    const path = `${pathOfKind(item.kind, item.namespace)}/${item.name}`;
    const { finalizers } = item.object.metadata as KubeObject['metadata'] & { finalizers?: string[] };
    if (finalizers && item.kind.kind !== 'Namespace') {
      await api.send('PATCH', path, { metadata: { finalizers: null } }, 'application/merge-patch+json');
    }
    if (!item.namespace) await api.send('DELETE', path);
  }
}
