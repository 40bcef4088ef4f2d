import type { KubeObject, ObjectRef } from '../domain/kube-object.ts';
import { refKey, refOf } from '../domain/kube-object.ts';
import { uses } from './affected.ts';
import type { ClusterView } from './cluster-view.ts';
import { namedHosts, serviceMeant } from './named-hosts.ts';
import { policySelects } from './network-policy.ts';
import { configReferences } from './config-references.ts';
import { isLiving } from './pods.ts';
import { podTemplateOf } from './pod-template.ts';
import type { Untyped } from './pod-template.ts';
import { referencesTo } from './references-to-service.ts';
import { fittingNodes, isIll, placementOf } from './node-fit.ts';
import { refusals, webhookIn } from './refusals.ts';

/** Workloads whose pods use a claim by its name, directly or through a StatefulSet's claim templates. */
export function consumersOfClaim(view: ClusterView, namespace: string | undefined, claim: string): KubeObject[] {
  return view.workloads().filter((workload) => {
    if (workload.metadata.namespace !== namespace) return false;
    return namesClaim(podTemplateOf(workload)?.spec, claim) || claimOrdinal(workload, claim) !== null;
  });
}

/** Whether a pod spec mounts a claim by its name. */
export function namesClaim(podSpec: Untyped, claim: string): boolean {
  const volumes: Untyped[] = Array.isArray(podSpec?.volumes) ? podSpec.volumes : [];
  return volumes.some((volume) => volume?.persistentVolumeClaim?.claimName === claim);
}

/** Which replica of a StatefulSet owns a claim of its templates; null if it is none of its claims. */
export function claimOrdinal(workload: KubeObject, claim: string): { template: Untyped; ordinal: number } | null {
  if (workload.kind !== 'StatefulSet') return null;
  for (const template of (workload.spec?.volumeClaimTemplates ?? []) as Untyped[]) {
    const prefix = `${template?.metadata?.name}-${workload.metadata.name}-`;
    const rest = claim.startsWith(prefix) ? claim.slice(prefix.length) : '';
    if (/^\d+$/.test(rest)) return { template, ordinal: Number(rest) };
  }
  return null;
}

/** The same as identities; the object itself when there are none. */
export function subjectsOf(view: ClusterView, ref: ObjectRef): string[] {
  const found = workloadsTouchedBy(view, ref).map((workload) => refKey(refOf(workload)));
  return found.length > 0 ? [...new Set(found)].sort() : [refKey(ref)];
}

/** Workloads whose health an object bears on. */
export function workloadsTouchedBy(view: ClusterView, ref: ObjectRef): KubeObject[] {
  const object = view.find(ref.kind, ref.namespace, ref.name);
  switch (ref.kind) {
    case 'Service':
      // One that does not exist bears on whoever is told to ask it.
      return object ? view.workloadsBehind(object) : namingService(view, ref);
    case 'Endpoints':
    case 'EndpointSlice': {
      const name = object?.metadata.labels?.['kubernetes.io/service-name'] ?? ref.name;
      const service = view.find('Service', ref.namespace, name);
      return service ? view.workloadsBehind(service) : [];
    }
    case 'PersistentVolumeClaim':
      return consumersOfClaim(view, ref.namespace, ref.name);
    case 'ConfigMap':
    case 'Secret':
      return view.workloads().filter((workload) => {
        if (workload.metadata.namespace !== ref.namespace) return false;
        const uses = configReferences(podTemplateOf(workload)?.spec ?? {});
        return uses.some((use) => use.kind === ref.kind && use.name === ref.name);
      });
    case 'HorizontalPodAutoscaler': {
      const { kind, name } = object?.spec?.scaleTargetRef ?? {};
      const target = kind && name ? view.find(kind, ref.namespace, name) : undefined;
      return target ? [target] : [];
    }
    case 'ServiceAccount':
      return view.workloads().filter((one) => one.metadata.namespace === ref.namespace && uses(one, ref));
    case 'Node': {
      // What waits for a node may wait for this one; what runs on it suffers only if the node itself does.
      const ill = object !== undefined && isIll(object);
      const mayTake = (spec: Untyped) => !object || fittingNodes([object], placementOf(spec)).length > 0;
      const pods = view.all('Pod').filter(isLiving);
      return pods
        .filter(({ spec }) => (spec?.nodeName ? ill && spec.nodeName === ref.name : mayTake(spec)))
        .map((pod) => view.workloadOf(pod));
    }
    case 'MutatingWebhookConfiguration':
    case 'ValidatingWebhookConfiguration': {
      const names = ((object?.['webhooks'] ?? []) as Untyped[]).map((webhook) => webhook?.name as string);
      return refusals(view)
        .filter(({ message }) => names.includes(webhookIn(message) ?? ''))
        .map(({ workload }) => workload);
    }
    case 'NetworkPolicy':
      return view
        .all('Pod', ref.namespace)
        .filter((pod) => isLiving(pod) && policySelects(object?.spec?.podSelector ?? {}, pod.metadata.labels ?? {}))
        .map((pod) => view.workloadOf(pod));
    case 'ReplicaSet':
    case 'Job':
    case 'Pod':
      return object ? [view.workloadOf(object)] : [];
    default:
      return [];
  }
}

function namingService(view: ClusterView, { namespace, name }: ObjectRef): KubeObject[] {
  return namedHosts(view)
    .filter(({ from, host }) => {
      const meant = host.split('.').includes(name) ? serviceMeant(view, host, from.metadata.namespace) : null;
      return meant?.name === name && meant.namespace === namespace;
    })
    .map(({ from }) => from);
}

/** Workloads that call the Services in front of the given ones. */
export function callersOf(view: ClusterView, ref: ObjectRef): string[] {
  const services =
    ref.kind === 'Service'
      ? [view.find('Service', ref.namespace, ref.name)].filter((service) => service !== undefined)
      : workloadsOrSelf(view, ref).flatMap((workload) => {
          const labels = podTemplateOf(workload)?.labels ?? {};
          return view.servicesSelecting(workload.metadata.namespace, labels);
        });
  const callers = services.flatMap((service) => referencesTo(view, service).map(({ from }) => refKey(refOf(from))));
  return [...new Set(callers)].sort();
}

function workloadsOrSelf(view: ClusterView, ref: ObjectRef): KubeObject[] {
  const object = view.find(ref.kind, ref.namespace, ref.name);
  const touched = workloadsTouchedBy(view, ref);
  return touched.length > 0 ? touched : object && podTemplateOf(object) ? [object] : [];
}
