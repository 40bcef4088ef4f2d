import { names } from '../causes.ts';
import type { ProposedAction } from './effects.ts';
import type { ActionVerdict } from './judge-action.ts';
import { judgeAction } from './judge-action.ts';
import type { Truth } from './truth.ts';

/** A cause in words, with the objects and facts that it points to. */
export interface ProposedCause {
  id: string;
  object: { kind: string; name: string };
  text: string;
  evidence: readonly { object?: { kind: string; name: string }; field?: string; text: string }[];
}

export interface JudgedCandidates {
  /** Ids in the order in which they are offered. */
  causes: { id: string; right: boolean }[];
  actions: { id: string; verdict: ActionVerdict }[];
}

export function judgeCandidates(
  offered: { causes: readonly ProposedCause[]; actions: readonly (ProposedAction & { id: string })[] },
  truth: Truth,
): JudgedCandidates {
  return {
    causes: offered.causes.map((cause) => ({ id: cause.id, right: isRightCause(cause, truth) })),
    actions: offered.actions.map((action) => ({ id: action.id, verdict: judgeAction(action, truth) })),
  };
}

/** As the incident benchmark judges findings: the objects at fault, and a word for what is wrong with them. */
export function isRightCause({ object, text, evidence }: Omit<ProposedCause, 'id'>, { causes }: Pick<Truth, 'causes'>) {
  const said = [
    ...[object.kind, object.name, text],
    ...evidence.flatMap((one) => [one.object?.kind, one.object?.name, one.field, one.text]),
  ];
  const told = { rule: '', message: text, text: said.filter(Boolean).join(' ') };
  return names(
    told,
    causes.map(({ names: all, word, flags }) => ({ names: all, word: new RegExp(word, flags) })),
  );
}
