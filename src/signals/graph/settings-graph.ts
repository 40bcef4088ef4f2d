import type { CallGraph } from '../../domain/signals.ts';
import { refOf } from '../../domain/kube-object.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { callEdges } from '../../kube/call-edges.ts';
import { ingressBackends } from '../../kube/ingress-backends.ts';
import { GraphBuilder, graphNode } from './graph-builder.ts';

/**
 * Who calls whom by settings alone: hosts that variables, commands and files of a workload name, and what Ingresses lead to.
 * What is named need not be called, and what is found by other means is not here; numbers are not known.
 */
export function graphOfSettings(view: ClusterView): CallGraph {
  const builder = new GraphBuilder<null>();
  const none = () => null;
  for (const { caller, callee } of callEdges(view)) {
    const [from, to] = [refOf(caller), refOf(callee)];
    builder.edge(graphNode(from.name, from), graphNode(to.name, to), 'call', none);
  }
  for (const ingress of view.all('Ingress')) {
    const from = refOf(ingress);
    for (const { name } of ingressBackends(ingress)) {
      const service = view.find('Service', from.namespace, name);
      if (!service) continue;
      const behind = view.workloadsBehind(service);
      for (const callee of behind.length > 0 ? behind : [service]) {
        const to = refOf(callee);
        builder.edge(graphNode(from.name, from), graphNode(to.name, to), 'call', none);
      }
    }
  }
  const unknown = { calls: null, perSecond: null, errorRatio: null, p50Ms: null, p99Ms: null };
  return builder.build(() => ({ ...unknown, sources: ['settings'] }));
}
