import type { KubeObject } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { namedHosts, serviceMeant } from './named-hosts.ts';

/** The workloads and everybody whom they ask through a Service, directly or not. */
export function withCallees(view: ClusterView, start: readonly KubeObject[]): KubeObject[] {
  const seen = new Set(start);
  const queue = [...start];
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const { from, host } of namedHosts(view)) {
      if (from !== next) continue;
      const meant = serviceMeant(view, host, from.metadata.namespace);
      const service = meant && view.find('Service', meant.namespace, meant.name);
      for (const callee of service ? view.workloadsBehind(service) : []) {
        if (seen.has(callee)) continue;
        seen.add(callee);
        queue.push(callee);
      }
    }
  }
  return [...seen];
}

/** Identities of a workload and of everybody whom it asks. */
export function keysOfCallees(view: ClusterView, workload: KubeObject): ReadonlySet<string> {
  return view.derived(readCallees, workload);
}

function readCallees(view: ClusterView, workload: KubeObject): Set<string> {
  return new Set(withCallees(view, [workload]).map((each) => refKey(refOf(each))));
}
