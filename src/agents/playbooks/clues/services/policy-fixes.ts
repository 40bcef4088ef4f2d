import type { PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { lastChange } from '../../../../kube/managed-fields.ts';
import type { Direction, PolicyEnd } from '../../../../kube/network-policy.ts';
import { cutting, peersAllow, policySelects, portsAllow } from '../../../../kube/network-policy.ts';
import { lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { createFromFile, jsonPatch } from '../../engine/changes.ts';
import type { Cut } from './policy-cuts.ts';

/** Ways to let exactly the connections through that are needed; nothing else is opened, and no policy is taken away. */
export function policyFixes(view: ClusterView, policy: KubeObject, cuts: Cut[], sure: boolean): FixDraft[] {
  const others = view.all('NetworkPolicy').filter((each) => each !== policy);
  const weight = sure ? 1 : 0.8;
  const mends = (spec: Untyped): boolean =>
    cuts.every(({ edge, direction }) => cutting([...others, { ...policy, spec }], edge, direction).length === 0);
  const fixes: FixDraft[] = [];
  const what = cuts.length === 1 ? 'the connection' : `the ${cuts.length} connections`;
  const expects = `NetworkPolicy ${policy.metadata.name} lets ${what} through that the callers need`;

  const applied: Untyped = lastApplied(policy)?.spec;
  const former = applied && formerOps(policy, applied, cuts);
  if (former && former.length > 0 && mends({ ...policy.spec, ...pick(applied, cuts) })) {
    fixes.push({ changes: [jsonPatch(policy, former)], expects, confidence: 0.92 * weight });
  }
  const ops = narrowOps(view, policy, cuts);
  // One that selects many kinds of pods would open the port on all of them.
  const wide =
    selectedKinds(view, policy) > new Set(cuts.map(({ edge, direction }) => kindOf(edge[mine(direction)]))).size;
  if (!wide || ops.kind === 'mended') {
    fixes.push({
      changes: [jsonPatch(policy, ops.ops)],
      expects,
      confidence: (isNews(view, policy, cuts) ? 0.85 : 0.7) * weight,
    });
  } else fixes.push(ownPolicy(policy, cuts, weight));
  return fixes;
}

const mine = (direction: Direction): 'to' | 'from' => (direction === 'ingress' ? 'to' : 'from');
const kindOf = ({ labels }: PolicyEnd): string => JSON.stringify(Object.entries(labels).sort());

/** It came, or changed, after the pods that suffer were made: then it, and not they, is what is new. */
export function isNews(view: ClusterView, policy: KubeObject, cuts: Cut[]): boolean {
  const at = lastChange(policy)?.at ?? 0;
  return cuts.some(({ caller }) => {
    const pods = view.podsOf(caller).filter(isLiving);
    return pods.some(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') < at);
  });
}

function selectedKinds(view: ClusterView, policy: KubeObject): number {
  const selected = view
    .workloads()
    .filter(({ metadata }) => metadata.namespace === policy.metadata.namespace)
    .filter((each) => policySelects(policy.spec?.podSelector ?? {}, podTemplateOf(each)?.labels ?? {}));
  return new Set(selected.map((each) => JSON.stringify(Object.entries(podTemplateOf(each)!.labels).sort()))).size;
}

const SECTIONS = ['podSelector', 'policyTypes'] as const;

function pick(applied: Untyped, cuts: Cut[]): Untyped {
  const fields = [...new Set(cuts.map(({ direction }) => direction)), ...SECTIONS];
  return Object.fromEntries(fields.flatMap((field) => (field in applied ? [[field, applied[field]]] : [])));
}

function formerOps(policy: KubeObject, applied: Untyped, cuts: Cut[]): PatchOp[] {
  return Object.entries(pick(applied, cuts) as Record<string, unknown>).flatMap(([field, value]): PatchOp[] => {
    const now: unknown = policy.spec?.[field];
    if (JSON.stringify(now) === JSON.stringify(value)) return [];
    const path = `/spec/${field}`;
    if (now === undefined) return [{ op: 'add', path, value }];
    return [
      { op: 'test', path, value: now },
      { op: 'replace', path, value },
    ];
  });
}

/** The port where a rule has the peer already; else a rule of its own. `mended`: no rule is new. */
function narrowOps(view: ClusterView, policy: KubeObject, cuts: Cut[]): { ops: PatchOp[]; kind: 'mended' | 'added' } {
  const ops: PatchOp[] = [];
  let kind: 'mended' | 'added' = 'mended';
  for (const direction of ['ingress', 'egress'] as const) {
    const own = cuts.filter((cut) => cut.direction === direction);
    const rules: unknown = policy.spec?.[direction];
    const list = (Array.isArray(rules) ? rules : []) as Untyped[];
    const added: Untyped[] = [];
    for (const cut of own) {
      const { edge } = cut;
      const near = list.findIndex((rule) => peersAllow(policy, rule, edge, direction));
      const typo = list.findIndex((rule) => portsAllow(rule, edge));
      const mended = typo >= 0 ? mendedPeer(view, policy, list[typo], typo, cut) : [];
      if (near >= 0) {
        const path = `/spec/${direction}/${near}/ports`;
        const port = { protocol: edge.protocol, port: edge.port };
        if (
          !ops.some(
            (op) => 'value' in op && op.path === `${path}/-` && JSON.stringify(op.value) === JSON.stringify(port),
          )
        )
          ops.push({ op: 'test', path, value: list[near].ports }, { op: 'add', path: `${path}/-`, value: port });
      } else if (mended.length > 0) ops.push(...mended);
      else {
        kind = 'added';
        const rule = ruleFor(policy, cut);
        if (!added.some((each) => JSON.stringify(each) === JSON.stringify(rule))) added.push(rule);
      }
    }
    if (added.length === 0) continue;
    const path = `/spec/${direction}`;
    if (!Array.isArray(rules)) ops.push({ op: 'add', path, value: added });
    else
      ops.push(
        { op: 'test', path, value: rules },
        ...added.map((value): PatchOp => ({ op: 'add', path: `${path}/-`, value })),
      );
  }
  return { ops: distinctTests(ops), kind };
}

/** A list is tested before it is first added to. */
function distinctTests(ops: PatchOp[]): PatchOp[] {
  const seen = new Set<string>();
  return ops.filter((op) => op.op !== 'test' || (!seen.has(op.path) && seen.add(op.path)));
}

/** A peer that selects by a label which no pod has any more, where the caller has another value of the same label. */
function mendedPeer(view: ClusterView, policy: KubeObject, rule: Untyped, index: number, cut: Cut): PatchOp[] {
  const { edge, direction } = cut;
  const field = direction === 'ingress' ? 'from' : 'to';
  const other = direction === 'ingress' ? edge.from : edge.to;
  const peers = (rule?.[field] ?? []) as Untyped[];
  for (const [at, peer] of peers.entries()) {
    const labels = Object.entries((peer?.podSelector?.matchLabels ?? {}) as Record<string, string>);
    const wrong = labels.filter(([key, value]) => other.labels[key] !== value);
    const [first] = wrong;
    if (
      !first ||
      wrong.length > 1 ||
      other.labels[first[0]] === undefined ||
      other.namespace !== policy.metadata.namespace
    )
      continue;
    const used = view
      .all('Pod', other.namespace)
      .some((pod) => isLiving(pod) && policySelects(peer.podSelector, pod.metadata.labels ?? {}));
    if (used || peer.namespaceSelector) continue;
    const path = `/spec/${direction}/${index}/${field}/${at}/podSelector/matchLabels/${first[0].replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return [
      { op: 'test', path, value: first[1] },
      { op: 'replace', path, value: other.labels[first[0]] },
    ];
  }
  return [];
}

/** Exactly the other end, on exactly the port. */
function ruleFor(policy: KubeObject, { edge, direction, call }: Cut): Untyped {
  const other = direction === 'ingress' ? edge.from : edge.to;
  const owner = direction === 'ingress' ? call?.caller : call?.callee;
  const matchLabels = (owner?.spec?.selector?.matchLabels as Record<string, string> | undefined) ?? other.labels;
  const foreign = other.namespace !== policy.metadata.namespace;
  const peer = {
    ...(foreign ? { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': other.namespace } } } : {}),
    podSelector: { matchLabels },
  };
  const ports = call
    ? [{ protocol: edge.protocol, port: edge.port }]
    : ['UDP', 'TCP'].map((protocol) => ({ protocol, port: edge.port }));
  return { [direction === 'ingress' ? 'from' : 'to']: [peer], ports };
}

/** A policy for the one kind of pod concerned: the wide one stays as it is. */
function ownPolicy(policy: KubeObject, cuts: Cut[], weight: number): FixDraft {
  const groups = new Map<string, { end: PolicyEnd; cuts: Cut[]; direction: Direction }>();
  for (const cut of cuts) {
    const end = cut.edge[mine(cut.direction)];
    const key = `${cut.direction}:${kindOf(end)}`;
    const group = groups.get(key) ?? { end, cuts: [], direction: cut.direction };
    group.cuts.push(cut);
    groups.set(key, group);
  }
  const files = [...groups.values()].map(({ end, cuts: own, direction }) => {
    const [first] = own as [Cut, ...Cut[]];
    const owner = direction === 'egress' ? first.caller : first.call!.callee;
    const matchLabels = (owner.spec?.selector?.matchLabels as Record<string, string> | undefined) ?? end.labels;
    const name = `${owner.metadata.name}-${direction}-needed`;
    const rules = new Map(own.map((cut) => [JSON.stringify(ruleFor(policy, cut)), ruleFor(policy, cut)]));
    const spec = {
      podSelector: { matchLabels },
      policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'],
      [direction]: [...rules.values()],
    };
    const manifest = {
      apiVersion: policy.apiVersion,
      kind: policy.kind,
      metadata: { name, namespace: end.namespace },
      spec,
    };
    return { name: `policy-${name}.json`, content: `${JSON.stringify(manifest, null, 2)}\n` };
  });
  return {
    changes: files.map(({ name }) => createFromFile(name, policy.metadata.namespace!)),
    files,
    expects: `the connections that the callers need are let through, and NetworkPolicy ${policy.metadata.name} stays as it is`,
    confidence: 0.75 * weight,
  };
}
