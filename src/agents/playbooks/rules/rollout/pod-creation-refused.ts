import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { eventEvidence, evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ClusterEvent } from '../../../../kube/cluster-view.ts';
import { rollbackFixes } from '../../clues/rollback.ts';
import { desiredReplicas, isLiving } from '../../../../kube/pods.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const POD_CREATION_REFUSED = 'pod-creation-refused';

const CAUSES: [RegExp, string][] = [
  [/exceeded quota: (\S+?),/, 'a resource quota is used up'],
  [/violates PodSecurity/, 'the namespace does not allow such pods (Pod Security)'],
  [
    /(minimum|maximum) (cpu|memory|ephemeral-storage) usage per (Container|Pod)/,
    'a limit range of the namespace forbids its resources',
  ],
  [/admission webhook "([^"]+)" denied/, 'an admission webhook denied it'],
  [/failed calling webhook "([^"]+)"/, 'an admission webhook could not be reached'],
  [/serviceaccount "?([^"\s]+)"? not found/i, 'its service account does not exist'],
];

/** Workloads whose controller is refused when it makes pods. */
export function analyzeRefusedPods({ view }: AnalyzerContext): Finding[] {
  return view.workloads().flatMap((workload) => {
    const wanted = desiredReplicas(workload) ?? Number(workload.status?.desiredNumberScheduled ?? 1);
    if (workload.kind === 'Pod' || view.podsOf(workload).filter(isLiving).length >= wanted) return [];
    const makers = [workload, ...view.ownedBy(workload, 'ReplicaSet'), ...view.ownedBy(workload, 'Job')];
    const refused = makers
      .flatMap((maker) =>
        view
          .eventsOf(maker)
          .filter((event) => event.reason === 'FailedCreate')
          .map((event) => ({ maker, event })),
      )
      .sort((a, b) => b.event.at - a.event.at)[0];
    return refused ? [findingFor(view, workload, refused.maker, refused.event)] : [];
  });
}

function findingFor(view: ClusterView, workload: KubeObject, maker: KubeObject, event: ClusterEvent): Finding {
  const cause = CAUSES.find(([pattern]) => pattern.test(event.message));
  const { fixes, reasons } = rollbackFixes(view, workload);
  return makeFinding({
    rule: POD_CREATION_REFUSED,
    severity: 'critical',
    object: workload,
    what: 'create',
    message: `${workload.kind} ${workload.metadata.name} cannot make its pods: ${cause?.[1] ?? 'the server refuses them'}`,
    evidence: [eventEvidence(event, maker), ...quotaEvidence(view, workload, event), ...reasons],
    fixes,
  });
}

function quotaEvidence(view: ClusterView, workload: KubeObject, event: ClusterEvent): Evidence[] {
  const name = CAUSES[0]![0].exec(event.message)?.[1];
  const quota = name ? view.find('ResourceQuota', workload.metadata.namespace, name) : undefined;
  if (!quota) return [];
  const hard = (quota.status?.hard ?? quota.spec?.hard ?? {}) as Record<string, string>;
  const used = (quota.status?.used ?? {}) as Record<string, string>;
  const text = Object.keys(hard)
    .sort()
    .map((resource) => `${resource} ${used[resource] ?? '?'} of ${hard[resource]}`)
    .join(', ');
  return [evidence('sibling', quota, 'status.used', `quota ${quota.metadata.name}: ${text}`)];
}

export const podCreationRefusedRule: Analyzer = {
  rule: POD_CREATION_REFUSED,
  layer: 'configuration',
  kinds: [
    ...PODS,
    ...REVISIONS,
    'ResourceQuota',
    'LimitRange',
    'ServiceAccount',
    'Event',
    'Node',
    'ConfigMap',
    'Secret',
  ],
  explains: 'Workloads with fewer pods than they ask for because the API server refuses them (quota, admission).',
  unfixed: 'who refuses the pods is right by its own rules; which side should give way is a decision',
  analyze: analyzeRefusedPods,
};
