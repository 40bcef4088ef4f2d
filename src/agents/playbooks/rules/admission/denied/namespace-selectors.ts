import type { KubeObject } from '../../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../../kube/cluster-view.ts';
import { labelSelectorMatches } from '../../../../../kube/labels.ts';
import type { LabelMap } from '../../../../../kube/labels.ts';
import type { Untyped } from '../../../../../kube/pod-template.ts';
import { listOf } from '../../../../../kube/untyped-list.ts';
import type { AnalyzerContext } from '../../../engine/analyzer.ts';
import type { Denial } from './denial.ts';
import { WEBHOOK_KINDS, webhooksNamed } from '../webhook-entries.ts';

/** A selector by which a policy leaves namespaces out. */
export interface Exemption {
  object: KubeObject;
  field: string;
  /** Labels that it looks at. */
  keys: string[];
  leavesOut(labels: LabelMap): boolean;
}

const apiVersion = 'admissionregistration.k8s.io/v1';
const POLICY_KINDS = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'] as const;

/** Those of whoever denied. */
export async function exemptions(
  { view, get }: Pick<AnalyzerContext, 'view' | 'get'>,
  { webhook, policy, binding }: Denial,
): Promise<Exemption[]> {
  if (webhook) return webhooksNamed(view, webhook).flatMap(({ config, index }) => ofWebhook(config, index));
  // What cannot be read leaves out nobody that is known of.
  const bound = binding ? await get({ apiVersion, kind: POLICY_KINDS[1], name: binding }).catch(() => null) : null;
  return [policy, bound].flatMap((object) => (object ? ofPolicy(object) : []));
}

/**
 * A webhook or policy, of any, that a namespace is subject to and would not be with these labels.
 * @returns `unknown`: why it may be that there is one
 */
export async function leftOutWith(
  { view, list }: Pick<AnalyzerContext, 'view' | 'list'>,
  { metadata }: KubeObject,
  labels: LabelMap,
): Promise<{ by?: string; unknown?: string }> {
  // Told as unknown below.
  const read = await Promise.all(POLICY_KINDS.map((kind) => list({ apiVersion, kind }))).catch(() => null);
  const all = [...webhooksIn(view), ...(read ?? []).flat().flatMap(ofPolicy)];
  const by = all.find(({ leavesOut }) => leavesOut(labels) && !leavesOut(metadata.labels ?? {}));
  if (by) return { by: `${by.object.kind} ${by.object.metadata.name}` };
  return read && WEBHOOK_KINDS.every((kind) => view.known(kind))
    ? {}
    : { unknown: `not all policies could be read, and one may leave Namespace ${metadata.name} out with these labels` };
}

function webhooksIn(view: ClusterView): Exemption[] {
  return WEBHOOK_KINDS.flatMap((kind) => view.all(kind)).flatMap((config) =>
    listOf(config['webhooks']).flatMap((_, index) => ofWebhook(config, index)),
  );
}

function ofWebhook(config: KubeObject, index: number): Exemption[] {
  return exemption(
    config,
    `webhooks[${index}].namespaceSelector`,
    listOf(config['webhooks'])[index]?.namespaceSelector,
  );
}

function ofPolicy(object: KubeObject): Exemption[] {
  const where = object.kind === POLICY_KINDS[0] ? 'matchConstraints' : 'matchResources';
  return exemption(object, `spec.${where}.namespaceSelector`, object.spec?.[where]?.namespaceSelector);
}

function exemption(object: KubeObject, field: string, selector: Untyped): Exemption[] {
  const keys = [
    ...Object.keys((selector?.matchLabels ?? {}) as object),
    ...listOf(selector?.matchExpressions).map((each) => String(each?.key)),
  ];
  // Without a word of labels it leaves nobody out.
  if (keys.length === 0) return [];
  return [{ object, field, keys, leavesOut: (labels) => !labelSelectorMatches(selector, labels) }];
}
