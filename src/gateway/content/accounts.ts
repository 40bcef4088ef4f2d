import { WRITER_ACCOUNT } from './own-objects.ts';
import type { ContentInput, ContentRule } from './content-input.ts';
import { podsIn } from './pod-specs.ts';
import { farReaching } from './rbac-rules.ts';
import { accountIdentity, matchesIdentity } from './rbac-subjects.ts';

const DEFAULT = 'default';

/**
 * Service accounts that pods of the object would come to run as and did not before. A new object may run as `default`,
 * which every pod does that names none.
 */
export function gainedAccounts({
  group,
  kind,
  before,
  after,
}: Pick<ContentInput, 'group' | 'kind' | 'before' | 'after'>) {
  const names = (object: typeof after) =>
    podsIn(group, kind, object).map(({ spec }) => String(spec.serviceAccountName || spec.serviceAccount || DEFAULT));
  const had = new Set(before ? names(before) : [DEFAULT]);
  return [...new Set(names(after))].filter((name) => !had.has(name));
}

/** Pods gain the rights of the service account that they run as. */
export const judgeAccounts: ContentRule = (input) => {
  for (const name of gainedAccounts(input)) {
    const refused = (reason: string) => ({ rule: 'privilege', reason: `${input.kind}/${input.name} would ${reason}` });
    if (name === WRITER_ACCOUNT) return refused(`run as ${name}, who Stratus itself writes as`);
    const grants = input.accounts?.get(name)?.bindings;
    if (!grants) return refused(`run as service account ${name}, whose rights could not be read`);
    const identity = accountIdentity(input.namespace, name);
    // What all accounts have is given by group, and gains nobody anything.
    const own = grants.filter((grant) =>
      grant.subjects.some((subject) => subject.kind !== 'Group' && matchesIdentity(subject, identity)),
    );
    const far = own.some(
      ({ rules, namespace }) => !rules || rules.some((rule) => farReaching(rule, namespace) !== null),
    );
    if (far) return refused(`run as service account ${name}, which carries far-reaching rights; do it by hand`);
  }
  return null;
};
