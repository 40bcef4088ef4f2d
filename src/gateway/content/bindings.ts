import { sameJson } from '../../json/same-json.ts';
import type { ContentRule } from './content-input.ts';
import { isBinding, subjectsOf } from './content-input.ts';
import { farReaching } from './rbac-rules.ts';
import { forbiddenSubject, sameSubject } from './rbac-subjects.ts';

const escalation = (reason: string) => ({ rule: 'escalation', reason });

/** What a binding may give: a role that exists and has only harmless rules, to subjects that are named. */
export const judgeBinding: ContentRule = (input) => {
  const { before, after, role } = input;
  if (!isBinding(input) || !after) return null;
  const old = subjectsOf(before);
  const added = subjectsOf(after).filter((subject) => !old.some((one) => sameSubject(one, subject)));
  if (before && added.length === 0 && sameJson(before.roleRef, after.roleRef)) return null;
  const forbidden = added.map(forbiddenSubject).find((reason) => reason !== null);
  if (forbidden) return escalation(`the binding would give rights to ${forbidden}`);
  const label = `${after.roleRef?.kind ?? 'Role'} ${after.roleRef?.name ?? ''}`;
  if (role === 'absent') return escalation(`${label} does not exist: create it first, so that its rights are known`);
  if (!Array.isArray(role)) return escalation(`the rights of ${label} could not be read`);
  const reason = role.map((rule) => farReaching(rule, input.namespace)).find((one) => one !== null);
  return reason === undefined ? null : escalation(`${label} carries far-reaching rights; bind it by hand`);
};
