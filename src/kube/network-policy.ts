import { listOf } from './untyped-list.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import type { LabelMap } from './labels.ts';
import { labelSelectorMatches } from './labels.ts';
import { servingContainers } from './pod-template.ts';
import type { Untyped } from './pod-template.ts';

/** One end of a connection, as policies see it. */
export interface PolicyEnd {
  namespace: string;
  labels: LabelMap;
  /** Labels of its namespace. */
  namespaceLabels: LabelMap;
  /** Pod address; null where none is known. */
  ip: string | null;
  /** For the names of container ports. */
  podSpec: Untyped;
}

/** A connection to a pod's own port: policies apply behind the Service's translation. */
export interface PolicyEdge {
  from: PolicyEnd;
  to: PolicyEnd;
  port: number;
  protocol: string;
}

export type Direction = 'ingress' | 'egress';

/** Directions in which a policy isolates the pods that it selects; the defaults are those of the API server. */
export function directionsOf(policy: KubeObject): Direction[] {
  const types: unknown[] = Array.isArray(policy.spec?.policyTypes) ? policy.spec.policyTypes : [];
  if (types.length === 0) return listOf(policy.spec?.egress).length > 0 ? ['ingress', 'egress'] : ['ingress'];
  return [
    ...(types.includes('Ingress') ? ['ingress' as const] : []),
    ...(types.includes('Egress') ? ['egress' as const] : []),
  ];
}

/** A selector of policies: absent selects nothing, an empty one everything. */
export function policySelects(selector: Untyped, labels: LabelMap): boolean {
  if (selector === undefined || selector === null) return false;
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length + listOf(selector.matchExpressions).length === 0;
  return isEmpty || labelSelectorMatches(selector, labels);
}

/** Policies that isolate an end in a direction. */
export function isolating(policies: readonly KubeObject[], end: PolicyEnd, direction: Direction): KubeObject[] {
  return policies.filter(
    (policy) =>
      policy.metadata.namespace === end.namespace &&
      directionsOf(policy).includes(direction) &&
      policySelects(policy.spec?.podSelector ?? {}, end.labels),
  );
}

/**
 * Policies that cut a connection in one direction: all that isolate its pod, if none of their rules allows it; empty when
 * it is allowed. Policies add up: one rule of one of them is enough.
 * Source: kubernetes.io, "Network Policies".
 */
export function cutting(policies: readonly KubeObject[], edge: PolicyEdge, direction: Direction): KubeObject[] {
  const own = isolating(policies, direction === 'ingress' ? edge.to : edge.from, direction);
  const allowed = own.some((policy) =>
    listOf(policy.spec?.[direction]).some(
      (rule) => peersAllow(policy, rule, edge, direction) && portsAllow(rule, edge),
    ),
  );
  return allowed ? [] : own;
}

/** Whether a rule's peers hold the other end; a rule without peers holds everybody. */
export function peersAllow(policy: KubeObject, rule: Untyped, edge: PolicyEdge, direction: Direction): boolean {
  const peers = listOf(direction === 'ingress' ? rule?.from : rule?.to);
  const other = direction === 'ingress' ? edge.from : edge.to;
  return peers.length === 0 || peers.some((peer) => peerHolds(policy, peer, other));
}

function peerHolds(policy: KubeObject, peer: Untyped, end: PolicyEnd): boolean {
  if (peer?.ipBlock) return end.ip !== null && blockHolds(peer.ipBlock, end.ip);
  const inNamespace = peer?.namespaceSelector
    ? policySelects(peer.namespaceSelector, end.namespaceLabels)
    : policy.metadata.namespace === end.namespace;
  const hasSelector = peer?.podSelector !== undefined && peer.podSelector !== null;
  if (!hasSelector && !peer?.namespaceSelector) return false;
  return inNamespace && (!hasSelector || policySelects(peer.podSelector, end.labels));
}

/** Whether a rule's ports hold the connection's; names are those of the pod that is asked. */
export function portsAllow(rule: Untyped, { port, protocol, to }: PolicyEdge): boolean {
  const ports = listOf(rule?.ports);
  return (
    ports.length === 0 ||
    ports.some((each) => {
      if ((each?.protocol ?? 'TCP') !== protocol) return false;
      if (each?.port === undefined || each.port === null) return true;
      if (typeof each.port === 'string') return numberOf(to.podSpec, each.port, protocol) === port;
      return typeof each.endPort === 'number' ? port >= each.port && port <= each.endPort : each.port === port;
    })
  );
}

function numberOf(podSpec: Untyped, name: string, protocol: string): number | null {
  const declared = servingContainers(podSpec).flatMap(({ spec }) => listOf(spec?.ports));
  const found = declared.find((each) => each?.name === name && (each.protocol ?? 'TCP') === protocol);
  return typeof found?.containerPort === 'number' ? found.containerPort : null;
}

function blockHolds({ cidr, except }: { cidr?: unknown; except?: unknown }, ip: string): boolean {
  return inBlock(String(cidr ?? ''), ip) && !listOf(except).some((block) => inBlock(String(block), ip));
}

/** IPv4 and IPv6; an address of the other family is in no block. */
export function inBlock(cidr: string, ip: string): boolean {
  const [base = '', length = ''] = cidr.split('/');
  const [network, address] = [bitsOf(base), bitsOf(ip)];
  if (!network || !address || network.length !== address.length || !/^\d+$/.test(length)) return false;
  const prefix = Number(length);
  return prefix <= network.length && network.slice(0, prefix) === address.slice(0, prefix);
}

/** An address as binary digits; null for what is none. */
function bitsOf(ip: string): string | null {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(ip)) {
    const bytes = ip.split('.').map(Number);
    return bytes.every((byte) => byte < 256) ? bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('') : null;
  }
  if (!ip.includes(':')) return null;
  const [head = '', tail] = ip.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 0) return null;
  const all = [...first, ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...last];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return all.map((group) => parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}
