const UNITS: Readonly<Record<string, number>> = {
  '': 1, n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
}; // prettier-ignore

/** The number that a Kubernetes quantity (`500m`, `64Mi`, `1e3`, `2`) stands for; NaN for other text. */
export function quantity(value: unknown): number {
  const [, number = '', unit = ''] =
    /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)\s*$/.exec(String(value)) ?? [];
  return Number(number || NaN) * (UNITS[unit] ?? NaN);
}

/** The same as people write it: thousandths of a CPU, bytes in the largest binary unit that is exact, plain counts. */
export function spelledQuantity(value: number, resource: string): string {
  if (/cpu$/.test(resource)) {
    const thousandths = Math.round(value * 1000);
    return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
  }
  const whole = Math.round(value);
  const bytes = /(memory|storage|hugepages-\w+)$/.test(resource);
  const unit = bytes && ['Ti', 'Gi', 'Mi', 'Ki'].find((one) => whole > 0 && whole % UNITS[one]! === 0);
  return unit ? `${whole / UNITS[unit]!}${unit}` : String(whole);
}
