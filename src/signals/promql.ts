/** A string literal of PromQL: that of Go, of which JSON's is a part. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Label matchers in braces; empty ones are left out. */
export function selector(metric: string, ...matchers: readonly string[]): string {
  const kept = matchers.filter((matcher) => matcher.trim() !== '');
  return kept.length === 0 ? metric : `${metric}{${kept.join(',')}}`;
}

/** Matches one of these values exactly; none given: everything. */
export function oneOf(label: string, values: readonly string[]): string {
  if (values.length === 0) return '';
  if (values.length === 1) return `${label}=${quoted(values[0]!)}`;
  return `${label}=~${quoted(values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'))}`;
}

/** A duration as PromQL writes it: whole seconds, minutes, hours or days. @param ms milliseconds */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  for (const [unit, size] of UNITS) if (seconds % size === 0) return `${seconds / size}${unit}`;
  return `${seconds}s`;
}

const UNITS: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
];

/** Labels that tell the series apart, as `{a="b"}` for a person to look at one of them. */
export function matchersOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels)
    .filter(([name]) => /^[a-zA-Z_]\w*$/.test(name) && name !== '__name__')
    .map(([name, value]) => `${name}=${quoted(value)}`);
}
