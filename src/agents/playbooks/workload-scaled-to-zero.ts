import type { Evidence, Finding, Fix } from '../../domain/finding.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import { evidence, makeFinding } from './analyzer.ts';
import type { AnalyzerContext } from './analyzer.ts';
import type { ClusterView } from './cluster-view.ts';
import { desiredReplicas, isReady } from './cluster-view.ts';
import { autoscalersOf, formerSizes } from './former-size.ts';
import type { SizeClue } from './former-size.ts';
import { scaleTo } from './kubectl-commands.ts';
import { lastApplied, podTemplateOf } from './pod-template.ts';
import { referencesTo } from './references-to-service.ts';

export const SCALED_TO_ZERO = 'workload-scaled-to-zero';

const SCALABLE = new Set(['Deployment', 'StatefulSet']);

/** Deployments and StatefulSets at 0 replicas that something needs or that ran until recently. */
export function analyzeScaledToZero({ view }: AnalyzerContext): Finding[] {
  return atZero(view).map((workload) => {
    const { name } = workload.metadata;
    const need = needFor(view, workload);
    const kind = workload.kind;
    if (need.level === 'none') {
      return makeFinding({
        rule: SCALED_TO_ZERO,
        severity: 'info',
        object: workload,
        what: 'replicas',
        message: `${kind} ${name} is scaled to 0${need.reason ? `: ${need.reason}` : '; nothing in scope needs it'}`,
        evidence: [evidence('spec', workload, 'spec.replicas', 'spec.replicas is 0'), ...need.evidence],
      });
    }
    const sizes = need.sizes.filter((clue) => clue.replicas > 0);
    return makeFinding({
      rule: SCALED_TO_ZERO,
      severity: need.level === 'serving' ? 'critical' : 'warning',
      object: workload,
      what: 'replicas',
      message:
        need.level === 'serving'
          ? `${kind} ${name} is scaled to 0 although it is needed`
          : `${kind} ${name} is scaled to 0 although it ran recently or has an autoscaler`,
      evidence: [
        evidence('spec', workload, 'spec.replicas', 'spec.replicas is 0'),
        ...need.evidence,
        ...sizes.map((clue) => clue.evidence),
      ],
      fixes: fixes(workload, sizes, need.level === 'serving' ? 1 : 0.7),
    });
  });
}

/** True if a workload runs, or is at 0 and should run, so that faults in its template matter. */
export function isWanted(view: ClusterView, workload: KubeObject): boolean {
  if (desiredReplicas(workload) !== 0) return true;
  return SCALABLE.has(workload.kind) && needFor(view, workload).level !== 'none';
}

function atZero(view: ClusterView): KubeObject[] {
  return [...SCALABLE]
    .flatMap((kind) => view.all(kind))
    .filter((workload) => desiredReplicas(workload) === 0 && !workload.metadata.deletionTimestamp);
}

interface Need {
  /** `serving`: someone asks it; `ran`: it ran until recently; `none`: leave it. */
  level: 'serving' | 'ran' | 'none';
  reason: string;
  evidence: Evidence[];
  sizes: SizeClue[];
}

function needFor(view: ClusterView, workload: KubeObject): Need {
  const sizes = formerSizes(view, workload);
  const scaler = scaledByOther(view, workload);
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
  if (ran || autoscalersOf(view, workload).length > 0) {
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

/** Scalers for which 0 is a normal size. */
function scaledByOther(view: ClusterView, workload: KubeObject): string | null {
  const { labels, annotations, name, namespace } = workload.metadata;
  if (labels?.['serving.knative.dev/service']) return 'Knative scales it to 0 when nobody asks';
  for (const scaled of view.all('ScaledObject.keda.sh', namespace)) {
    const target = scaled.spec?.scaleTargetRef;
    const sameKind = (target?.kind ?? 'Deployment') === workload.kind;
    if (target?.name === name && sameKind && Number(scaled.spec?.minReplicaCount ?? 0) === 0) {
      return `KEDA object ${scaled.metadata.name} may scale it to 0`;
    }
  }
  for (const object of autoscalersOf(view, workload)) {
    if (object.metadata.labels?.['scaledobject.keda.sh/name']) return 'KEDA scales it';
    if (object.spec?.minReplicas === 0) return `its autoscaler ${object.metadata.name} may scale it to 0`;
  }
  if (annotations?.['idling.alpha.openshift.io/idled-at']) return 'it was idled until somebody asks';
  return null;
}

function fixes(workload: KubeObject, sizes: SizeClue[], weight: number): Fix[] {
  const best = new Map<number, number>();
  for (const { replicas, confidence } of [...sizes, { replicas: 1, confidence: sizes.length > 0 ? 0.3 : 0.5 }]) {
    best.set(replicas, Math.max(best.get(replicas) ?? 0, confidence * weight));
  }
  return [...best].map(([replicas, confidence]) => ({
    commands: [scaleTo(workload, replicas)],
    expects: `${workload.kind} ${workload.metadata.name} runs ${replicas} ready ${replicas === 1 ? 'pod' : 'pods'}`,
    confidence,
  }));
}
