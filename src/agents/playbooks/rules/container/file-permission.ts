import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isServed } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { NOT_PERMITTED, deniedPaths, isInside } from './denied-paths.ts';
import { saying } from './logs.ts';
import type { Saying } from './logs.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { LOOSENS } from '../../clues/patches/hardening.ts';
import { below, within } from '../../clues/patches/container-patch.ts';

const FILE_PERMISSION = 'file-permission';

/** Volumes whose files the kubelet gives to the pod's group (kubernetes.io: "Configure volume permission and ownership change policy"). */
const OWNED = [
  'persistentVolumeClaim',
  'emptyDir',
  'ephemeral',
  'csi',
  'configMap',
  'secret',
  'projected',
  'downwardAPI',
];

/** Programs that their user, group or missing capability keeps from a file or a port. */
export async function analyzeFilePermissions(context: AnalyzerContext): Promise<Finding[]> {
  const { view } = context;
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    for (const said of await saying(context, workload, NOT_PERMITTED, () => true)) {
      findings.push(...findingFor(view, workload, said));
    }
  }
  return findings;
}

function findingFor(view: ClusterView, workload: KubeObject, said: Saying): Finding[] {
  const { own, pod, lines } = said;
  const template = podTemplateOf(workload)!;
  const ownFields = within(own, 'securityContext');
  const podFields = below('/securityContext');
  const former = partFixes(view, workload, (pointer) => ownFields(pointer) || podFields(pointer), 0.95);
  const modes = partFixes(view, workload, (pointer) => /^\/volumes\/.*[mM]ode$/.test(pointer), 0.9);
  const group = groupFixes(view, workload, said);
  const fixes = [...former.fixes, ...modes.fixes, ...group];
  // Many programs are denied something by what they talk to: without a word of the template about it, this is not it.
  if (fixes.length === 0 && !former.loosens) return [];
  const [first] = deniedPaths(lines, NOT_PERMITTED);
  const at = first ? ` ${untrustedLine(first.path, 100)}` : ' what it needs';
  const user = userOf(template.spec, own);
  return [
    makeFinding({
      rule: FILE_PERMISSION,
      severity: isServed(view, workload) ? 'warning' : 'critical',
      object: workload,
      what: own.name,
      message:
        `Container ${own.name} of ${workload.kind} ${workload.metadata.name} may not use${at}: ` +
        `its securityContext (user ${user ?? 'of the image'}) does not give it the permission`,
      evidence: [
        ...lines
          .filter((line) => NOT_PERMITTED.test(line))
          .slice(-3)
          .map((line) => evidence('log', pod, `log of container ${own.name}`, untrustedLine(line))),
        evidence(
          'spec',
          workload,
          `${template.field}.securityContext`,
          `securityContext of the pod is ${JSON.stringify(template.spec?.securityContext ?? {})}`,
        ),
        evidence(
          'spec',
          workload,
          `${template.field}.${own.place}.securityContext`,
          `securityContext of container ${own.name} is ${JSON.stringify(own.spec?.securityContext ?? {})}`,
        ),
        ...former.reasons,
        ...modes.reasons,
      ],
      fixes,
      unfixed: LOOSENS,
    }),
  ];
}

function userOf(podSpec: Untyped, own: ContainerSpec): number | undefined {
  return own.spec?.securityContext?.runAsUser ?? podSpec?.securityContext?.runAsUser;
}

/** The program's own group for a mounted volume that has none: it gives no right beyond the pod's own volumes. */
function groupFixes(view: ClusterView, workload: KubeObject, { own, lines }: Saying): FixDraft[] {
  const template = podTemplateOf(workload)!;
  const { spec } = template;
  const user = userOf(spec, own);
  const group: unknown = own.spec?.securityContext?.runAsGroup ?? spec?.securityContext?.runAsGroup ?? user;
  if (typeof group !== 'number' || group === 0 || spec?.securityContext?.fsGroup !== undefined) return [];
  const denied = deniedPaths(lines, NOT_PERMITTED);
  const volumes: Untyped[] = Array.isArray(spec?.volumes) ? spec.volumes : [];
  const claims: Untyped[] = Array.isArray(workload.spec?.volumeClaimTemplates)
    ? workload.spec.volumeClaimTemplates
    : [];
  const mounted = ((own.spec?.volumeMounts ?? []) as Untyped[]).some((mount) => {
    if (!denied.some(({ path }) => isInside(path, String(mount?.mountPath)))) return false;
    const volume = volumes.find((each) => each?.name === mount?.name);
    return OWNED.some((kind) => volume?.[kind]) || claims.some((claim) => claim?.metadata?.name === mount?.name);
  });
  if (!mounted) return [];
  const path = `${template.pointer}/securityContext`;
  const ops: PatchOp[] = spec?.securityContext
    ? [
        { op: 'test', path, value: spec.securityContext },
        { op: 'add', path: `${path}/fsGroup`, value: group },
      ]
    : [{ op: 'add', path, value: { fsGroup: group } }];
  const expects = `the volumes of the pods belong to group ${group}, as which container ${own.name} runs`;
  return patchFix(view, workload, ops, expects, 0.65);
}

export const filePermissionRule: Analyzer = {
  rule: FILE_PERMISSION,
  layer: 'template',
  kinds: [...PODS, 'Event', ...REVISIONS],
  explains: 'Programs that their user, group or missing capability keeps from a file or a port.',
  unfixed: 'no earlier state of the template had another user or group, and no volume of the pod is concerned',
  analyze: analyzeFilePermissions,
};
