import { printJson } from '../../json/lossless-json.ts';
import type { Loose } from './pod-specs.ts';
import { containersOf } from './pod-specs.ts';

/** Fields that only take something away, or only matter inside the containers. */
const HARMLESS = new Set([
  'fsGroup', 'fsGroupChangePolicy', 'readOnlyRootFilesystem', 'runAsNonRoot', 'seLinuxChangePolicy', 'supplementalGroupsPolicy',
]); // prettier-ignore

/** What a security context of a pod or container gives, in words; unknown fields count. */
export function securityReach(context: Loose | null | undefined, name: string): string[] {
  const found: string[] = [];
  for (const [field, value] of Object.entries(context ?? {})) {
    if (isNothing(value) || HARMLESS.has(field)) continue;
    found.push(...fieldReach(field, value, name));
  }
  return found;
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function fieldReach(field: string, value: Loose, name: string): string[] {
  switch (field) {
    case 'privileged':
      return [`a privileged container (${name})`];
    case 'allowPrivilegeEscalation':
      return [`privilege escalation (${name})`];
    case 'capabilities':
      return (Array.isArray(value.add) ? value.add : []).map((one: unknown) => `capability ${String(one)} (${name})`);
    case 'procMount':
      return String(value) === 'Default' ? [] : [`procMount ${String(value)} (${name})`];
    case 'runAsUser':
    case 'runAsGroup':
      return Number(value) === 0 ? [`${field} 0 (${name})`] : [];
    case 'supplementalGroups':
      return Array.isArray(value) && value.every((one) => one !== 0) ? [] : [`group 0 (${name})`];
    case 'seccompProfile':
    case 'appArmorProfile':
      return value.type === 'RuntimeDefault' ? [] : [`${field} ${text(value)} (${name})`];
    case 'sysctls':
      return (Array.isArray(value) ? value : [value]).map((one: Loose) => `sysctl ${text(one)} (${name})`);
    default:
      // `seLinuxOptions`, `windowsOptions`, and whatever later releases add.
      return [`${field.slice(0, 60)} ${text(value)} (${name})`];
  }
}

/** A restriction that the pod or a container of the same name had and has no longer, in words; null when none. */
export function lostRestrictions(before: Loose, after: Loose): string | null {
  const old = new Map(containersOf(before).map((container) => [container.name, container]));
  const pairs: Array<[Loose, Loose, string]> = [[before, after, 'the pod']];
  for (const container of containersOf(after)) {
    const known = old.get(container.name);
    if (known) pairs.push([known, container, String(container.name)]);
  }
  for (const [had, has, name] of pairs) {
    const left = new Set(restrictions(has));
    const lost = restrictions(had).find((item) => !left.has(item));
    if (lost) return `the restriction ${lost} (${name})`;
  }
  if (before.hostUsers === false && after.hostUsers !== false) return 'the restriction hostUsers false';
  if (before.runtimeClassName && !after.runtimeClassName) return `runtime class ${String(before.runtimeClassName)}`;
  const mounts = (spec: Loose) => spec.automountServiceAccountToken !== false;
  return !mounts(before) && mounts(after) ? 'the restriction automountServiceAccountToken false' : null;
}

function restrictions({ securityContext }: Loose): string[] {
  const context: Loose = securityContext ?? {};
  const found: string[] = [];
  if (context.runAsNonRoot === true) found.push('runAsNonRoot');
  if (context.readOnlyRootFilesystem === true) found.push('readOnlyRootFilesystem');
  if (context.allowPrivilegeEscalation === false) found.push('allowPrivilegeEscalation false');
  if (context.runAsUser > 0) found.push('a user that is not root');
  if (context.seccompProfile) found.push('seccompProfile');
  if (context.appArmorProfile) found.push('appArmorProfile');
  for (const one of Array.isArray(context.capabilities?.drop) ? context.capabilities.drop : []) {
    found.push(`capability ${String(one)} dropped`);
  }
  return found;
}

function text(value: unknown): string {
  return (typeof value === 'string' ? value : (printJson(value) ?? '')).slice(0, 80);
}
