import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import { fittingNodes, nodeMeets, placementOf, requirementsOf } from '../../../../kube/node-fit.ts';
import type { Placement, TermRequirement } from '../../../../kube/node-fit.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import type { PodTemplate, Untyped } from '../../../../kube/pod-template.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import type { Similar } from '../../clues/names/similar-names.ts';
import { pointerToken, stableJson } from '../../../../json/stable-json.ts';

/** One way to make a placement satisfiable. */
export interface Culprit {
  ops: PatchOp[];
  placementAfter: Placement;
  confidence: number;
}

export interface Culprits {
  /** Demands that no node fulfils, e.g. `nodeSelector disk=ssd`. Empty when only their combination fails. */
  demands: string[];
  evidence: Evidence[];
  alternatives: Culprit[];
}

/** Labels by which a program depends on the node: without them its containers may not even start. */
const NATURE = /^(?:beta\.)?kubernetes\.io\/(?:os|arch)$/;

interface Former {
  placement: Placement;
  trust: number;
  text: string;
  source: KubeObject;
}

export function culpritsOf(
  view: ClusterView,
  workload: KubeObject,
  template: PodTemplate,
  placement: Placement,
): Culprits {
  const nodes = view.all('Node');
  const former = formerPlacements(view, workload).find(
    ({ placement: earlier }) => fittingNodes(nodes, earlier).length > 0,
  );
  const result: Culprits = { demands: [], evidence: [], alternatives: [] };
  selectorCulprits(nodes, workload, template, placement, result, former ?? null);
  affinityCulprits(nodes, workload, template, placement, result);
  if (placement.nodeName && !nodes.some((node) => node.metadata.name === placement.nodeName)) {
    const field = `${template.field}.nodeName`;
    result.demands.push(`nodeName ${placement.nodeName}`);
    result.evidence.push(evidence('spec', workload, field, `no node is named ${placement.nodeName}`));
  }
  // A demand that was always there may keep the pods apart on purpose, from other tenants or from what they cannot run on.
  if (!former) return result;
  result.evidence.push(evidence('revision', former.source, null, former.text));
  addRemoval(nodes, template, placement, result, former);
  addFormer(template, placement, result, former);
  return result;
}

/** What the workload demanded before, most trustworthy first. */
function formerPlacements(view: ClusterView, workload: KubeObject): Former[] {
  const revisions = earlierRevisions(view, workload).map((revision) => ({
    placement: placementOf(revision.template.spec),
    trust: revision.readyPods > 0 ? 1 : 0.95,
    text: `revision ${revision.number} demanded ${inWords(placementOf(revision.template.spec))}`,
    source: revision.source,
  }));
  const applied = lastApplied(workload)?.spec?.template?.spec;
  if (!applied) return revisions;
  const placement = placementOf(applied);
  const text = `the configuration last applied demands ${inWords(placement)}`;
  return [...revisions, { placement, trust: 0.93, text, source: workload }];
}

function inWords(placement: Placement): string {
  const pairs = Object.entries(placement.nodeSelector).map(([key, value]) => `${key}=${value}`);
  if (placement.terms) pairs.push('a node affinity');
  if (placement.nodeName) pairs.push(`node ${placement.nodeName}`);
  return pairs.length > 0 ? pairs.join(', ') : 'no particular node';
}

function selectorCulprits(
  nodes: KubeObject[],
  workload: KubeObject,
  template: PodTemplate,
  placement: Placement,
  result: Culprits,
  former: Former | null,
): void {
  for (const [key, value] of Object.entries(placement.nodeSelector).sort()) {
    if (nodes.some((node) => node.metadata.labels?.[key] === value)) continue;
    const field = `${template.field}.nodeSelector["${key}"]`;
    const values = [...new Set(nodes.flatMap((node) => node.metadata.labels?.[key] ?? []))].sort();
    const have = values.length > 0 ? `nodes have ${values.slice(0, 6).join(', ')}` : 'no node has this label';
    result.demands.push(`nodeSelector ${key}=${value}`);
    result.evidence.push(evidence('spec', workload, field, `nodeSelector wants ${key}=${value}; ${have}`));
    const otherKey = values.length === 0 ? keyMeant(nodes, key, value) : null;
    if (otherKey) {
      const nodeSelector = { ...without(placement.nodeSelector, [key]), [otherKey.item]: value };
      const after = { ...placement, nodeSelector };
      if (fittingNodes(nodes, after).length > 0) {
        const ops = opsBetween(template, placement, after);
        result.evidence.push(evidence('sibling', nodeWith(nodes, otherKey.item, value), 'metadata.labels', `has ${otherKey.item}=${value}`)); // prettier-ignore
        result.alternatives.push({ ops, placementAfter: after, confidence: former ? 0.5 : 0.6 + 0.25 * otherKey.similarity }); // prettier-ignore
      }
      continue;
    }
    const close = clearlySimilar(value, values, (item) => item);
    const path = `${template.pointer}/nodeSelector/${pointerToken(key)}`;
    const placementAfter = { ...placement, nodeSelector: { ...placement.nodeSelector, [key]: close?.item ?? '' } };
    if (!close || fittingNodes(nodes, placementAfter).length === 0) continue;
    result.alternatives.push({
      ops: [test(path, value), { op: 'replace', path, value: close.item }],
      placementAfter,
      // The former revision decides; without one a misspelling is more likely than a label nobody wants.
      confidence: former ? 0.5 : 0.6 + 0.25 * close.similarity,
    });
  }
}

/** The label under which nodes have the value, where its key is nearly the one asked for: `disk-type` for `disktype`. */
function keyMeant(nodes: KubeObject[], key: string, value: string): Similar<string> | null {
  const keys = nodes.flatMap(({ metadata }) =>
    Object.entries(metadata.labels ?? {}).flatMap(([other, has]) => (has === value ? [other] : [])),
  );
  return clearlySimilar(key, [...new Set(keys)].sort(), (item) => item);
}

function nodeWith(nodes: KubeObject[], key: string, value: string): KubeObject {
  return nodes.find(({ metadata }) => metadata.labels?.[key] === value)!;
}

function affinityCulprits(
  nodes: KubeObject[],
  workload: KubeObject,
  template: PodTemplate,
  placement: Placement,
  result: Culprits,
): void {
  placement.terms?.forEach((term, index) => {
    for (const requirement of hopeless(nodes, term)) {
      const { key, operator, values } = requirement.requirement ?? {};
      const words = `${key} ${operator}${Array.isArray(values) && values.length > 0 ? ` (${values.join(', ')})` : ''}`;
      const field =
        `${template.field}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.` +
        `nodeSelectorTerms[${index}].${requirement.list}[${requirement.index}]`;
      result.demands.push(`node affinity ${words}`);
      result.evidence.push(evidence('spec', workload, field, `node affinity wants ${words}; no node fulfils it`));
    }
  });
}

/** Requirements of a term that not a single node meets. */
function hopeless(nodes: KubeObject[], term: Untyped): TermRequirement[] {
  return requirementsOf(term).filter((requirement) => !nodes.some((node) => nodeMeets(requirement, node)));
}

const test = (path: string, value: unknown): PatchOp => ({ op: 'test', path, value });

/**
 * Takes away exactly the demands that no node fulfils, or, if only the combination fails, one selector key at a time: of
 * those that were not made before.
 */
function addRemoval(
  nodes: KubeObject[],
  template: PodTemplate,
  placement: Placement,
  result: Culprits,
  former: Former,
): void {
  const keys = Object.keys(placement.nodeSelector)
    .filter((key) => !nodes.some((node) => node.metadata.labels?.[key] === placement.nodeSelector[key]))
    .sort();
  const terms = placement.terms && withoutHopeless(nodes, placement.terms);
  const nodeName = nodes.some((node) => node.metadata.name === placement.nodeName) ? placement.nodeName : null;
  const after = { nodeSelector: without(placement.nodeSelector, keys), terms, nodeName };
  if (fittingNodes(nodes, after).length > 0) {
    if (!keepsAll(former.placement, placement, after)) return;
    const confidence = restores(former, after) ?? (keys.some((key) => NATURE.test(key)) ? 0.3 : 0.72);
    result.alternatives.push({ ops: opsBetween(template, placement, after), placementAfter: after, confidence });
    return;
  }
  for (const key of Object.keys(placement.nodeSelector).sort()) {
    const less = { ...placement, nodeSelector: without(placement.nodeSelector, [key]) };
    if (fittingNodes(nodes, less).length === 0 || !keepsAll(former.placement, placement, less)) continue;
    const confidence = restores(former, less) ?? (NATURE.test(key) ? 0.2 : 0.45);
    result.alternatives.push({ ops: opsBetween(template, placement, less), placementAfter: less, confidence });
  }
}

/** How sure it is that a placement which is just the former one is right; null for others. */
function restores({ placement, trust }: Former, after: Placement): number | null {
  return stableJson(placement) === stableJson(after) ? 0.95 * trust : null;
}

/** Nothing that is taken away was demanded before. */
function keepsAll(before: Placement, now: Placement, after: Placement): boolean {
  const gone = Object.keys(now.nodeSelector).filter((key) => after.nodeSelector[key] === undefined);
  const asked = new Set(requirementKeys(before.terms));
  const kept = new Set(requirementKeys(after.terms));
  const dropped = requirementKeys(now.terms).filter((key) => !kept.has(key));
  return (
    gone.every((key) => before.nodeSelector[key] === undefined) &&
    dropped.every((key) => !asked.has(key)) &&
    (now.nodeName === after.nodeName || before.nodeName === null)
  );
}

function requirementKeys(terms: Untyped[] | null): string[] {
  return (terms ?? []).flatMap((term) => requirementsOf(term).map(({ requirement }) => String(requirement?.key)));
}

/** Goes back to what was demanded before where that is more than a removal. */
function addFormer(template: PodTemplate, placement: Placement, result: Culprits, former: Former): void {
  const ops = opsBetween(template, placement, former.placement);
  const known = result.alternatives.some(
    ({ placementAfter }) => stableJson(placementAfter) === stableJson(former.placement),
  );
  if (known || ops.length === 0) return;
  result.alternatives.push({ ops, placementAfter: former.placement, confidence: 0.9 * former.trust });
}

function without<T>(map: Record<string, T>, keys: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

/**
 * Terms are alternatives of each other: the one that asks least in vain loses what no node fulfils; a term of which nothing
 * would be left is dropped, and null means that no affinity is left.
 */
function withoutHopeless(nodes: KubeObject[], terms: Untyped[]): Untyped[] | null {
  if (terms.some((term) => hopeless(nodes, term).length === 0)) return terms;
  const counts = terms.map((term) => hopeless(nodes, term).length);
  const at = counts.indexOf(Math.min(...counts));
  const gone = hopeless(nodes, terms[at]);
  const left = requirementsOf(terms[at]).filter(
    (each) => !gone.some((other) => other.list === each.list && other.index === each.index),
  );
  if (left.length === 0) return null;
  const changed: Untyped = {};
  for (const { list, requirement } of left) changed[list] = [...(changed[list] ?? []), requirement];
  return terms.map((term, index) => (index === at ? changed : term));
}

/** Smallest patch from one placement to another; every value that is replaced or removed is tested first. */
function opsBetween(template: PodTemplate, from: Placement, to: Placement): PatchOp[] {
  const ops = selectorOps(template, from.nodeSelector, to.nodeSelector);
  if (stableJson(from.terms) !== stableJson(to.terms)) ops.push(...affinityOps(template, from.terms, to.terms));
  if (from.nodeName !== to.nodeName) {
    const path = `${template.pointer}/nodeName`;
    if (from.nodeName) ops.push(test(path, from.nodeName));
    ops.push(to.nodeName ? { op: 'add', path, value: to.nodeName } : { op: 'remove', path });
  }
  return ops;
}

function selectorOps(template: PodTemplate, from: Placement['nodeSelector'], to: Placement['nodeSelector']): PatchOp[] {
  const root = `${template.pointer}/nodeSelector`;
  if (stableJson(from) === stableJson(to)) return [];
  if (Object.keys(from).length === 0) return [{ op: 'add', path: root, value: to }];
  if (Object.keys(to).length === 0) return [test(root, from), { op: 'remove', path: root }];
  const ops: PatchOp[] = [];
  for (const key of [...new Set([...Object.keys(from), ...Object.keys(to)])].sort()) {
    const path = `${root}/${pointerToken(key)}`;
    if (from[key] === to[key]) continue;
    if (from[key] === undefined) ops.push({ op: 'add', path, value: to[key] });
    else if (to[key] === undefined) ops.push(test(path, from[key]), { op: 'remove', path });
    else ops.push(test(path, from[key]), { op: 'replace', path, value: to[key] });
  }
  return ops;
}

function affinityOps(template: PodTemplate, from: Untyped[] | null, to: Untyped[] | null): PatchOp[] {
  const { affinity } = template.spec;
  const field = 'requiredDuringSchedulingIgnoredDuringExecution';
  const path = `${template.pointer}/affinity/nodeAffinity/${field}`;
  const value = { nodeSelectorTerms: to };
  if (from && to) return [test(path, { nodeSelectorTerms: from }), { op: 'replace', path, value }];
  if (from) return removedAffinity(template, from, path, field);
  if (affinity?.nodeAffinity) return [{ op: 'add', path, value }];
  if (affinity) return [{ op: 'add', path: `${template.pointer}/affinity/nodeAffinity`, value: { [field]: value } }];
  return [{ op: 'add', path: `${template.pointer}/affinity`, value: { nodeAffinity: { [field]: value } } }];
}

/** Removes the empty shells too, so that the template equals one that never had an affinity. */
function removedAffinity(template: PodTemplate, from: Untyped[], path: string, field: string): PatchOp[] {
  const { affinity } = template.spec;
  const onlyNode = Object.keys(affinity ?? {}).length === 1;
  const onlyRequired = Object.keys(affinity?.nodeAffinity ?? {}).length === 1;
  const required = { nodeSelectorTerms: from };
  const root = `${template.pointer}/affinity`;
  if (onlyNode && onlyRequired)
    return [test(root, { nodeAffinity: { [field]: required } }), { op: 'remove', path: root }];
  if (onlyRequired)
    return [test(`${root}/nodeAffinity`, { [field]: required }), { op: 'remove', path: `${root}/nodeAffinity` }];
  return [test(path, required), { op: 'remove', path }];
}
