import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionCandidate, Candidates } from '../../../src/agents/candidates/candidate.ts';
import { BadChoice, conflictOf, planOf } from '../../../src/agents/candidates/plan-of.ts';
import { enumerateCandidates } from '../../../src/agents/candidates/enumerate.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { ObjectRef } from '../../../src/domain/kube-object.ts';
import { kubectlSteps } from '../../../src/domain/plan.ts';
import { BROKEN, recorded } from './recorded.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const web: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const front: ObjectRef = { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'front' };
const pod: ObjectRef = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-0' };
const env = (object: ObjectRef, path: string, value: string): Change => ({
  type: 'json-patch',
  object,
  ops: [
    { op: 'test', path, value: 'old' },
    { op: 'replace', path, value },
  ],
});
const rollback: Change = { type: 'rollout-undo', object: web, revision: 3 };
const stuck: Change = { type: 'delete', object: pod, wait: false };

function offered(...all: Change[][]): Candidates {
  const actions = all.map((changes, index): ActionCandidate => ({
    id: `A${index + 1}`,
    object: web,
    changes,
    files: [],
    text: `do ${index + 1}`,
    origin: 'earlier',
    causes: [`H${index + 1}`],
    score: 0.5,
    expects: `done ${index + 1}`,
  }));
  const causes = actions.map(({ id }) => ({
    id: id.replace('A', 'H'),
    object: web,
    text: '',
    evidence: [],
    score: 0.5,
  }));
  return { causes: causes.map((cause, index) => (index === 0 ? { ...cause, finding: 'rule:web' } : cause)), actions };
}

describe('a plan of what was chosen', () => {
  it('has the commands of one action, with the change each stems from', () => {
    const plan = planOf(offered([env(web, '/spec/x', 'new'), stuck]), ['A1'], hash);
    expect(kubectlSteps(plan).map(({ argv }) => argv.slice(0, 3))).toEqual([
      ['patch', 'deployment', 'web'],
      ['delete', 'pod', 'web-0'],
    ]);
    expect(kubectlSteps(plan).map(({ change }) => change)).toEqual([env(web, '/spec/x', 'new'), stuck]);
    expect(plan).toMatchObject({ title: 'do 1', findingId: 'rule:web', expects: 'done 1' });
    expect(plan.causes).toBeUndefined();
  });

  it('puts several together in their order, each change once, and pods that are made anew last', () => {
    const both = offered([env(web, '/spec/x', 'new'), stuck], [env(front, '/spec/y', 'new'), stuck]);
    const plan = planOf(both, ['A2', 'A1', 'A2'], hash);
    expect(kubectlSteps(plan).map(({ argv }) => argv[2])).toEqual(['front', 'web', 'web-0']);
    expect(plan).toMatchObject({
      title: 'do 2 (and 1 more)',
      findingId: 'H2',
      causes: ['H2', 'rule:web'],
      expects: 'done 2; done 1',
    });
  });

  it('never has a rollback beside another change of the same template', () => {
    const candidates = offered([rollback], [env(web, '/spec/x', 'new')], [env(front, '/spec/y', 'new')]);
    expect(() => planOf(candidates, ['A1', 'A2'], hash)).toThrow(/A1 and A2 exclude each other: a rollback/);
    expect(planOf(candidates, ['A1', 'A3'], hash).steps).toHaveLength(2);
    expect(conflictOf(candidates.actions.slice(1))).toBe('');
  });

  it('never writes one field twice', () => {
    const candidates = offered(
      [env(web, '/spec/x', 'a')],
      [env(web, '/spec/x', 'b')],
      [env(web, '/spec/x/y', 'b')],
      [env(web, '/spec/xy', 'b')],
    );
    expect(() => planOf(candidates, ['A1', 'A2'], hash)).toThrow(BadChoice);
    expect(() => planOf(candidates, ['A1', 'A3'], hash)).toThrow(BadChoice);
    expect(planOf(candidates, ['A1', 'A4'], hash).steps).toHaveLength(2);
  });

  it('is refused for what is not offered', () => {
    expect(() => planOf(offered([rollback]), ['A7'], hash)).toThrow('there is no action "A7"');
    expect(() => planOf(offered([rollback]), [], hash)).toThrow('no action was chosen');
  });

  it('has the same hash for the same choice, and another for another', () => {
    const inputs = BROKEN.slice(0, 8).map((name) => enumerateCandidates(recorded(name)));
    const choice = fc.constantFrom(...inputs).chain((candidates) =>
      fc.record({
        candidates: fc.constant(candidates),
        ids: fc.subarray(
          candidates.actions.map(({ id }) => id),
          { minLength: 1, maxLength: 3 },
        ),
      }),
    );
    fc.assert(
      fc.property(choice, ({ candidates, ids }) => {
        const actions = candidates.actions.filter(({ id }) => ids.includes(id));
        if (conflictOf(actions) !== '') {
          expect(() => planOf(candidates, ids, hash)).toThrow(BadChoice);
          return;
        }
        const plan = planOf(candidates, ids, hash);
        expect(planOf(structuredClone(candidates), ids, hash)).toEqual(plan);
        expect(kubectlSteps(plan).every(({ change }) => change !== undefined)).toBe(true);
        const other = candidates.actions.find(({ id }) => !ids.includes(id));
        if (other) expect(planOf(candidates, [other.id], hash).hash).not.toBe(plan.hash);
      }),
      { numRuns: 200 },
    );
  });
});
