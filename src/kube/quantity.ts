const SUFFIXES: Record<string, number> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
}; // prettier-ignore

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

/**
 * A resource quantity in its base unit (cores, bytes, pieces); null for what is none. Exact enough to compare:
 * kubernetes.io "Resource units in Kubernetes".
 */
export function quantity(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  const match = typeof value === 'string' ? QUANTITY.exec(value.trim()) : null;
  if (!match) return null;
  const factor = match[3] === undefined ? SUFFIXES[match[2] ?? '']! : 10 ** Number(match[3]);
  return Number(match[1]) * factor;
}

/** A quantity for people: cores as they are, bytes in the largest binary unit that leaves few digits. */
export function quantityText(resource: string, amount: number): string {
  if (resource === 'cpu') return amount < 1 && amount > 0 ? `${Math.round(amount * 1000)}m` : `${round(amount)}`;
  if (!/memory|storage|hugepages/.test(resource)) return `${round(amount)}`;
  const unit = ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki'].find((each) => amount >= SUFFIXES[each]!);
  return unit ? `${round(amount / SUFFIXES[unit]!)}${unit}` : `${round(amount)}`;
}

function round(amount: number): number {
  return Math.round(amount * 100) / 100;
}
