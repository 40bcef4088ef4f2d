import type { KubeObject } from '../../../../domain/kube-object.ts';
import { uses } from '../../../../kube/affected.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { areMembers, tokensOf } from '../../clues/family.ts';

/** Labels that say of which program an object is. */
const OWNER_LABELS = [
  'app',
  'k8s-app',
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/component',
];

/** A ConfigMap or Secret that another workload uses, or that is labelled as another program's. */
export function belongsToOthers(view: ClusterView, workload: KubeObject, object: KubeObject): boolean {
  if (object.metadata.ownerReferences?.some(({ controller }) => controller)) return true;
  const own = { ...workload.metadata.labels, ...podTemplateOf(workload)?.labels };
  const labels = object.metadata.labels ?? {};
  const isOfOther = (key: string): boolean =>
    labels[key] !== undefined && own[key] !== undefined && labels[key] !== own[key];
  return OWNER_LABELS.some(isOfOther) || otherUserOf(view, workload, object) !== null;
}

export function otherUserOf(view: ClusterView, workload: KubeObject, object: KubeObject): KubeObject | null {
  const { kind, metadata } = object;
  const user = view
    .workloads()
    .find(
      (each) =>
        each !== workload &&
        each.metadata.namespace === metadata.namespace &&
        uses(each, { kind, name: metadata.name }),
    );
  return user ?? null;
}

/** Words that most names of configuration have and that tell nothing. */
const COMMON = new Set(['config', 'configmap', 'configuration', 'conf', 'cfg', 'settings', 'env', 'environment']);

/**
 * The same words but for a version and what every name of configuration has: `shop-config`, `shop-settings-v2`. Not the
 * configuration of another stage or member of a family: `shop-config-dev`, `shop-config-prod`.
 */
export function isRenaming(before: string, after: string): boolean {
  const [a, b] = [before, after].map((name) => name.replace(/[-._]v\d+$/, ''));
  return !areMembers(a!, b!) && tellingWords(a!) === tellingWords(b!);
}

function tellingWords(name: string): string {
  const words = tokensOf(name);
  const telling = words.filter((word) => !COMMON.has(word));
  return (telling.length > 0 ? telling : words).join(' ');
}
