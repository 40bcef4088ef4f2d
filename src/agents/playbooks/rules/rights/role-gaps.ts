import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { Denial } from '../../../../kube/rbac.ts';
import { allows, isBuiltIn, isSubject, missingIn, rulesOf, subjectsOfBinding } from '../../../../kube/rbac.ts';
import { nameSimilarity } from '../../clues/names/similar-names.ts';

/** The RBAC objects that bear on a ServiceAccount. */
export interface Grants {
  roles: readonly KubeObject[];
  bindings: readonly KubeObject[];
}

/** The field of a binding or role that is not as a refused request needs it. */
export interface Gap {
  object: KubeObject;
  field: string;
  present: string;
  /** Empty where nothing tells. */
  expected: string;
  /** 0..1: how surely this field is the one. */
  likely: number;
  /** In words, after the object's name. */
  text: string;
}

interface Account {
  namespace: string;
  name: string;
}

const quoted = (words: readonly unknown[]) => words.map((word) => `"${String(word)}"`).join(', ');
const label = ({ kind, metadata }: KubeObject) =>
  `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;

/** Fields that would allow the request if they were right, surest first; empty where no object comes near. */
export function gapsFor(
  denial: Denial,
  account: Account,
  grants: Grants,
  exists: (account: Account) => boolean,
): Gap[] {
  const gaps = grants.bindings.flatMap((binding) => {
    if (isBuiltIn(binding)) return [];
    const role = roleOf(binding, grants.roles);
    const own = subjectsOfBinding(binding).some((subject) => isSubject(subject, account, binding.metadata.namespace));
    if (own) return role ? inRole(binding, role, denial) : missingRole(binding, denial, grants.roles);
    if (role && !allows(role, denial)) return [];
    return wrongSubject(binding, account, exists, role !== undefined).filter(() => reaches(binding, denial));
  });
  return gaps.sort((a, b) => b.likely - a.likely || (label(a.object) < label(b.object) ? -1 : 1));
}

/** True if a binding names the ServiceAccount. */
export function isBound(account: Account, { bindings }: Grants): boolean {
  return bindings.some((binding) =>
    subjectsOfBinding(binding).some((subject) => isSubject(subject, account, binding.metadata.namespace)),
  );
}

/** Roles that somebody wrote for what was refused, and that no binding gives to anybody where it was refused. */
export function idleRoles(denials: readonly Denial[], { roles, bindings }: Grants): KubeObject[] {
  const [first] = denials;
  if (!first) return [];
  return roles.filter((role) => {
    if (isBuiltIn(role) || (role.kind === 'Role' && role.metadata.namespace !== first.namespace)) return false;
    // A rule for everything was not written for this.
    const wide = rulesOf(role).some((rule) => [rule?.verbs, rule?.resources].flat().includes('*'));
    if (wide || !denials.every((denial) => allows(role, denial))) return false;
    return !bindings.some(
      (binding) => reaches(binding, first) && subjectsOfBinding(binding).length > 0 && roleOf(binding, roles) === role,
    );
  });
}

function roleOf(binding: KubeObject, roles: readonly KubeObject[]): KubeObject | undefined {
  const { kind, name } = binding['roleRef'] ?? {};
  const home = kind === 'Role' ? binding.metadata.namespace : undefined;
  return roles.find((role) => role.kind === kind && role.metadata.name === name && role.metadata.namespace === home);
}

function reaches(binding: KubeObject, denial: Denial): boolean {
  return binding.kind === 'ClusterRoleBinding' || binding.metadata.namespace === denial.namespace;
}

/** A binding that hands out what was refused, to somebody who looks like the one who was refused. */
function wrongSubject(
  binding: KubeObject,
  account: Account,
  exists: (account: Account) => boolean,
  known: boolean,
): Gap[] {
  return subjectsOfBinding(binding).flatMap((subject, index): Gap[] => {
    const name = String(subject?.name ?? '');
    const home = String(subject?.namespace ?? binding.metadata.namespace ?? '');
    const at = `subjects[${index}]`;
    const gap = (field: string, present: string, expected: string, likely: number): Gap[] => [
      {
        object: binding,
        field: `${at}.${field}`,
        present,
        expected,
        likely: known ? likely : likely - 0.2,
        text: `has "${present}" in ${at}.${field}, not "${expected}"`,
      },
    ];
    if (subject?.kind !== 'ServiceAccount') {
      const looks = subject?.kind !== 'Group' && name === account.name;
      return looks ? gap('kind', String(subject?.kind), 'ServiceAccount', 0.8) : [];
    }
    const gone = !exists({ namespace: home, name });
    const kin = nameSimilarity(binding.metadata.name, account.name) > 0 ? 0.05 : 0;
    if (name === account.name) return gap('namespace', home, account.namespace, (gone ? 0.9 : 0.8) + kin);
    if (home !== account.namespace) return [];
    const alike = nameSimilarity(name, account.name);
    if (alike < 0.5 && !(gone && kin)) return [];
    return gap('name', name, account.name, (gone ? 0.85 : 0.5) + kin);
  });
}

function missingRole(binding: KubeObject, denial: Denial, roles: readonly KubeObject[]): Gap[] {
  if (!reaches(binding, denial)) return [];
  const { kind = '', name = '' } = binding['roleRef'] ?? {};
  const meant = roles
    .filter(
      (role) =>
        allows(role, denial) && (role.kind !== 'Role' || role.metadata.namespace === binding.metadata.namespace),
    )
    .map((role) => ({ role, alike: nameSimilarity(role.metadata.name, String(name)) }))
    .filter(({ role, alike }) => alike >= 0.5 || (alike > 0 && role.kind === kind))
    .sort((a, b) => b.alike - a.alike)[0]?.role;
  const expected = meant ? (meant.kind === kind ? meant.metadata.name : `${meant.kind} ${meant.metadata.name}`) : '';
  const then = meant ? `; ${label(meant)} allows what is asked` : '';
  const text = `refers to ${kind} "${name}" in roleRef, which does not exist${then}`;
  return [{ object: binding, field: 'roleRef.name', present: String(name), expected, likely: 0.9, text }];
}

/** The ServiceAccount holds the role: its rules lack something, or the binding ends at another namespace. */
function inRole(binding: KubeObject, role: KubeObject, denial: Denial): Gap[] {
  if (allows(role, denial)) {
    if (reaches(binding, denial)) return [];
    const here = binding.metadata.namespace ?? '';
    const text = `gives ${label(role)} in namespace "${here}" only, and the request is for ${scopeOf(denial)}`;
    const expected = denial.namespace ?? 'a ClusterRoleBinding';
    return [{ object: binding, field: 'metadata.namespace', present: here, expected, likely: 0.85, text }];
  }
  if (!reaches(binding, denial) || isBuiltIn(role)) return [];
  const what = denial.resource || denial.path;
  const near = rulesOf(role)
    .map((rule, index) => ({ rule, index, missing: missingIn(rule, denial) }))
    .filter(({ rule, missing }) => missing.length === 1 && comesNear(rule, missing[0]!, what))
    .map(({ rule, index, missing }): Gap => {
      const [field] = missing as [string];
      const present = quoted(rule[field] as string[]);
      const expected = { verbs: denial.verb, apiGroups: denial.group, resources: denial.resource }[field] ?? '';
      const text =
        field === 'resourceNames'
          ? `allows ${denial.verb} ${what} for ${present} only (rules[${index}].resourceNames)`
          : `has ${present} in rules[${index}].${field}, without "${expected || what}"`;
      return {
        object: role,
        field: `rules[${index}].${field}`,
        present,
        expected: expected || what,
        likely: 0.85,
        text,
      };
    });
  if (near.length > 0) return near.slice(0, 1);
  const text = `has no rule that allows ${denial.verb} ${what}${denial.group ? ` of ${denial.group}` : ''}`;
  return [{ object: role, field: 'rules', present: '', expected: `${denial.verb} ${what}`, likely: 0.6, text }];
}

/** A rule for other resources does not lack this one, unless it looks misspelt. */
function comesNear(rule: Record<string, unknown>, missing: string, resource: string): boolean {
  if (missing !== 'resources') return true;
  const base = (name: string) => name.split('/')[0]!;
  const all = Array.isArray(rule['resources']) ? rule['resources'].map(String) : [];
  return all.some((one) => base(one) === base(resource) || nameSimilarity(one, resource) >= 0.75);
}

export function scopeOf(denial: Denial): string {
  return denial.namespace === null ? 'the whole cluster' : `namespace "${denial.namespace}"`;
}
