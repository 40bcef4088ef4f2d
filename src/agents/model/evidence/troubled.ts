import type { BrainDiagnosis } from '../../../domain/brain.ts';
import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../domain/kube-object.ts';
import type { Severity } from '../../../domain/severity.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import { podStates } from '../../../kube/pod-state.ts';
import { referencesTo } from '../../../kube/references-to-service.ts';
import { refusalOf } from '../../../kube/refusals.ts';
import { consumersOfClaim, workloadsTouchedBy } from '../../../kube/subjects.ts';

/** What an incident is about, most telling first. */
export interface Troubled {
  /** Of which oracles, alerts, checks or playbooks speak, as far as the snapshot has them. */
  named: KubeObject[];
  /** Workloads whose pods serve, or should serve, what is named. */
  workloads: KubeObject[];
  /** One pod for each way in which pods of these workloads are not well. */
  pods: KubeObject[];
  /** What is next to them: Services, claims, settings, limits, nodes. */
  neighbours: KubeObject[];
  /** Workloads that call them. */
  callers: KubeObject[];
}

const PODS = 2;
/** Kinds of which each object may bear on every pod of its namespace. */
const RULES = ['NetworkPolicy', 'ResourceQuota', 'LimitRange'];
const WEBHOOKS = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'];

export function troubledBy(view: ClusterView, severity: Severity, playbook: BrainDiagnosis | null): Troubled {
  const items = severity.known ? severity.items : [];
  const refs = [
    ...items.flatMap(({ object, asks, subjects = [] }) => [
      ...(object ? [object] : []),
      ...(asks ? [asks] : []),
      ...subjects,
    ]),
    ...(playbook?.findings ?? []).flatMap(({ object, evidence }) => [
      object,
      ...evidence.flatMap((each) => each.object ?? []),
    ]),
  ];
  const named = unique(refs.flatMap((ref) => found(view, ref)).filter(({ kind }) => kind !== 'Pod'));
  const workloads = unique(
    [...refs.flatMap((ref) => [...found(view, ref), ...workloadsTouchedBy(view, ref)])]
      .map((object) =>
        object.kind === 'Pod' || object.kind === 'ReplicaSet' || object.kind === 'Job'
          ? view.workloadOf(object)
          : object,
      )
      .filter((object) => podTemplateOf(object) !== null),
  );
  const pods = workloads.flatMap((workload) => worstPods(view, workload));
  return {
    named,
    workloads,
    pods,
    neighbours: neighboursOf(view, [...workloads, ...named], pods).filter(
      (object) => ![...named, ...workloads].includes(object),
    ),
    callers: callersOf(view, named, workloads),
  };
}

function found(view: ClusterView, { kind, namespace, name }: ObjectRef): KubeObject[] {
  const object = view.find(kind, namespace, name);
  return object ? [object] : [];
}

function worstPods(view: ClusterView, workload: KubeObject): KubeObject[] {
  const bad = podStates(view.podsOf(workload), view.now).filter(
    ({ state }) => state.phase !== 'healthy' && state.phase !== 'finished' && state.phase !== 'terminating',
  );
  return [...new Map(bad.map(({ pod, state }) => [state.reason, pod])).values()].slice(0, PODS);
}

function neighboursOf(view: ClusterView, objects: readonly KubeObject[], pods: readonly KubeObject[]): KubeObject[] {
  const list: (KubeObject | undefined)[] = [];
  for (const object of objects) {
    const { namespace } = object.metadata;
    const template = podTemplateOf(object);
    if (template) {
      list.push(...view.servicesSelecting(namespace, template.labels));
      for (const volume of Array.isArray(template.spec?.volumes) ? template.spec.volumes : [])
        list.push(view.find('PersistentVolumeClaim', namespace, String(volume?.persistentVolumeClaim?.claimName)));
      list.push(
        ...view
          .all('HorizontalPodAutoscaler', namespace)
          .filter(({ spec }) => spec?.scaleTargetRef?.name === object.metadata.name),
      );
      if (refusalOf(view, object)) list.push(...WEBHOOKS.flatMap((kind) => view.all(kind)));
    }
    if (object.kind === 'PersistentVolumeClaim')
      list.push(
        view.find('PersistentVolume', undefined, String(object.spec?.volumeName)),
        view.find('StorageClass', undefined, String(object.spec?.storageClassName)),
        ...consumersOfClaim(view, namespace, object.metadata.name),
      );
    if (object.kind === 'Service') list.push(...view.workloadsBehind(object));
    list.push(...RULES.flatMap((kind) => view.all(kind, namespace)));
  }
  const waiting = pods.some(({ spec }) => !spec?.nodeName);
  list.push(
    ...(waiting ? view.all('Node') : pods.map(({ spec }) => view.find('Node', undefined, String(spec?.nodeName)))),
  );
  return unique(list.filter((object) => object !== undefined));
}

function callersOf(view: ClusterView, named: readonly KubeObject[], workloads: readonly KubeObject[]): KubeObject[] {
  const services = [
    ...named.filter(({ kind }) => kind === 'Service'),
    ...workloads.flatMap((one) => view.servicesSelecting(one.metadata.namespace, podTemplateOf(one)?.labels)),
  ];
  const callers = services.flatMap((service) => referencesTo(view, service).map(({ from }) => from));
  return unique(callers).filter((caller) => !workloads.includes(caller));
}

function unique(objects: readonly KubeObject[]): KubeObject[] {
  return [...new Map(objects.map((object) => [refKey(refOf(object)), object])).values()];
}
