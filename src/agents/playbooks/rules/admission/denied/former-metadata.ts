import type { PatchOp } from '../../../../../domain/change.ts';
import type { Evidence } from '../../../../../domain/finding.ts';
import type { KubeObject } from '../../../../../domain/kube-object.ts';
import { pointerToken } from '../../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../../kube/cluster-view.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../../text/redact.ts';
import { evidence } from '../../../engine/analyzer.ts';
import { textsIn } from './policy-demands.ts';
import type { Demand } from './policy-demands.ts';

const SYSTEM = /^(?:kube-|default$)/;
/** Others that have the same say something; one alone does not. */
const ALIKE = 2;

/** What a demand of a Namespace would be met by. */
export interface Value extends Demand {
  text: string;
  confidence: number;
  reason: Evidence;
  /** Why a person has to agree. */
  person?: string;
}

/** As it was applied, else as all others have it. Null where nothing tells. */
export function valueOf(view: ClusterView, namespace: KubeObject, demand: Demand): Value | null {
  const { field, key } = demand;
  const applied = appliedMap(namespace, field)[key];
  if (applied !== undefined)
    return {
      ...demand,
      text: applied,
      confidence: 0.9,
      reason: evidence(
        'revision',
        namespace,
        LAST_APPLIED_FIELD,
        untrustedLine(`it was applied with ${key}=${applied}`),
      ),
    };
  const alike = others(view, namespace, demand);
  const [first] = alike;
  const texts = new Set(alike.map((other) => textsIn(other.metadata, field)[key]!));
  if (!first || alike.length < ALIKE || texts.size > 1) return null;
  const text = textsIn(first.metadata, field)[key]!;
  return {
    ...demand,
    text,
    confidence: 0.5,
    reason: shownOf(first, demand),
    person: untrustedLine(
      `${key}=${text} is what other namespaces have: whether ${namespace.metadata.name} had it too, only its owner knows`,
    ),
  };
}

/** Other Namespaces of people that have the key. */
export function others(view: ClusterView, namespace: KubeObject, { field, key }: Demand): KubeObject[] {
  return view
    .all('Namespace')
    .filter(
      (other) =>
        other.metadata.name !== namespace.metadata.name &&
        !SYSTEM.test(other.metadata.name) &&
        textsIn(other.metadata, field)[key] !== undefined,
    );
}

export const shownOf = (other: KubeObject, { field, key }: Demand): Evidence =>
  evidence(
    'sibling',
    other,
    `metadata.${field}`,
    untrustedLine(`Namespace ${other.metadata.name} has ${key}=${textsIn(other.metadata, field)[key]}`),
  );

/** What it was applied with. */
export function appliedMap(namespace: KubeObject, field: Demand['field']): Record<string, string> {
  return textsIn(lastApplied(namespace)?.metadata, field);
}

export const textsOf = (values: readonly Value[], field: Demand['field']): Record<string, string> =>
  Object.fromEntries(values.filter((value) => value.field === field).map(({ key, text }) => [key, text]));

/** Guarded by what it has now: nobody else set one of them meanwhile. */
export function opsFor({ metadata }: KubeObject, field: Demand['field'], wanted: Record<string, string>): PatchOp[] {
  if (Object.keys(wanted).length === 0) return [];
  const path = `/metadata/${field}`;
  const now = metadata[field];
  if (!now) return [{ op: 'add', path, value: wanted }];
  const adds = Object.entries(wanted).map(([key, value]): PatchOp => ({
    op: 'add',
    path: `${path}/${pointerToken(key)}`,
    value,
  }));
  return [{ op: 'test', path, value: now }, ...adds];
}
