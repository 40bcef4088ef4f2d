import type { KubeObject } from '../../domain/kube-object.ts';
import { WRITER_ACCOUNT } from './own-objects.ts';
import type { ContentInput, ContentRule, Grant } from './content-input.ts';
import { isBinding, isRole, rulesOf, subjectsOf } from './content-input.ts';
import { selects } from './label-selector.ts';
import type { PolicyRule } from './rbac-rules.ts';
import { covers } from './rbac-rules.ts';
import { rolePath } from './roles.ts';
import type { Identity, Subject } from './rbac-subjects.ts';
import { accountIdentity, matchesIdentity, sameSubject } from './rbac-subjects.ts';

const refused = (reason: string) => ({ rule: 'own-rights', reason: `${reason}; do it by hand` });

/** Who is in it is let through before any rule is asked. */
const ALMIGHTY = 'system:masters';

/** Whether a write takes away rights of anybody: only then the facts of {@link judgeOwnRights} are needed. */
export function takesRights(input: ContentInput): boolean {
  const { before, after } = input;
  if (!before) return false;
  if (isBinding(input)) return lostSubjects(input).length > 0;
  if (!isRole(input)) return false;
  return lostRules(before, after).length > 0 || losesLabels(before, after);
}

/**
 * Rights that are taken away must not be the ones that Stratus works with: the lock, the rest of the transaction and
 * its undo. Which of them that will be is not known beforehand, so that nothing may be lost that no other grant gives.
 */
export const judgeOwnRights: ContentRule = (input) => {
  if (!takesRights(input)) return null;
  const { self, bindings } = input.grants ?? { self: null, bindings: null };
  if (!self) return refused('whose rights would be taken away could not be found out');
  const lost = isBinding(input) ? lostByBinding(input, bindings) : lostByRole(input, bindings);
  if (!lost) return refused('who holds the role, and would lose its rights, could not be read');
  for (const identity of [self, ...writers(input, bindings)]) {
    if (identity.groups.includes(ALMIGHTY)) continue;
    const mine = lost.filter(({ subjects }) => subjects.some((subject) => matchesIdentity(subject, identity)));
    if (mine.length === 0) continue;
    const name = identity.user.slice(0, 120);
    if (!bindings) return refused(`it would take rights from ${name}, and whether others remain could not be read`);
    const left = remaining(input, bindings, lost, identity);
    const missing = mine.some(({ namespace, rules }) => {
      const held = left.filter((grant) => grant.namespace === '' || grant.namespace === namespace);
      const all = held.flatMap((grant) => grant.rules ?? []);
      return rules === null || rules.some((rule) => !covers(all, rule));
    });
    if (missing) return refused(`it would take rights from ${name}, with which Stratus works and undoes`);
  }
  return null;
};

/** Rights that subjects lose in one place; rules are null where they could not be read. */
interface Loss {
  binding: string;
  role: string;
  namespace: string;
  subjects: Subject[];
  rules: PolicyRule[] | null;
}

function lostSubjects({ before, after }: ContentInput): Subject[] {
  const left = subjectsOf(after);
  return subjectsOf(before).filter((subject) => !left.some((one) => sameSubject(one, subject)));
}

function lostRules(before: KubeObject, after: KubeObject | null): PolicyRule[] {
  return rulesOf(before).filter((rule) => !covers(rulesOf(after), rule));
}

/** Another role may gather its rules by a label. */
function losesLabels(before: KubeObject, after: KubeObject | null): boolean {
  const [old, left] = [before.metadata.labels ?? {}, after?.metadata.labels ?? {}];
  return before.kind === 'ClusterRole' && Object.keys(old).some((key) => old[key] !== left[key]);
}

function lostByBinding(input: ContentInput, bindings: Grant[] | null): Loss[] {
  const { before, namespace } = input;
  const role = rolePath(before?.roleRef?.kind ?? '', namespace, before?.roleRef?.name ?? '');
  const own = bindings?.find((grant) => grant.path === bindingPath(input));
  return [
    { binding: bindingPath(input), role, namespace, subjects: lostSubjects(input), rules: own ? own.rules : null },
  ];
}

function lostByRole(input: ContentInput, bindings: Grant[] | null): Loss[] | null {
  const { before, after, kind, namespace, name } = input;
  if (!bindings || !before) return null;
  const own = rolePath(kind, namespace, name);
  const direct = lostRules(before, after);
  const gathered = kind === 'ClusterRole' ? gatherers(input) : new Map<string, PolicyRule[]>();
  if (!gathered) return null;
  return bindings.flatMap((grant) => {
    const rules = grant.role === own ? direct : (gathered.get(grant.role) ?? []);
    return rules.length === 0
      ? []
      : [{ binding: grant.path, role: grant.role, namespace: grant.namespace, subjects: grant.subjects, rules }];
  });
}

/** Roles that gather the rules of the written one, also through others, and what each of them loses. */
function gatherers({ before, after, grants }: ContentInput): Map<string, PolicyRule[]> | null {
  const all = grants?.aggregators;
  if (!all || !before) return null;
  const found = new Map<string, PolicyRule[]>();
  const gathers = (role: KubeObject, labels: Record<string, string>) =>
    ((role.aggregationRule?.clusterRoleSelectors ?? []) as object[]).some((selector) => selects(selector, labels));
  const add = (role: KubeObject, rules: PolicyRule[]) => {
    const path = rolePath('ClusterRole', '', role.metadata.name);
    if (rules.length === 0 || found.has(path)) return;
    found.set(path, rules);
    for (const next of all) if (gathers(next, role.metadata.labels ?? {})) add(next, rules);
  };
  for (const role of all) {
    if (!gathers(role, before.metadata.labels ?? {})) continue;
    const stays = after !== null && gathers(role, after.metadata.labels ?? {});
    add(role, stays ? lostRules(before, after) : rulesOf(before));
  }
  return found;
}

/** What an identity still holds after the write. */
function remaining(input: ContentInput, bindings: Grant[], lost: Loss[], identity: Identity): Grant[] {
  return bindings.flatMap((grant) => {
    const written = isBinding(input) && grant.path === bindingPath(input);
    const subjects = written ? subjectsOf(input.after) : grant.subjects;
    if (!subjects.some((subject) => matchesIdentity(subject, identity))) return [];
    if (isBinding(input)) return [{ ...grant, subjects }];
    const gone = lost.filter((loss) => loss.role === grant.role).flatMap((loss) => loss.rules ?? []);
    const own = grant.role === rolePath(input.kind, input.namespace, input.name);
    const rules = own
      ? rulesOf(input.after)
      : (grant.rules ?? []).filter((rule) => !gone.some((one) => covers([one], rule)));
    return [{ ...grant, rules }];
  });
}

/** The writer's service accounts that any binding knows. */
function writers(input: ContentInput, bindings: Grant[] | null): Identity[] {
  const subjects = [...subjectsOf(input.before), ...(bindings ?? []).flatMap((grant) => grant.subjects)];
  const places = subjects.filter(({ kind, name }) => kind === 'ServiceAccount' && name === WRITER_ACCOUNT);
  return [...new Set(places.map(({ namespace = '' }) => namespace))].map((place) =>
    accountIdentity(place, WRITER_ACCOUNT),
  );
}

function bindingPath({ resource, namespace, name }: ContentInput): string {
  const inside = namespace ? `/namespaces/${namespace}` : '';
  return `/apis/rbac.authorization.k8s.io/v1${inside}/${resource}/${encodeURIComponent(name)}`;
}
