import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { formerSizes } from './former-size.ts';
import type { SizeClue } from './former-size.ts';
import { LAST_APPLIED_FIELD, podTemplateOf } from '../../../../kube/pod-template.ts';
import { usersOf } from '../../../../kube/references-to-service.ts';
import { appliedReplicas } from '../../../../kube/scaled-to-zero.ts';
import { desiredReplicas, isReady } from '../../../../kube/pods.ts';
import { autoscalersOf, idleByDesign } from '../../../../kube/scalers.ts';

/** Workloads whose size is theirs to say. */
export const SCALABLE: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet']);

/** True if a workload runs, or is at 0 and should run, so that faults in its template matter. */
export function isWanted(view: ClusterView, workload: KubeObject): boolean {
  if (desiredReplicas(workload) !== 0) return true;
  return SCALABLE.has(workload.kind) && needFor(view, workload).level !== 'none';
}

export interface Need {
  /** `serving`: someone asks it; `ran`: it should run, but nobody is known to ask it; `none`: leave it. */
  level: 'serving' | 'ran' | 'none';
  /** Why it is left, for people, without a full stop; empty where it is not left. */
  reason: string;
  evidence: Evidence[];
  sizes: SizeClue[];
}

export function needFor(view: ClusterView, workload: KubeObject): Need {
  const sizes = formerSizes(view, workload);
  const left = (reason: string): Need => ({ level: 'none', reason, evidence: [], sizes });
  const scaler = idleByDesign(workload, view.snapshot);
  if (scaler) return left(scaler);
  const labels = podTemplateOf(workload)?.labels ?? {};
  // Without the pods nobody can tell whether a Service still has others behind it.
  const services = view.known('Pod') ? view.servicesSelecting(workload.metadata.namespace, labels) : [];
  const empty = services.filter((service) => !view.podsBehind(service).some(isReady));
  if (services.length > 0 && empty.length === 0) {
    return left(`other pods serve ${services.map((service) => service.metadata.name).join(', ')}`);
  }
  const byName = services.length > 0 ? [] : emptyNamesake(view, workload);
  const asked = [...empty, ...byName];
  const users = asked.flatMap((service) => usersOf(view, service).map((user) => ({ ...user, service })));
  const applied = appliedReplicas(workload);
  if (users.length === 0 && applied === 0) return left('the configuration last applied asks for 0, and nobody asks it');
  const facts = [
    ...empty.map((service) => {
      const text = `Service ${service.metadata.name} selects its pods and has no ready pod`;
      return evidence('sibling', service, 'spec.selector', text);
    }),
    ...users.slice(0, 3).map(({ from, object, field, service }) => {
      const text = `${from.kind} ${from.metadata.name} uses Service ${service.metadata.name}`;
      return evidence('sibling', object, field, text);
    }),
  ];
  if (applied === 0) {
    const text = 'the configuration last applied asks for 0, as if it were meant';
    return {
      level: 'ran',
      reason: '',
      evidence: [...facts, evidence('revision', workload, LAST_APPLIED_FIELD, text)],
      sizes,
    };
  }
  if (users.length > 0 || empty.some(isForOutside)) return { level: 'serving', reason: '', evidence: facts, sizes };
  if (empty.length > 0) return { level: 'ran', reason: '', evidence: facts, sizes };
  if (autoscalersOf(workload, view.snapshot).length > 0) return { level: 'ran', reason: '', evidence: [], sizes };
  // Events live for an hour, so they also say that it was recently.
  const event = sizes.find((clue) => clue.ran && clue.evidence.source === 'event');
  if (!event) return left('nothing in scope needs it');
  // Someone who scales down what nobody asks most likely means it, unless that contradicts what was declared.
  if (applied === null) return left('it was scaled down within the hour, and nothing in scope needs it');
  return { level: 'ran', reason: '', evidence: [], sizes };
}

/** Whoever asks it is not in the cluster to be seen. */
function isForOutside({ spec }: KubeObject): boolean {
  return spec?.type === 'LoadBalancer' || spec?.type === 'NodePort';
}

/** A Service whose selector does not fit may still be the workload's by its name. */
function emptyNamesake(view: ClusterView, workload: KubeObject): KubeObject[] {
  const service = view.find('Service', workload.metadata.namespace, workload.metadata.name);
  if (!service || !view.known('Pod') || view.podsBehind(service).some(isReady)) return [];
  return [service];
}
