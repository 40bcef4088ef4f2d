import type { BlastRadius } from '../domain/blast-radius.ts';
import type { KubeObject } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';
import type { RehearsedWrite } from '../domain/transaction.ts';
import type { ClusterView } from './cluster-view.ts';
import { labelSelectorMatches, selectorMapMatches } from './labels.ts';
import { hasMutableTemplate, podTemplate, templateText } from './pod-template.ts';
import { isLiving, isReady } from './pods.ts';
import { rolloutUnavailable } from './rolling-update.ts';

type Write = Pick<RehearsedWrite, 'ref' | 'before' | 'after'>;

/** Pods of one origin that go, and how many of them at one time. */
interface Going {
  pods: KubeObject[];
  atOnce: number;
}

const NEEDED = ['Pod', 'Service', 'PodDisruptionBudget'];

/**
 * How far writes reach: pods that a changed template, a smaller size or a deletion takes away, endpoints that Services
 * lose with them or by another selector, and the disruption budgets over those pods. Pods that are not ready serve
 * nobody: they count as replaced, not as lost endpoints.
 */
export function blastRadiusOf(view: ClusterView, writes: readonly Write[]): BlastRadius {
  const going = writes.flatMap((write) => goingOf(view, write));
  const pods = new Set(going.flatMap((one) => one.pods));
  const after = new Map(
    writes.flatMap(({ ref, after: next }) => (ref.kind === 'Service' ? [[refKey(ref), next]] : [])),
  );
  const services = view.all('Service').flatMap((service) => {
    const ready = view.podsBehind(service).filter(isReady);
    if (ready.length === 0) return [];
    const key = refKey(refOf(service));
    const kept = after.has(key) ? ready.filter((pod) => isSelected(after.get(key) ?? null, pod)) : ready;
    const lost = going.reduce(
      (sum, { pods: gone, atOnce }) => sum + Math.min(atOnce, gone.filter((pod) => kept.includes(pod)).length),
      ready.length - kept.length,
    );
    return lost > 0 ? [{ service: refOf(service), ready: ready.length, out: Math.min(lost, ready.length) }] : [];
  });
  const budgets = view.all('PodDisruptionBudget').flatMap((budget) => {
    const covers = [...pods].some(
      (pod) =>
        pod.metadata.namespace === budget.metadata.namespace &&
        labelSelectorMatches(budget.spec?.selector, pod.metadata.labels),
    );
    return covers ? [{ budget: refOf(budget), allowed: Number(budget.status?.disruptionsAllowed ?? 0) }] : [];
  });
  return {
    objects: new Set(writes.map(({ ref }) => refKey(ref))).size,
    pods: pods.size,
    services,
    budgets,
    unknown: NEEDED.filter((kind) => !view.known(kind)),
  };
}

function isSelected(service: KubeObject | null, pod: KubeObject): boolean {
  return service !== null && selectorMapMatches(service.spec?.selector, pod.metadata.labels);
}

function goingOf(view: ClusterView, { ref, before, after }: Write): Going[] {
  if (!before) return [];
  if (ref.kind === 'Pod') {
    const pod = view.find('Pod', ref.namespace, ref.name);
    return pod && !after ? [{ pods: [pod], atOnce: 1 }] : [];
  }
  if (!podTemplate(before)) return [];
  const live = view.find(ref.kind, ref.namespace, ref.name);
  const pods = live ? view.podsOf(live).filter(isLiving) : [];
  if (!after) return [{ pods, atOnce: pods.length }];
  const fewer = pods.length - Number(after.spec?.replicas ?? pods.length);
  const replaces = hasMutableTemplate(after) && after.spec?.updateStrategy?.type !== 'OnDelete';
  if (replaces && templateText(podTemplate(before)) !== templateText(podTemplate(after))) {
    return [{ pods, atOnce: Math.max(rolloutUnavailable(after), Math.min(fewer, pods.length)) }];
  }
  // Which of them go is the controller's choice: those that are not ready first.
  const leaving = [...pods].sort((a, b) => Number(isReady(a)) - Number(isReady(b))).slice(0, Math.max(0, fewer));
  return leaving.length > 0 ? [{ pods: leaving, atOnce: leaving.length }] : [];
}
