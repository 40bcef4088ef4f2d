import type { KubeObject } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { namedHosts, serviceMeant } from './named-hosts.ts';

/** A workload that another one asks through a Service, and the host by which its settings name that. */
export interface Callee {
  workload: KubeObject;
  service: KubeObject;
  host: string;
}

/** Whom a workload asks by itself: one for each place of its settings that names somebody else. */
export function calleesOf(view: ClusterView, caller: KubeObject): Callee[] {
  return namedHosts(view).flatMap(({ from, host }): Callee[] => {
    if (from !== caller) return [];
    const meant = serviceMeant(view, host, from.metadata.namespace);
    const service = meant && view.find('Service', meant.namespace, meant.name);
    if (!service) return [];
    const others = view.workloadsBehind(service).filter((workload) => workload !== caller);
    return others.map((workload) => ({ workload, service, host }));
  });
}

/** The workloads and everybody whom they ask through a Service, directly or not. */
export function withCallees(view: ClusterView, start: readonly KubeObject[]): KubeObject[] {
  const seen = new Set(start);
  const queue = [...start];
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const { workload } of calleesOf(view, next)) {
      if (seen.has(workload)) continue;
      seen.add(workload);
      queue.push(workload);
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
