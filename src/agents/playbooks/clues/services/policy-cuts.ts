import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { CallEdge } from '../../../../kube/call-edges.ts';
import { callEdges, namespaceLabels, policyEnd } from '../../../../kube/call-edges.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { namedHosts } from '../../../../kube/named-hosts.ts';
import type { Direction, PolicyEdge, PolicyEnd } from '../../../../kube/network-policy.ts';
import { cutting } from '../../../../kube/network-policy.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';

/** A connection that somebody needs and that a policy does not let through. */
export interface Cut {
  caller: KubeObject;
  /** Who is asked, in words. */
  callee: string;
  direction: Direction;
  edge: PolicyEdge;
  call: CallEdge | null;
  /** Settings of the caller name hosts outside only: that it needs them now, its log has to say. */
  outside?: true;
}

/** Connections which settings say are needed, and the way to the cluster's DNS, that policies do not let through. */
export function cutsOf(view: ClusterView, policies: KubeObject[]): Cut[] {
  const cuts: Cut[] = [];
  const add = (cut: Omit<Cut, 'direction'>): void => {
    for (const direction of ['egress', 'ingress'] as const)
      if (cutting(policies, cut.edge, direction).length > 0) cuts.push({ ...cut, direction });
  };
  const calls = callEdges(view);
  for (const call of calls) {
    const [from, to] = [policyEnd(view, call.caller), policyEnd(view, call.callee)];
    if (!from || !to) continue;
    const { port, protocol, caller } = call;
    const callee = `${call.callee.kind} ${call.callee.metadata.name}`;
    add({ caller, callee, edge: { from, to, port, protocol }, call });
  }
  // Whoever names a host outside needs the cluster's DNS as well.
  const asking = namedHosts(view).filter(
    ({ host, port, text, at }) => host.includes('.') && (port !== null || text.slice(0, at).endsWith('//')),
  );
  const inside = new Set(calls.map((call) => call.caller));
  for (const caller of new Set([...inside, ...asking.map(({ from }) => from)])) {
    const from = policyEnd(view, caller);
    const policyOfPod = podTemplateOf(caller)?.spec?.dnsPolicy ?? 'ClusterFirst';
    if (!from || !String(policyOfPod).startsWith('ClusterFirst')) continue;
    // Only what leaves the caller is known here: the other side is the system's own.
    const edge = { from, to: dnsEnd(view), port: 53, protocol: 'UDP' };
    if (cutting(policies, edge, 'egress').length > 0)
      cuts.push({
        caller,
        callee: "the cluster's DNS",
        direction: 'egress',
        edge,
        call: null,
        ...(inside.has(caller) ? {} : { outside: true as const }),
      });
  }
  return cuts;
}

/** The cluster's DNS as policies usually mean it. */
function dnsEnd(view: ClusterView): PolicyEnd {
  const namespace = 'kube-system';
  const ports = [
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
    { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
  ];
  return {
    namespace,
    labels: { 'k8s-app': 'kube-dns' },
    namespaceLabels: namespaceLabels(view, namespace),
    ip: null,
    podSpec: { containers: [{ name: 'dns', ports }] },
  };
}
