import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { keysOf } from '../../../kube/config-references.ts';
import { readyEndpoints } from '../../../kube/endpoints.ts';
import { isIll } from '../../../kube/node-fit.ts';
import { containersOf, podTemplateOf } from '../../../kube/pod-template.ts';
import { podState, restartsOf } from '../../../kube/pod-state.ts';
import { desiredReplicas, isReady } from '../../../kube/pods.ts';
import { servicePorts } from '../../../kube/service-backends.ts';
import { counted } from '../../../text/plain-text.ts';
import { agoText } from '../evidence/facts.ts';

/** How an object is, in a few words: what `kubectl get` prints in its row. */
export function objectState(view: ClusterView, object: KubeObject): string {
  const made = Date.parse(object.metadata.creationTimestamp ?? '');
  const age = Number.isNaN(made) ? [] : [`${agoText(view.now - made)} old`];
  const dying = object.metadata.deletionTimestamp ? ['is being deleted'] : [];
  return [...stateWords(view, object), ...dying, ...age].join(', ');
}

function stateWords(view: ClusterView, object: KubeObject): string[] {
  const { spec, status } = object;
  switch (object.kind) {
    case 'Pod': {
      const restarts = restartsOf(object);
      const node = spec?.nodeName ? `on ${String(spec.nodeName)}` : 'on no node';
      return [podState(object, view.now).text, ...(restarts > 0 ? [counted(restarts, 'restart')] : []), node];
    }
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
      return [`${Number(status?.readyReplicas ?? 0)} of ${desiredReplicas(object)} ready`, ...imagesOf(object)];
    case 'DaemonSet':
      return [
        `${Number(status?.numberReady ?? 0)} of ${Number(status?.desiredNumberScheduled ?? 0)} ready`,
        ...imagesOf(object),
      ];
    case 'Job':
      return [
        `${Number(status?.succeeded ?? 0)} succeeded, ${Number(status?.failed ?? 0)} failed, ${Number(status?.active ?? 0)} active`,
      ];
    case 'CronJob':
      return [`schedule ${String(spec?.schedule)}`, ...(spec?.suspend === true ? ['suspended'] : [])];
    case 'Service':
      return [
        String(spec?.type ?? 'ClusterIP'),
        servicePorts(object)
          .map(({ number, target }) => `${number}→${target}`)
          .join(' ') || 'no ports',
        view.known('EndpointSlice')
          ? counted(readyEndpoints(view.slicesOf(object)), 'ready endpoint')
          : 'endpoints unknown',
      ];
    case 'EndpointSlice':
      return [counted(readyEndpoints([object]), 'ready endpoint'), `ports ${portsOf(object)}`];
    case 'PersistentVolumeClaim':
      return [String(status?.phase ?? 'no status'), `class ${String(spec?.storageClassName ?? '(default)')}`];
    case 'PersistentVolume':
      return [String(status?.phase ?? 'no status'), `class ${String(spec?.storageClassName ?? '(none)')}`];
    case 'StorageClass':
      return [`provisioner ${String(object['provisioner'])}`];
    case 'Node':
      return [
        isIll(object) ? 'not well' : 'ready',
        ...(spec?.unschedulable === true ? ['cordoned'] : []),
        ...taintTexts(spec?.taints),
      ];
    case 'HorizontalPodAutoscaler':
      return [
        `${String(spec?.scaleTargetRef?.kind)}/${String(spec?.scaleTargetRef?.name)}`,
        `${Number(status?.currentReplicas ?? 0)} of ${Number(spec?.minReplicas ?? 1)} to ${Number(spec?.maxReplicas)}`,
      ];
    case 'ConfigMap':
    case 'Secret':
      return [`keys ${keysOf(object).join(' ') || 'none'}`];
    default:
      return [];
  }
}

/** Something is not as it should be. */
export function looksUnwell(view: ClusterView, object: KubeObject): boolean {
  const { status } = object;
  switch (object.kind) {
    case 'Pod':
      return !['healthy', 'finished'].includes(podState(object, view.now).phase);
    case 'Deployment':
    case 'StatefulSet':
      return Number(status?.readyReplicas ?? 0) < (desiredReplicas(object) ?? 0) || desiredReplicas(object) === 0;
    case 'DaemonSet':
      return Number(status?.numberReady ?? 0) < Number(status?.desiredNumberScheduled ?? 0);
    case 'Service':
      return (
        Boolean(object.spec?.selector) &&
        (readyEndpoints(view.slicesOf(object)) === 0 || view.podsBehind(object).some((pod) => !isReady(pod)))
      );
    case 'PersistentVolumeClaim':
      return status?.phase !== 'Bound';
    case 'Node':
      return isIll(object) || object.spec?.unschedulable === true;
    case 'Job':
      return Number(status?.failed ?? 0) > 0;
    default:
      return Boolean(object.metadata.deletionTimestamp);
  }
}

function imagesOf(object: KubeObject): string[] {
  return containersOf(podTemplateOf(object)?.spec).map(({ image }) => image);
}

function taintTexts(taints: unknown): string[] {
  const list = Array.isArray(taints) ? taints : [];
  return list.map(
    (taint) => `taint ${String(taint?.key)}${taint?.value ? `=${String(taint.value)}` : ''}:${String(taint?.effect)}`,
  );
}

function portsOf(slice: KubeObject): string {
  const ports: { port?: unknown; name?: unknown }[] = Array.isArray(slice['ports']) ? slice['ports'] : [];
  return ports.map(({ port, name }) => `${String(port)}${name ? `/${String(name)}` : ''}`).join(' ') || 'none';
}
