import type { ContentRule } from './content-input.ts';
import { gainedHostPort } from './host-ports.ts';
import type { Loose, PodShape } from './pod-specs.ts';
import { containersOf, podsIn } from './pod-specs.ts';
import { lostRestrictions, securityReach } from './security-context.ts';
import { volumeReach } from './volumes.ts';

/** Fields of a pod specification that stay inside its containers, or are looked at one by one. */
const KNOWN_FIELDS = new Set([
  'activeDeadlineSeconds', 'affinity', 'automountServiceAccountToken', 'containers', 'dnsConfig', 'dnsPolicy',
  'enableServiceLinks', 'ephemeralContainers', 'hostAliases', 'hostIPC', 'hostNetwork', 'hostPID', 'hostUsers', 'hostname',
  'hostnameOverride', 'imagePullSecrets', 'initContainers', 'nodeName', 'nodeSelector', 'os', 'overhead',
  'preemptionPolicy', 'priority', 'priorityClassName', 'readinessGates', 'resources', 'restartPolicy', 'runtimeClassName',
  'schedulerName', 'schedulingGates', 'securityContext', 'serviceAccount', 'serviceAccountName', 'setHostnameAsFQDN',
  'shareProcessNamespace', 'subdomain', 'terminationGracePeriodSeconds', 'tolerations', 'topologySpreadConstraints', 'volumes',
]); // prettier-ignore

/** A pod may keep what it has, and gain nothing that reaches beyond its containers. */
export const judgePrivileges: ContentRule = ({ group, kind, name, before, after }) => {
  if (!after) return null;
  const [old, now] = [podsIn(group, kind, before), podsIn(group, kind, after)];
  const had = new Set(old.flatMap(reach));
  const gained = now.flatMap(reach).find((item) => !had.has(item)) ?? gainedHostPort(old, now);
  if (gained) return { rule: 'privilege', reason: `${kind}/${name} would gain ${gained}` };
  const lost = now.map((pod, i) => (old[i] ? lostRestrictions(old[i].spec, pod.spec) : null)).find((item) => item);
  return lost ? { rule: 'privilege', reason: `${kind}/${name} would lose ${lost}` } : null;
};

/** Everything by which a pod reaches beyond its containers, in words. */
function reach({ spec, annotations, builtIn }: PodShape): string[] {
  const found: string[] = [];
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) if (spec[field] === true) found.push(field);
  if (builtIn) for (const field of Object.keys(spec)) if (!KNOWN_FIELDS.has(field)) found.push(unknownField(field));
  if (spec.nodeName) found.push(`a node of its own choice (nodeName ${String(spec.nodeName)})`);
  if (spec.runtimeClassName) found.push(`runtime class ${String(spec.runtimeClassName)}`);
  const priority = String(spec.priorityClassName ?? '');
  if (priority.startsWith('system-')) found.push(`the priority of the system (${priority})`);
  for (const container of containersOf(spec)) found.push(...containerReach(container));
  if (Array.isArray(spec.ephemeralContainers) && spec.ephemeralContainers.length > 0) {
    found.push(...spec.ephemeralContainers.map((one: Loose) => `an ephemeral container (${String(one.name)})`));
  }
  found.push(...securityReach(spec.securityContext, 'the pod'));
  found.push(...annotationReach(annotations));
  for (const volume of Array.isArray(spec.volumes) ? spec.volumes : []) found.push(...volumeReach(volume));
  return found;
}

function unknownField(field: string): string {
  return `${field.slice(0, 60)}, a field whose reach is not known`;
}

function containerReach(container: Loose): string[] {
  const name = String(container.name);
  const found = securityReach(container.securityContext, name);
  for (const mount of Array.isArray(container.volumeMounts) ? container.volumeMounts : []) {
    if (mount.mountPropagation === 'Bidirectional') found.push(`mounts that reach its node (${name})`);
  }
  return found;
}

/** The older way to name a profile, still obeyed. */
function annotationReach(annotations: Record<string, string>): string[] {
  return Object.entries(annotations)
    .filter(([key]) => /^(container\.)?(apparmor|seccomp)\.security\.(alpha|beta)\.kubernetes\.io\//.test(key))
    .filter(([, value]) => value !== 'runtime/default')
    .map(([key, value]) => `profile ${String(value).slice(0, 60)} (${key.slice(0, 80)})`);
}
