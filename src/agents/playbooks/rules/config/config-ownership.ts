import type { KubeObject } from '../../../../domain/kube-object.ts';
import { uses } from '../../../../kube/affected.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { areMembers, tokensOf } from '../../clues/names/family.ts';

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

/**
 * The one ConfigMap that has what was asked for under another name: renamed, where the wanted keys are known, else put
 * aside before a change.
 */
export function underAnotherName(
  name: string,
  keys: readonly string[],
  maps: readonly KubeObject[],
): { object: KubeObject; confidence: number } | null {
  const renamed = keys.length > 0 ? maps.filter(({ metadata }) => isRenaming(name, metadata.name)) : [];
  const likely = renamed.length > 0 ? renamed : maps.filter(({ metadata }) => isPutAside(name, metadata.name));
  const [object, ...others] = likely;
  return object && others.length === 0 ? { object, confidence: renamed.length > 0 ? 0.5 : 0.45 } : null;
}

/** Words that most names of configuration have and that tell nothing. */
const COMMON = new Set(['config', 'configmap', 'configuration', 'conf', 'cfg', 'settings', 'env', 'environment']);

/**
 * The same words but for a version and what every name of configuration has: `shop-config`, `shop-settings-v2`. Not the
 * configuration of another stage or member of a family: `shop-config-dev`, `shop-config-prod`.
 */
function isRenaming(before: string, after: string): boolean {
  const [a, b] = [before, after].map((name) => name.replace(/[-._]v\d+$/, ''));
  return !areMembers(a!, b!) && tellingWords(a!) === tellingWords(b!);
}

/** What kustomize appends to the name of what it generates: ten characters of a hash (kustomize: hasher, encode). */
const GENERATED = /^(.+)-([bcdfghkmt2456789]{10})$/;

/** The newest that was generated under the same name as the one asked for, which is gone: another state of the same. */
export function generatedAnew(name: string, objects: readonly KubeObject[]): KubeObject | null {
  const stem = GENERATED.exec(name)?.[1];
  if (stem === undefined) return null;
  const made = ({ metadata }: KubeObject) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  const same = objects.filter(({ metadata }) => GENERATED.exec(metadata.name)?.[1] === stem);
  return [...same].sort((a, b) => made(b) - made(a))[0] ?? null;
}

/** Words by which people name what they put aside before a change. */
const ASIDE = new Set(['previous', 'prev', 'former', 'old', 'backup', 'bak', 'copy', 'orig', 'original', 'saved']);

/** The name of something put aside: `shop-config-previous`, `shop-config-backup-2` for `shop-config`. */
function isPutAside(name: string, other: string): boolean {
  const [words, more] = [tokensOf(name), tokensOf(other)];
  const rest = more.slice(words.length);
  if (words.some((word, index) => word !== more[index])) return false;
  return rest.some((word) => ASIDE.has(word)) && rest.every((word) => ASIDE.has(word) || /^\p{N}+$/u.test(word));
}

function tellingWords(name: string): string {
  const words = tokensOf(name);
  const telling = words.filter((word) => !COMMON.has(word));
  return (telling.length > 0 ? telling : words).join(' ');
}
