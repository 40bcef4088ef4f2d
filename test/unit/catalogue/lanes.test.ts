import { describe, expect, it } from 'vitest';
import { ENTRIES } from '../../catalogue/catalogue.ts';
import { inLanes } from '../../catalogue/run/lanes.ts';

const inNamespace = ENTRIES.filter(({ scope }) => scope === 'namespace').slice(0, 5);
const inCluster = ENTRIES.filter(({ scope }) => scope === 'cluster').slice(0, 2);

async function watched(sideBySide: number) {
  const seen: { name: string; seed: number; alone: boolean; beside: number }[] = [];
  let running = 0;
  await inLanes([...inCluster, ...inNamespace], [1, 2], sideBySide, async ({ entry, seed }, alone) => {
    running += 1;
    seen.push({ name: entry.name, seed, alone, beside: running - 1 });
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  return seen;
}

describe('trials in lanes', () => {
  it('holds each once, and as many at once as there are lanes', async () => {
    const seen = await watched(3);
    expect(new Set(seen.map(({ name, seed }) => `${name} ${seed}`)).size).toBe(14);
    expect(Math.max(...seen.map(({ beside }) => beside))).toBe(2);
  });

  it('leaves what touches the whole cluster alone, and says which were in company', async () => {
    const seen = await watched(3);
    const shared = new Set(inCluster.map(({ name }) => name));
    for (const { name, alone, beside } of seen) {
      expect(alone).toBe(shared.has(name));
      if (alone) expect(beside).toBe(0);
    }
  });

  it('is alone in one lane', async () => {
    expect((await watched(1)).every(({ alone, beside }) => alone && beside === 0)).toBe(true);
  });
});
