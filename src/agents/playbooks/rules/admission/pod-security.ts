import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { refTo } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { containersOf, hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { imageUser } from '../../clues/pods/image-user.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { checkOf, violationsIn } from './pod-security-violations.ts';
import type { SecurityCheck } from './pod-security-violations.ts';
import { cannotMakePods, immutableReason, refusalEvidence, refusedBy, severityOf } from './refused.ts';
import type { Refused } from './refused.ts';

const POD_SECURITY = 'pod-security-forbids';
/** Parts of a pod spec that the standards judge. */
const JUDGED =
  /\/securityContext(\/|$)|^\/host(Network|PID|IPC|Users)$|\/ports(\/|$)|^\/volumes(\/|$)|\/volumeMounts(\/|$)/;

/** Pods that break the Pod Security level which their namespace enforces. */
export function analyzePodSecurity({ view }: AnalyzerContext): Finding[] {
  return refusedBy(view, 'podSecurity').map((refused) => findingFor(view, refused));
}

function findingFor(view: ClusterView, refused: Refused): Finding {
  const { workload, match } = refused;
  const level = match[1]!;
  const violations = violationsIn(match[2]!);
  const checks = violations.map(checkOf);
  const former = hasMutableTemplate(workload) ? formerFixes(view, workload, checks) : { fixes: [], reasons: [] };
  const demanded = hasMutableTemplate(workload) ? demandedFields(view, workload, checks) : { reasons: [] };
  const namespace = workload.metadata.namespace ?? '';
  const names = violations.map((violation) => violation.replace(/ \(.*$/s, '')).join(', ');
  return makeFinding({
    rule: POD_SECURITY,
    severity: severityOf(view, workload),
    object: workload,
    what: 'level',
    message: untrustedLine(
      `${cannotMakePods(view, workload)}: namespace ${namespace} enforces Pod Security ${level}, which they break by ${names}`,
      280,
    ),
    evidence: [
      refusalEvidence(refused),
      ...violations.map((text) =>
        evidence('event', workload, podTemplateOf(workload)?.field ?? null, untrustedLine(text)),
      ),
      evidence(
        'sibling',
        refTo('Namespace', 'v1', undefined, namespace),
        'metadata.labels["pod-security.kubernetes.io/enforce"]',
        `the namespace enforces ${level}`,
      ),
      ...former.reasons,
      ...demanded.reasons,
    ],
    fixes: [...former.fixes, ...(demanded.fix ? [demanded.fix] : [])],
    unfixed: immutableReason(workload) ?? demanded.unfixed,
  });
}

function formerFixes(
  view: ClusterView,
  workload: KubeObject,
  checks: readonly SecurityCheck[],
): { fixes: FixDraft[]; reasons: Evidence[] } {
  const parts = formerParts(view, workload, (pointer) => JUDGED.test(pointer)).filter(({ podSpec }) =>
    checks.every(({ passes }) => passes?.(podSpec) ?? true),
  );
  return {
    fixes: parts.map(({ ops, trust }) => ({
      changes: [jsonPatch(workload, ops), ...replaceStuckPods(view, workload)],
      expects: `${workload.kind} ${workload.metadata.name} has the security settings of before, which the namespace lets in`,
      confidence: 0.9 * trust,
    })),
    reasons: parts.map((part) => part.evidence),
  };
}

/** Exactly the fields that the message names; nothing that takes a right from a program which may need it. */
function demandedFields(
  view: ClusterView,
  workload: KubeObject,
  checks: readonly SecurityCheck[],
): { fix?: FixDraft; reasons: Evidence[]; unfixed?: string } {
  if (checks.some(({ demands }) => !demands)) {
    const unfixed =
      'the pods were given something that the level forbids, and nothing tells whether they can do without: their owner decides';
    return { reasons: [], unfixed };
  }
  const template = podTemplateOf(workload)!;
  const reasons: Evidence[] = [];
  const ops: PatchOp[] = [];
  for (const container of containersOf(template.spec)) {
    const fields = new Map<string, unknown>();
    for (const { demands = [], passes } of checks) {
      if (passes?.({ ...template.spec, containers: [container.spec], initContainers: [] })) continue;
      for (const { field, value } of demands) fields.set(field, value);
    }
    const extra: unknown[] = (container.spec?.securityContext?.capabilities?.add ?? []) as unknown[];
    if (fields.has('capabilities') && extra.length > 0) {
      if (extra.some((name) => name !== 'NET_BIND_SERVICE')) {
        return {
          reasons: [],
          unfixed: `container ${container.name} adds capabilities that the level forbids: its owner decides`,
        };
      }
      fields.set('capabilities', { add: extra, drop: ['ALL'] });
    }
    if (fields.has('runAsNonRoot')) {
      const user = userOf(view, template.spec, container);
      if (!user) {
        const unfixed = `nothing in the cluster tells as which user image ${container.image} can run: its owner has to set runAsUser of container ${container.name}`;
        return { reasons: [], unfixed: untrustedLine(unfixed) };
      }
      if (user.write) fields.set('runAsUser', user.uid);
      reasons.push(user.evidence);
    }
    ops.push(...contextOps(template.pointer, container, fields));
  }
  if (ops.length === 0) return { reasons: [] };
  const fix = {
    changes: [jsonPatch(workload, ops), ...replaceStuckPods(view, workload)],
    expects: `The pods of ${workload.kind} ${workload.metadata.name} declare what the namespace demands and are accepted`,
    confidence: 0.7,
  };
  return { fix, reasons };
}

function contextOps(root: string, container: ContainerSpec, fields: ReadonlyMap<string, unknown>): PatchOp[] {
  if (fields.size === 0) return [];
  const at = `${root}${container.pointer}`;
  const now = container.spec?.securityContext as Record<string, unknown> | undefined;
  return [
    { op: 'test', path: `${at}/name`, value: container.name },
    ...(now === undefined ? [] : [{ op: 'test' as const, path: `${at}/securityContext`, value: now }]),
    { op: 'add', path: `${at}/securityContext`, value: { ...now, ...Object.fromEntries(fields) } },
  ];
}

/** A user other than root that the container runs as, by its own settings or in a ready pod of the same image. */
function userOf(
  view: ClusterView,
  podSpec: KubeObject['spec'],
  { name, image, spec }: ContainerSpec,
): { uid: number; write: boolean; evidence: Evidence } | null {
  const own: unknown = spec?.securityContext?.runAsUser ?? podSpec?.securityContext?.runAsUser;
  if (typeof own === 'number') {
    if (own === 0) return null;
    const text = `container ${name} runs as user ${own}`;
    return { uid: own, write: false, evidence: { source: 'spec', text } };
  }
  const found = imageUser(view, image);
  return found && { ...found, write: true };
}

export const podSecurityRule: Analyzer = {
  rule: POD_SECURITY,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, 'Event'],
  explains: 'Pods that break the Pod Security level which their namespace enforces, and by what.',
  unfixed: 'what the level forbids may be what the program needs: its owner and whoever set the level decide',
  analyze: analyzePodSecurity,
};
