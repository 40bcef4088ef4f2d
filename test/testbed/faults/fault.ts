import type { Kubectl, KubeObject } from '../app/kubectl.ts';
import type { TelemetryKind } from '../instance-record.ts';

/** What an injection works on. */
export interface FaultContext {
  kubectl: Kubectl;
  namespace: string;
  /** Name of the Service, Deployment or store that is broken. */
  target: string;
  /** The same draws for the same seed; without a seed the first of the values. */
  pick<T>(values: readonly T[]): T;
}

export interface Fault {
  name: string;
  summary: string;
  /**
   * `real` when containers must really run for the fault to show; `metrics` or `all` when only telemetry of that kind shows
   * it: every pod stays Ready.
   */
  needs: 'real' | 'any' | TelemetryKind;
  /** Parts of the shop that this fault can break so that a guest notices, the default first. */
  targets: readonly string[];
  /** Objects that the injection changes, as `kind/name`; their state before is what healing restores. */
  touches(target: string): string[];
  /** The edits an operator would have made. */
  inject(context: FaultContext): Promise<void>;
  /** Returns when the cluster shows the fault; bounded. */
  untilVisible(context: FaultContext): Promise<void>;
  /** Of a fault that only telemetry shows: PromQL that gives something for as long as it does. */
  shows?(context: Pick<FaultContext, 'namespace' | 'target'>): string;
  /** What healing does besides, for what is in no object. */
  heal?(context: FaultContext): Promise<void>;
}

/** Time within which a fault shows: pods have to be stopped and new ones tried. */
export const VISIBLE_TIMEOUT_MS = 60_000;

export function deploymentPath(namespace: string, name: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
}

export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

/** Pods that a Deployment's selector matches. */
export async function selectorOf({ kubectl, namespace, target }: FaultContext): Promise<(pod: KubeObject) => boolean> {
  const { spec } = await kubectl.get(deploymentPath(namespace, target));
  const wanted = Object.entries(spec.selector.matchLabels as Record<string, string>);
  return ({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value);
}

/** Waits until a pod of the target shows what the predicate looks for. */
export async function untilPod(
  context: FaultContext,
  what: string,
  shows: (pod: KubeObject) => boolean,
): Promise<void> {
  const ours = await selectorOf(context);
  await context.kubectl.until(podsPath(context.namespace), VISIBLE_TIMEOUT_MS, (pods) =>
    pods.some((pod) => ours(pod) && shows(pod)) ? '' : `no pod of ${context.target} ${what}`,
  );
}

/** Waits until the target has no pods. */
export async function untilNoPods(context: FaultContext): Promise<void> {
  const ours = await selectorOf(context);
  await context.kubectl.until(podsPath(context.namespace), VISIBLE_TIMEOUT_MS, (pods) => {
    const left = pods.filter(ours).length;
    return left === 0 ? '' : `${left} pods of ${context.target} are left`;
  });
}

/** Reason why a container of the pod is waiting, "" when none is. */
export function waitingReason(pod: KubeObject): string {
  const statuses = (pod.status?.containerStatuses ?? []) as { state?: { waiting?: { reason?: string } } }[];
  return statuses.map(({ state }) => state?.waiting?.reason ?? '').find((reason) => reason !== '') ?? '';
}

/** Whether the scheduler found no node for the pod. */
export function isUnschedulable(pod: KubeObject): boolean {
  const conditions = (pod.status?.conditions ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status }) => type === 'PodScheduled' && status === 'False');
}
