import type { ObjectRef } from '../../domain/kube-object.ts';
import type { CallGraphNode } from '../../domain/signals.ts';
import { refTo } from '../../kube/cluster-view.ts';

/** Part of the trouble that one pod must have to be named alone. */
const MOST_OF_IT = 0.8;

/** The pod that nearly all of it comes from, where the node has more than one; else null. */
export function singlePod(
  node: CallGraphNode,
  amounts: ReadonlyMap<string, number>,
  pods: ReadonlySet<string>,
): ObjectRef | null {
  const total = [...amounts.values()].reduce((sum, amount) => sum + amount, 0);
  const [name, most] = [...amounts].reduce((best, each) => (each[1] > best[1] ? each : best), ['', 0]);
  if (pods.size < 2 || name === '' || most < MOST_OF_IT * total || !node.object?.namespace) return null;
  return refTo('Pod', 'v1', node.object.namespace, name);
}
