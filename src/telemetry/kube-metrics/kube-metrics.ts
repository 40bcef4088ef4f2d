import { quantity } from '../../text/quantity.ts';

/** What the kubelet measured, by metrics.k8s.io (https://github.com/kubernetes/metrics). */
export interface Usage {
  /** Cores. */
  cpu: number | null;
  /** Bytes of the working set. */
  memory: number | null;
}

export interface NodeUsage extends Usage {
  node: string;
  /** When it was measured, milliseconds since the epoch. */
  at: number;
  /** Time over which CPU was averaged, ms. */
  windowMs: number;
}

export interface ContainerUsage extends Usage {
  namespace: string;
  pod: string;
  container: string;
  at: number;
  windowMs: number;
}

interface Measured {
  metadata?: { name?: unknown; namespace?: unknown };
  timestamp?: unknown;
  window?: unknown;
  usage?: unknown;
  containers?: unknown;
}

/** Values of NodeMetrics objects; what cannot be read is left out. */
export function nodeUsage(objects: readonly unknown[]): NodeUsage[] {
  return objects.flatMap((object) => {
    const { metadata, usage } = (object ?? {}) as Measured;
    const moment = momentOf(object);
    if (typeof metadata?.name !== 'string' || !moment) return [];
    return [{ node: metadata.name, ...moment, ...usageOf(usage) }];
  });
}

/** Values of PodMetrics objects, by container; what cannot be read is left out. */
export function containerUsage(objects: readonly unknown[]): ContainerUsage[] {
  return objects.flatMap((object) => {
    const { metadata, containers } = (object ?? {}) as Measured;
    const moment = momentOf(object);
    const { name: pod, namespace } = metadata ?? {};
    if (typeof pod !== 'string' || typeof namespace !== 'string' || !moment || !Array.isArray(containers)) return [];
    return (containers as ({ name?: unknown; usage?: unknown } | null)[]).flatMap((one) =>
      typeof one?.name === 'string' ? [{ namespace, pod, container: one.name, ...moment, ...usageOf(one.usage) }] : [],
    );
  });
}

function momentOf(object: unknown): { at: number; windowMs: number } | null {
  const { timestamp, window } = (object ?? {}) as Measured;
  const at = Date.parse(String(timestamp));
  return Number.isFinite(at) ? { at, windowMs: goDuration(String(window ?? '')) } : null;
}

function usageOf(usage: unknown): Usage {
  const { cpu, memory } = (usage ?? {}) as { cpu?: unknown; memory?: unknown };
  return { cpu: finite(quantity(cpu)), memory: finite(quantity(memory)) };
}

function finite(value: number): number | null {
  return Number.isFinite(value) && value >= 0 ? value : null;
}

const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/** Go's `time.Duration` as text (`14.5s`, `1m0s`) in ms; 0 for other text. */
function goDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g)];
  return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0));
}
