import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { servicePorts } from '../../../kube/service-backends.ts';

const NAMED = 6;

export function portList(service: KubeObject): string {
  return `it has the ports ${listed(servicePorts(service).map(({ number, name }) => (name ? `${number}/${name}` : `${number}`)))}`;
}

/** Nothing is taken for missing that could not be looked at. */
export function absent(view: ClusterView, kind: string, namespace?: string): string {
  return view.known(kind) && view.inScope(namespace) ? 'does not exist' : `unknown: ${kind} could not be read`;
}

export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}
