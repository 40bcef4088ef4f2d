import { createRandom } from '../random.ts';
import type { Row } from './row.ts';

/** A handful of rows, each of another kind of trap; the same for the same seed. None that must run alone or on a real node. */
export function sampleRows(rows: readonly Row[], seed: number, size: number): Row[] {
  const random = createRandom(seed, 'sample');
  const possible = rows.filter(({ needs }) => needs.length === 0);
  const traps = random.shuffle([...new Set(possible.map(({ trap }) => trap))].sort());
  return traps.slice(0, size).map((trap) => random.pick(possible.filter((row) => row.trap === trap)));
}
