import { lastFlag } from '../parse.ts';
import type { FlagUse } from '../parse.ts';
import { atFlag } from '../problem.ts';
import type { Check, CheckInput, Problem } from '../problem.ts';

/** Who is meant by everybody, or by anybody (kubernetes.io, "Discovery roles" and "Anonymous requests"). */
const ANYBODY = new Set(['system:anonymous', 'system:unauthenticated']);
const EVERYBODY = new Set(['system:authenticated', 'system:serviceaccounts']);
const READ_ONLY_ROLES = /^(view|system:discovery|system:public-info-viewer|system:basic-user)$/;

function values({ parsed }: CheckInput, name: string): Array<{ use: FlagUse; value: string }> {
  return parsed.flags
    .filter((use) => use.name === name)
    .flatMap((use) => use.value.split(',').map((value) => ({ use, value })));
}

function checkSubjects(input: CheckInput): Problem[] {
  const role = lastFlag(input.parsed, 'clusterrole') ?? lastFlag(input.parsed, 'role');
  return [...values(input, 'user'), ...values(input, 'group')].flatMap(({ use, value }): Problem[] => {
    if (ANYBODY.has(value))
      return [
        {
          rule: 'anonymous-access',
          ...atFlag(use),
          message: `${value} is anybody who reaches the API server, without a login; name who needs it`,
        },
      ];
    if (EVERYBODY.has(value) && !READ_ONLY_ROLES.test(role?.value ?? ''))
      return [
        {
          rule: 'anonymous-access',
          ...atFlag(use),
          message: `${value} is everybody in this cluster; name who needs it`,
        },
      ];
    return [];
  });
}

/** Rules about rights that a command gives. */
export const checkRights: Check = (input) => {
  const { parsed, effect } = input;
  if (parsed.help || !effect.writes) return [];
  const problems: Problem[] = [];
  if (/^create (cluster)?rolebinding$/.test(effect.command) || effect.command === 'set subject')
    problems.push(...checkSubjects(input));
  const role = lastFlag(parsed, 'clusterrole');
  if (role?.value === 'cluster-admin' && effect.command.endsWith('rolebinding'))
    problems.push({
      rule: 'cluster-admin',
      ...atFlag(role),
      message: 'cluster-admin gives every right; bind a role with only the verbs that are needed',
    });
  const binding = parsed.positionals.find(({ value }) => /(^|\/)cluster-admin$/.test(value));
  if (binding && effect.command === 'set subject')
    problems.push({
      rule: 'cluster-admin',
      first: binding.index,
      last: binding.index,
      message: 'whoever joins this binding has every right; bind a role with only the verbs that are needed',
    });
  const verb = values(input, 'verb').find(({ value }) => value === '*');
  const resource = values(input, 'resource').find(({ value }) => /^\*(\.\*)?$/.test(value));
  if (/^create (cluster)?role$/.test(effect.command) && verb && resource)
    problems.push({
      rule: 'cluster-admin',
      ...atFlag(verb.use),
      message:
        'a role with every verb on every resource is cluster-admin; list the verbs and resources that are needed',
    });
  return problems;
};
