/** Names of the lock's and the fence's own objects, by group and resource: no transaction touches them. */
const OWN_OBJECTS = new Map<string, RegExp>([
  ['coordination.k8s.io leases', /^stratus-/],
  [' secrets', /^stratus-journal-/],
  [' serviceaccounts', /^stratus-writer$/],
  ['rbac.authorization.k8s.io clusterroles', /^stratus-(writer|reader)$/],
  ['rbac.authorization.k8s.io clusterrolebindings', /^stratus-writer$/],
  ['rbac.authorization.k8s.io roles', /^stratus-lock$/],
]);

/** Service account that transactions write as where the fence is installed. */
export const WRITER_ACCOUNT = 'stratus-writer';

export function isOwnObject(group: string, resource: string, name: string): boolean {
  return OWN_OBJECTS.get(`${group} ${resource}`)?.test(name) ?? false;
}

export function ownObjectReason(name: string): string {
  return `${name} belongs to the lock itself`;
}
