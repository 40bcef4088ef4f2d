import { stableJson } from '../../../../json/stable-json.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { missingReferences } from '../../../../kube/config-references.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { REFUSAL_TEXTS } from '../../../../kube/refusal-texts.ts';
import { refusalOf } from '../../../../kube/refusals.ts';

/** True if pods of a template could not be made, placed or started because something that it names is not there. */
export function lacksSomething(view: ClusterView, namespace: string | undefined, podSpec: Untyped): boolean {
  if (missingReferences(view, namespace, podSpec).length > 0) return true;
  const isMissing = (kind: string, name: unknown, home: string | undefined): boolean =>
    typeof name === 'string' && name !== '' && view.known(kind) && !view.find(kind, home, name);
  if (isMissing('PriorityClass', podSpec?.priorityClassName, undefined)) return true;
  if (!view.inScope(namespace)) return false;
  const volumes: Untyped[] = Array.isArray(podSpec?.volumes) ? podSpec.volumes : [];
  return (
    isMissing('ServiceAccount', podSpec?.serviceAccountName, namespace) ||
    volumes.some((volume) => isMissing('PersistentVolumeClaim', volume?.persistentVolumeClaim?.claimName, namespace))
  );
}

/**
 * True if the server, which refuses the pods of now, would refuse those of another template of the workload for the same
 * reason. False where it cannot be told what the refusal is about.
 */
export function wouldBeRefused(view: ClusterView, workload: KubeObject, other: Untyped): boolean {
  const refusal = refusalOf(view, workload);
  const part = refusal && PARTS.find(([pattern]) => pattern.test(refusal.message))?.[1];
  if (!part) return false;
  return stableJson(part(podTemplateOf(workload)?.spec)) === stableJson(part(other));
}

const always = () => null;

/** What a refusal is about, and the part of a pod spec that decides whether it is met again. */
const PARTS: [RegExp, (podSpec: Untyped) => unknown][] = [
  // Any pod is one too many, and a webhook that does not answer lets none pass.
  [/exceeded quota: .*requested: (?:count\/)?pods=\d+, /, always],
  [REFUSAL_TEXTS.webhookUnreachable, always],
  [REFUSAL_TEXTS.quotaExceeded, resourcesOf],
  [REFUSAL_TEXTS.quotaDemands, resourcesOf],
  [REFUSAL_TEXTS.range, resourcesOf],
  [REFUSAL_TEXTS.podSecurity, securityOf],
  [REFUSAL_TEXTS.serviceAccount, (podSpec) => podSpec?.serviceAccountName ?? null],
  [REFUSAL_TEXTS.priorityClass, (podSpec) => podSpec?.priorityClassName ?? null],
  [REFUSAL_TEXTS.runtimeClass, (podSpec) => podSpec?.runtimeClassName ?? null],
];

function resourcesOf(podSpec: Untyped): unknown {
  return containersOf(podSpec).map(({ name, spec }) => [name, spec?.resources ?? null]);
}

function securityOf(podSpec: Untyped): unknown {
  const volumes: Untyped[] = Array.isArray(podSpec?.volumes) ? podSpec.volumes : [];
  return [
    podSpec?.securityContext ?? null,
    ['hostNetwork', 'hostPID', 'hostIPC'].map((field) => podSpec?.[field] === true),
    volumes.map((volume) => volume?.hostPath ?? null),
    containersOf(podSpec).map(({ name, spec }) => [name, spec?.securityContext ?? null, hostPortsOf(spec)]),
  ];
}

function hostPortsOf(container: Untyped): unknown[] {
  const ports: Untyped[] = Array.isArray(container?.ports) ? container.ports : [];
  return ports.map((port) => port?.hostPort ?? null);
}
