/** Lines around a change that are shown with it. */
const CONTEXT = 2;

/**
 * The difference of two texts in the unified format. Corrections change words inside lines, so that lines stay in step:
 * only where they do not is a longer stretch shown as one change.
 */
export function lineDifference(path: string, before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const out = [`--- ${path}`, `+++ ${path}`];
  let [a, b] = [0, 0];
  while (a < old.length || b < now.length) {
    if (old[a] === now[b]) {
      a++;
      b++;
      continue;
    }
    const [endA, endB] = nextCommon(old, now, a, b);
    const from = Math.max(0, a - CONTEXT);
    const lead = old.slice(from, a);
    const trail = old.slice(endA, endA + CONTEXT);
    const lengths = [lead.length + endA - a + trail.length, lead.length + endB - b + trail.length];
    out.push(`@@ -${from + 1},${lengths[0]} +${b - lead.length + 1},${lengths[1]} @@`);
    out.push(...lead.map((line) => ` ${line}`), ...old.slice(a, endA).map((line) => `-${line}`));
    out.push(...now.slice(b, endB).map((line) => `+${line}`), ...trail.map((line) => ` ${line}`));
    [a, b] = [endA, endB];
  }
  return `${out.join('\n')}\n`;
}

/** Where both go on alike, looked for nearby. */
function nextCommon(old: readonly string[], now: readonly string[], a: number, b: number): [number, number] {
  for (let distance = 1; distance < 200; distance++) {
    for (let left = 0; left <= distance; left++) {
      const right = distance - left;
      if (old[a + left] !== undefined && old[a + left] === now[b + right]) return [a + left, b + right];
    }
  }
  return [old.length, now.length];
}
