import type { Untyped } from '../../../../kube/pod-template.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { containersOf } from '../../../../kube/pod-template.ts';

/** One check of the Pod Security Standards (kubernetes.io: "Pod Security Standards"). */
export interface SecurityCheck {
  /** How the admission plugin begins its words about a violation. */
  says: RegExp;
  /** Whether a pod passes; null where only the server can tell. */
  passes: ((podSpec: Untyped) => boolean) | null;
  /** Fields of a container that the message demands, and their values; absent where they take something away. */
  demands?: { field: string; value: unknown }[];
}

const each = (test: (context: Untyped, pod: Untyped, container: ContainerSpec) => boolean) => (podSpec: Untyped) =>
  containersOf(podSpec).every((container) =>
    test(container.spec?.securityContext ?? {}, podSpec?.securityContext ?? {}, container),
  );
const volumes = (podSpec: Untyped): Untyped[] => (podSpec?.volumes ?? []) as Untyped[];
const listed = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

const PROFILES = ['RuntimeDefault', 'Localhost'];
const DEFAULT_CAPABILITIES = [
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID',
  'SETPCAP', 'SETUID', 'SYS_CHROOT',
]; // prettier-ignore
const RESTRICTED_VOLUMES = [
  'configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret', 'image',
]; // prettier-ignore

export const SECURITY_CHECKS: readonly SecurityCheck[] = [
  {
    says: /^allowPrivilegeEscalation != false/,
    passes: each((context) => context.allowPrivilegeEscalation === false),
    demands: [{ field: 'allowPrivilegeEscalation', value: false }],
  },
  {
    says: /^unrestricted capabilities/,
    passes: each(
      ({ capabilities }) =>
        listed(capabilities?.drop).includes('ALL') &&
        listed(capabilities?.add).every((name) => name === 'NET_BIND_SERVICE'),
    ),
    demands: [{ field: 'capabilities', value: { drop: ['ALL'] } }],
  },
  {
    says: /^seccompProfile/,
    passes: each((context, pod) => PROFILES.includes((context.seccompProfile ?? pod.seccompProfile)?.type)),
    demands: [{ field: 'seccompProfile', value: { type: 'RuntimeDefault' } }],
  },
  {
    says: /^runAsNonRoot != true/,
    passes: each((context, pod) => (context.runAsNonRoot ?? pod.runAsNonRoot) === true),
    demands: [{ field: 'runAsNonRoot', value: true }],
  },
  { says: /^runAsUser=0/, passes: each((context, pod) => (context.runAsUser ?? pod.runAsUser) !== 0) },
  { says: /^privileged/, passes: each((context) => context.privileged !== true) },
  {
    says: /^host namespaces/,
    passes: (podSpec) => !['hostNetwork', 'hostPID', 'hostIPC'].some((field) => podSpec?.[field] === true),
  },
  { says: /^hostPath volumes/, passes: (podSpec) => !volumes(podSpec).some((volume) => volume?.hostPath) },
  {
    says: /^hostPort/,
    passes: each((_context, _pod, { spec }) => !((spec?.ports ?? []) as Untyped[]).some((port) => port?.hostPort > 0)),
  },
  {
    says: /^non-default capabilities/,
    passes: each(({ capabilities }) =>
      listed(capabilities?.add).every((name) => DEFAULT_CAPABILITIES.includes(name.replace(/^CAP_/, ''))),
    ),
  },
  {
    says: /^restricted volume types/,
    passes: (podSpec) =>
      volumes(podSpec).every((volume) =>
        Object.keys(volume ?? {}).every((field) => field === 'name' || RESTRICTED_VOLUMES.includes(field)),
      ),
  },
  { says: /^procMount/, passes: each((context) => (context.procMount ?? 'Default') === 'Default') },
  // Sysctls, SELinux, AppArmor and Windows options, and what later releases add.
  { says: /./, passes: null },
];

/** What the plugin lists: parts on the top level, divided by commas outside of parentheses. */
export function violationsIn(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

export function checkOf(violation: string): SecurityCheck {
  return SECURITY_CHECKS.find(({ says }) => says.test(violation))!;
}
