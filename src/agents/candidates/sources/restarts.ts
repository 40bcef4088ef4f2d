import type { KubeObject } from '../../../domain/kube-object.ts';
import { configReferences } from '../../../kube/config-references.ts';
import { lastChange } from '../../../kube/managed-fields.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../kube/pod-template.ts';
import { desiredReplicas, isLiving, isReady } from '../../../kube/pods.ts';
import { restartOf } from '../../playbooks/clues/settings/setting-change.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { deleteNoWait } from '../../playbooks/engine/changes.ts';
import { controllerOf } from '../../../kube/ownership.ts';
import type { CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';

/** Pods made anew in one action at most. */
const MAX_PODS = 5;

/** Pods that may only need to start again: they run with settings that changed since, or hang. */
export function restarts({ view, focus }: Scene): CauseDraft[] {
  return focus.workloads.flatMap((workload): CauseDraft[] => {
    if (!hasMutableTemplate(workload) || !isOwnNamespace(view, workload) || desiredReplicas(workload) === 0) return [];
    const pods = view.podsOf(workload).filter(isLiving);
    const stale = staleSource(view, workload, pods);
    const unready = pods.filter((pod) => !isReady(pod) && controllerOf(pod) !== undefined);
    const drafts: CauseDraft[] = [];
    if (stale)
      drafts.push({
        object: workload,
        what: 'stale',
        text: `${nameOf(workload)} started before ${nameOf(stale)} was last changed: it may still use the former settings`,
        evidence: [
          evidence(
            'sibling',
            stale,
            'metadata.managedFields',
            `changed at ${new Date(lastChange(stale)!.at).toISOString()}`,
          ),
        ],
        score: 0.55,
        actions: [
          {
            changes: restartOf(view, workload),
            text: `restart ${nameOf(workload)}, so that it reads ${nameOf(stale)} anew`,
            origin: 'generic',
            score: 0.55,
            expects: `${nameOf(workload)} runs with its present settings`,
          },
        ],
      });
    if (pods.length === 0) return drafts;
    const text = `${nameOf(workload)} has ${unready.length} of ${pods.length} pods that are not ready; nothing says that a new start would not help`;
    drafts.push({
      object: workload,
      what: 'hangs',
      text: unready.length > 0 ? text : `${nameOf(workload)} may hang although its pods are ready`,
      evidence: unready
        .slice(0, 2)
        .map((pod) => evidence('status', pod, 'status.conditions', `pod ${pod.metadata.name} is not ready`)),
      score: unready.length > 0 ? 0.25 : 0.18,
      actions: [
        {
          changes: restartOf(view, workload),
          text: `restart ${nameOf(workload)}`,
          origin: 'generic',
          score: unready.length > 0 ? 0.3 : 0.25,
          expects: `new pods of ${nameOf(workload)} become ready`,
        },
        ...(unready.length > 0 && unready.length <= MAX_PODS
          ? [
              {
                changes: unready.map(deleteNoWait),
                text: `make the ${unready.length} unready pods of ${nameOf(workload)} anew`,
                origin: 'generic' as const,
                score: 0.28,
                expects: `new pods of ${nameOf(workload)} become ready`,
              },
            ]
          : []),
      ],
    });
    return drafts;
  });
}

/** The ConfigMap or Secret of the workload that changed last, and after a pod of it had started. */
function staleSource(view: Scene['view'], workload: KubeObject, pods: KubeObject[]): KubeObject | null {
  const started = Math.min(...pods.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') || Infinity));
  const used = configReferences(podTemplateOf(workload)!.spec).flatMap(
    ({ kind, name }) => view.find(kind, workload.metadata.namespace, name) ?? [],
  );
  const changed = used
    .map((object) => ({ object, at: lastChange(object)?.at ?? 0 }))
    .filter(({ at }) => at > started)
    .sort((a, b) => b.at - a.at);
  return changed[0]?.object ?? null;
}
