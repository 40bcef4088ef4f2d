import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournaledAction } from '../../../src/gateway/journal/journaled-action.ts';
import { inOrder } from '../../../src/gateway/replay/undo-actions.ts';
import { planInverse } from '../../../src/undo/inverse.ts';
import type { JournaledWrite } from '../../../src/undo/journaled-write.ts';

const write = (seq: number, name: string): JournaledWrite => {
  const object = (x: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'n', uid: name },
    data: { x },
  });
  return {
    ...{ seq, step: 0, method: 'PATCH', subresource: '', outcome: 'done', companions: [] },
    ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name },
    path: `/api/v1/namespaces/n/configmaps/${name}`,
    before: object(String(seq)),
    after: object(String(seq + 1)),
  };
};
const action = (seq: number, outcome: JournaledAction['outcome'] = 'done') => ({ seq, outcome }) as JournaledAction;

/** Names of written objects and numbers of actions, in the order of their undo. */
function order(writes: JournaledWrite[], actions: JournaledAction[]): string[] {
  return inOrder(planInverse(writes), writes, actions).map((step) =>
    'seq' in step ? String(step.seq) : step.ref.name,
  );
}

describe('the undo of a transaction with actions', () => {
  it('goes back through the journal', () => {
    expect(order([write(1, 'a'), write(3, 'b')], [action(2), action(4)])).toEqual(['4', 'b', '2', 'a']);
    expect(order([], [action(1), action(2)])).toEqual(['2', '1']);
    expect(order([write(1, 'a'), write(3, 'a')], [action(2)])).toEqual(['2', 'a']);
    expect(order([write(2, 'a')], [action(1), action(3, 'rejected')])).toEqual(['a', '1']);
  });

  it('holds every step once, each action between what was first touched after and before it', () => {
    const moves = fc.array(fc.constantFrom('a', 'b', 'c', 'd', '!'), { maxLength: 12 });
    fc.assert(
      fc.property(moves, (journal) => {
        const writes = journal.flatMap((name, index) => (name === '!' ? [] : [write(index + 1, name)]));
        const actions = journal.flatMap((name, index) => (name === '!' ? [action(index + 1)] : []));
        const firsts = [...new Set(journal)].filter((name) => name !== '!');
        const at = (step: string) => (/^\d+$/.test(step) ? Number(step) : (journal as string[]).indexOf(step) + 1);
        const wanted = [...firsts, ...actions.map(({ seq }) => String(seq))].sort((one, two) => at(two) - at(one));
        expect(order(writes, actions)).toEqual(wanted);
      }),
    );
  });
});
