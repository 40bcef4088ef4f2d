import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { evidence } from '../engine/analyzer.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { formerSizes } from './former-size.ts';
import type { SizeClue } from './former-size.ts';
import { lastApplied, podTemplateOf } from '../../../kube/pod-template.ts';
import { referencesTo } from '../../../kube/references-to-service.ts';
import { desiredReplicas, isReady } from '../../../kube/pods.ts';
import { autoscalersOf, idleByDesign } from '../../../kube/scalers.ts';

/** Workloads whose size is theirs to say. */
export const SCALABLE: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet']);

/** True if a workload runs, or is at 0 and should run, so that faults in its template matter. */
export function isWanted(view: ClusterView, workload: KubeObject): boolean {
  if (desiredReplicas(workload) !== 0) return true;
  return SCALABLE.has(workload.kind) && needFor(view, workload).level !== 'none';
}

export interface Need {
  /** `serving`: someone asks it; `ran`: it ran until recently; `none`: leave it. */
  level: 'serving' | 'ran' | 'none';
  reason: string;
  evidence: Evidence[];
  sizes: SizeClue[];
}

export function needFor(view: ClusterView, workload: KubeObject): Need {
  const sizes = formerSizes(view, workload);
  const scaler = idleByDesign(workload, view.snapshot);
  if (scaler) return { level: 'none', reason: scaler, evidence: [], sizes };
  const labels = podTemplateOf(workload)?.labels ?? {};
  // Without the pods nobody can tell whether a Service still has others behind it.
  const services = view.known('Pod') ? view.servicesSelecting(workload.metadata.namespace, labels) : [];
  const empty = services.filter((service) => !view.podsBehind(service).some(isReady));
  if (empty.length > 0) {
    const facts = empty.flatMap((service) => [
      evidence(
        'sibling',
        service,
        'spec.selector',
        `Service ${service.metadata.name} selects its pods and has no ready pod`,
      ),
      ...referencesTo(view, service)
        .slice(0, 2)
        .map(({ from, object, field }) =>
          evidence(
            'sibling',
            object,
            field,
            `${from.kind} ${from.metadata.name} uses Service ${service.metadata.name}`,
          ),
        ),
    ]);
    return { level: 'serving', reason: '', evidence: facts, sizes };
  }
  if (services.length > 0) {
    const names = services.map((service) => service.metadata.name).join(', ');
    return { level: 'none', reason: `other pods serve ${names}`, evidence: [], sizes };
  }
  const byName = referredByName(view, workload);
  if (byName.length > 0) return { level: 'serving', reason: '', evidence: byName, sizes };
  if (lastApplied(workload)?.spec?.replicas === 0) {
    return { level: 'none', reason: 'the configuration last applied asks for 0', evidence: [], sizes };
  }
  // Events live for an hour, so they also say that it was recently.
  const ran = sizes.some((clue) => clue.ran && clue.evidence.source === 'event');
  if (ran || autoscalersOf(workload, view.snapshot).length > 0) {
    return { level: 'ran', reason: '', evidence: [], sizes };
  }
  return { level: 'none', reason: '', evidence: [], sizes };
}

/** A Service without selector match may still carry the workload's name in other workloads' settings. */
function referredByName(view: ClusterView, workload: KubeObject): Evidence[] {
  const service = view.find('Service', workload.metadata.namespace, workload.metadata.name);
  if (!service || !view.known('Pod') || view.podsBehind(service).some(isReady)) return [];
  return referencesTo(view, service)
    .slice(0, 3)
    .map(({ from, object, field }) =>
      evidence('sibling', object, field, `${from.kind} ${from.metadata.name} uses Service ${service.metadata.name}`),
    );
}
