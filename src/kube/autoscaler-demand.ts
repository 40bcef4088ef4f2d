import type { KubeObject } from '../domain/kube-object.ts';
import type { Untyped } from './pod-template.ts';
import { condition } from './pods.ts';
import { quantity } from './quantity.ts';
import { listOf } from './untyped-list.ts';

/** What a metric of an autoscaler asks for. */
export interface AutoscalerDemand {
  /** Replicas at which the metric would be at its target. */
  replicas: number;
  /** `cpu is at 60m a pod, 30m are aimed at`. */
  text: string;
}

/** The controller does nothing within a tenth of the target (kubernetes.io, "Horizontal Pod Autoscaling"). */
const TOLERANCE = 0.1;

/** Its own condition says that the upper bound keeps it from what it computes. */
export function isCapped(scaler: KubeObject): boolean {
  const limited = condition(scaler, 'ScalingLimited');
  return limited?.status === 'True' && limited.reason === 'TooManyReplicas';
}

/**
 * The most that the current metrics of an autoscaler ask for, by its own formula: present replicas times value over target.
 * Null where it tells no current value, or none is above its target.
 */
export function demandOf({ spec, status }: KubeObject): AutoscalerDemand | null {
  const present = Number(status?.currentReplicas ?? 0);
  const current = listOf(status?.currentMetrics);
  const found = listOf(spec?.metrics).flatMap((metric): AutoscalerDemand[] => {
    const now = current.find((each) => keyOf(each) === keyOf(metric));
    const [ratio, text] = now ? overTarget(metric, now, present) : [];
    if (ratio === undefined || text === undefined || !Number.isFinite(ratio) || ratio <= 1 + TOLERANCE) return [];
    return [{ replicas: Math.ceil(present * ratio - 1e-9), text }];
  });
  return found.reduce<AutoscalerDemand | null>(
    (most, each) => (!most || each.replicas > most.replicas ? each : most),
    null,
  );
}

const SOURCES = ['resource', 'containerResource', 'pods', 'object', 'external'] as const;

/** A metric as it is wanted, or as it is now: the part that its type names. */
function partOf(metric: Untyped): Untyped {
  const source = SOURCES.find((each) => each.toLowerCase() === String(metric?.type).toLowerCase());
  return source && metric?.[source];
}

function keyOf(metric: Untyped): string {
  const part = partOf(metric);
  const name: unknown = part?.name ?? part?.metric?.name;
  return [metric?.type, name, part?.container, part?.describedObject?.kind, part?.describedObject?.name].join('|');
}

/** How many times the target the present value is, and both in words. */
function overTarget(wanted: Untyped, now: Untyped, present: number): [ratio: number, text: string] | [] {
  const { target, name, metric } = partOf(wanted) ?? {};
  const { current } = partOf(now) ?? {};
  const what = String(name ?? metric?.name ?? 'a metric');
  if (typeof target?.averageUtilization === 'number' && typeof current?.averageUtilization === 'number') {
    const { averageUtilization: value } = current;
    const text = `${what} is at ${value} % of what is requested, ${target.averageUtilization} % are aimed at`;
    return [value / target.averageUtilization, text];
  }
  const [aim, value] = [quantity(target?.averageValue), quantity(current?.averageValue)];
  if (aim !== null && value !== null && aim > 0)
    return [value / aim, `${what} is at ${current.averageValue} a pod, ${target.averageValue} are aimed at`];
  const [whole, is] = [quantity(target?.value), quantity(current?.value)];
  if (whole !== null && is !== null && whole > 0)
    return [is / whole, `${what} is at ${current.value}, ${target.value} are aimed at`];
  const all = quantity(current?.value);
  if (aim !== null && all !== null && aim > 0 && present > 0)
    return [all / present / aim, `${what} is at ${current.value} in all, ${target.averageValue} a pod are aimed at`];
  return [];
}
