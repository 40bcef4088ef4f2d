import { planText } from '../../domain/plan.ts';
import type { Plan } from '../../domain/plan.ts';
import { areCoherent, combinedSteps } from '../playbooks/engine/combined-steps.ts';
import type { ActionCandidate, Candidates } from './candidate.ts';

/** What was chosen makes no plan. */
export class BadChoice extends Error {}

/**
 * The plan that does what was chosen, in that order.
 * @param chosen ids of actions; one named twice counts once
 * @throws BadChoice for an id that there is none of, for no id at all, and for actions that exclude each other
 */
export function planOf(candidates: Candidates, chosen: readonly string[], hash: (text: string) => string): Plan {
  const actions = [...new Set(chosen)].map((id) => {
    const action = candidates.actions.find((each) => each.id === id);
    if (!action) throw new BadChoice(`there is no action ${JSON.stringify(id.slice(0, 40))}`);
    return action;
  });
  const [lead] = actions;
  if (!lead) throw new BadChoice('no action was chosen');
  const conflict = conflictOf(actions);
  if (conflict) throw new BadChoice(conflict);
  const steps = combinedSteps(actions.map(({ changes, text }) => ({ changes, why: text })));
  const files = actions.flatMap((action) => action.files);
  const distinct = files.filter((file, index) => files.findIndex(({ name }) => name === file.name) === index);
  const causes = [...new Set(actions.flatMap((action) => action.causes))];
  const ids = causes.map((id) => candidates.causes.find((cause) => cause.id === id)?.finding ?? id);
  const others = actions.length - 1;
  return {
    hash: hash(planText(steps, distinct)),
    title: others === 0 ? lead.text : `${lead.text} (and ${others} more)`,
    findingId: ids[0] ?? lead.id,
    ...(ids.length > 1 ? { causes: ids } : {}),
    steps,
    files: distinct,
    expects: [...new Set(actions.map(({ expects }) => expects))].join('; '),
  };
}

/** Why actions cannot be one plan, one sentence without a full stop; empty where they can. */
export function conflictOf(actions: readonly ActionCandidate[]): string {
  for (const [index, a] of actions.entries()) {
    for (const b of actions.slice(index + 1)) {
      if (!areCoherent([a.changes, b.changes]))
        return `${a.id} and ${b.id} exclude each other: a rollback replaces the whole template of ${a.object.kind} ${a.object.name}`;
      const field = sharedField(a, b);
      if (field) return `${a.id} and ${b.id} exclude each other: both set ${field}`;
    }
  }
  return '';
}

/** A field that both write. The same change twice is no conflict: it is made once. */
function sharedField(a: ActionCandidate, b: ActionCandidate): string {
  const mine = a.changes.filter(
    (change) => !b.changes.some((other) => JSON.stringify(other) === JSON.stringify(change)),
  );
  const theirs = b.changes.filter(
    (change) => !a.changes.some((other) => JSON.stringify(other) === JSON.stringify(change)),
  );
  const fields = new Set(mine.flatMap(fieldsOf));
  return theirs.flatMap(fieldsOf).find((field) => [...fields].some((other) => overlaps(field, other))) ?? '';
}

function overlaps(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function fieldsOf(change: ActionCandidate['changes'][number]): string[] {
  if (!('object' in change)) return [];
  const { kind, namespace, name } = change.object;
  const at = `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
  switch (change.type) {
    case 'json-patch':
      // What is guarded by the state of the whole object stands no other write before it.
      return change.ops
        .filter(({ op, path }) => op !== 'test' || path === '/metadata/resourceVersion')
        .map(({ path, op }) => (op === 'test' ? at : `${at}${path}`));
    case 'scale':
      return [`${at}/spec/replicas`];
    case 'set-image':
      return Object.keys(change.images).map((container) => `${at}/image of ${container}`);
    case 'merge-patch':
      return [at];
    default:
      return [];
  }
}
