import { describe, expect, it } from 'vitest';
import { objectsOf } from '../../catalogue/application.ts';
import { drawIncident } from '../../catalogue/catalogue.ts';
import { drawWrongPlans } from '../../catalogue/wrong-plans/draw-plan.ts';
import { entryOfSeed } from '../../catalogue/wrong-plans/judge-wrong-plans.ts';
import { worsened, worstOf } from '../../catalogue/wrong-plans/observer.ts';
import { createRandom } from '../../judge/random.ts';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);
const plansOf = (seed: number) => {
  const { application, plan } = drawIncident(entryOfSeed('real', seed), seed);
  const suspects = plan.mayChange.map((key) => key.split('/')[1]!);
  return drawWrongPlans(createRandom(seed, 'test'), objectsOf(application), suspects);
};

describe('wrong plans', () => {
  it('are one to three for a seed, always the same, each with something to do', () => {
    for (const seed of SEEDS) {
      const plans = plansOf(seed);
      expect(plans).toEqual(plansOf(seed));
      expect([1, 2, 3]).toContain(plans.length);
      for (const { lines, manifests } of plans) {
        expect(lines.length).toBeGreaterThan(0);
        for (const line of lines) expect(line).toMatch(/^kubectl [a-z]+ \S/);
        for (const name of Object.keys(manifests)) expect(lines.join('\n')).toContain(name);
      }
    }
  });

  it('are of many kinds', () => {
    const verbs = SEEDS.flatMap(plansOf).flatMap(({ lines }) => lines.map((line) => line.split(' ')[1]));
    expect([...new Set(verbs)].sort()).toEqual(
      expect.arrayContaining(['annotate', 'apply', 'create', 'delete', 'label', 'patch', 'rollout', 'scale', 'set']),
    );
  });

  it('are tried on twins that are alike but for their namespace', () => {
    for (const nodes of ['real', 'simulated'] as const) {
      for (const seed of SEEDS) {
        const entry = entryOfSeed(nodes, seed);
        const [mine, twin] = ['-mine', '-twin'].map((mark) => drawIncident(entry, seed, mark).application);
        expect(twin!.namespace).toBe(mine!.namespace.replace(/mine$/, 'twin'));
        const text = (one: typeof mine) => JSON.stringify(objectsOf(one!)).replaceAll(one!.namespace, 'NAMESPACE');
        expect(text(twin)).toBe(text(mine));
      }
    }
  });
});

describe('what the observer holds for worse', () => {
  const ills = (...all: [string, number][]) => new Map(all);

  it('is what was not there, or is there to a clearly higher degree', () => {
    const start = ills(['a', 0.5], ['b', 1]);
    expect(worsened(start, ills(['a', 0.6], ['b', 1]))).toEqual([]);
    expect(worsened(start, ills(['a', 1], ['c', 0.3]))).toEqual(['a', 'c']);
    expect(worsened(start, ills())).toEqual([]);
  });

  it('is measured against the worst look', () => {
    expect(worstOf([ills(['a', 0.5]), ills(['a', 1], ['b', 0.2]), ills()])).toEqual(ills(['a', 1], ['b', 0.2]));
  });
});
