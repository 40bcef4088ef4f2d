import { quantity as parsed } from '../text/quantity.ts';

/**
 * A resource quantity in its base unit (cores, bytes, pieces); null for what is none. Exact enough to compare:
 * kubernetes.io "Resource units in Kubernetes".
 */
export function quantity(value: unknown): number | null {
  const number = parsed(value);
  return Number.isFinite(number) ? number : null;
}

/** Of memory; below it not even the first process of a container fits. */
const LEAST_MEMORY = 2 ** 19;

/**
 * What an amount of memory comes to that nobody can have meant, in words; null for others. `m` is thousandths of a byte,
 * where `Mi` was meant (kubernetes.io: Memory resource units).
 */
export function mistakenMemory(value: unknown): string | null {
  const bytes = quantity(value);
  if (bytes === null || bytes <= 0 || bytes >= LEAST_MEMORY) return null;
  const thousandths = /m\s*$/.test(String(value)) ? 'm is for thousandths, ' : '';
  return `${thousandths}so it comes to ${Math.round(bytes * 1000) / 1000} bytes`;
}

const BINARY: readonly [unit: string, size: number][] = [
  ['Ei', 2 ** 60], ['Pi', 2 ** 50], ['Ti', 2 ** 40], ['Gi', 2 ** 30], ['Mi', 2 ** 20], ['Ki', 2 ** 10],
]; // prettier-ignore

/** A quantity for people: cores as they are, bytes in the largest binary unit that leaves few digits. */
export function quantityText(resource: string, amount: number): string {
  if (resource === 'cpu') return amount < 1 && amount > 0 ? `${Math.round(amount * 1000)}m` : `${round(amount)}`;
  if (!/memory|storage|hugepages/.test(resource)) return `${round(amount)}`;
  const [unit, size] = BINARY.find(([, least]) => amount >= least) ?? ['', 1];
  return `${round(amount / size)}${unit}`;
}

function round(amount: number): number {
  return Math.round(amount * 100) / 100;
}
