import type { PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { NamedHost } from '../../../../kube/named-hosts.ts';
import { namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { complaintAbout, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const POD_DNS = 'pod-dns';

/**
 * Workloads in trouble that name Services and whose pods do not ask the cluster's DNS: by their dnsPolicy, or because
 * pods on their node's network take the node's resolver unless told otherwise.
 * Source: kubernetes.io, "DNS for Services and Pods", pod's DNS policy.
 */
export async function analyzePodDns(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const trouble = troubled.get(refKey(refOf(workload)));
    const why = trouble ? aside(workload) : null;
    if (!trouble || why === null) continue;
    const names = servicesNamed(view, workload);
    if (names.length === 0) continue;
    const log = await workloadLog(context, workload);
    const lines = log.filter(({ text }) => names.some(({ host }) => complaintAbout(text, host) !== null));
    if (lines.length === 0 && trouble === 'maybe') continue;
    const { kind, metadata } = workload;
    const parts = partsOf(view, workload);
    findings.push(
      makeFinding({
        rule: POD_DNS,
        severity: lines.length > 0 || trouble === 'unhealthy' ? 'critical' : 'warning',
        object: workload,
        what: 'dns-policy',
        message: `Pods of ${kind} ${metadata.name} do not ask the cluster's DNS (${why}), but are told to ask Service ${names[0]!.host}`,
        evidence: [
          evidence('spec', workload, `${podTemplateOf(workload)!.field}.dnsPolicy`, why),
          ...names.slice(0, 2).map(({ object, field, host }) => evidence('spec', object, field, `names ${host}`)),
          ...parts.map((part) => part.evidence),
          ...lines.slice(-2).map(logEvidence),
        ],
        fixes: fixesFor(view, workload, parts),
        unfixed: 'its template cannot be changed in place: whoever made it can make it anew with another dnsPolicy',
      }),
    );
  }
  return findings;
}

/** Why pods of the workload do not ask the cluster's DNS; null where they do. */
function aside(workload: KubeObject): string | null {
  const spec = podTemplateOf(workload)?.spec;
  const policy: unknown = spec?.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'Default' || policy === 'None') return `dnsPolicy ${policy}`;
  return policy === 'ClusterFirst' && spec?.hostNetwork === true ? 'dnsPolicy ClusterFirst beside hostNetwork' : null;
}

/** Names that only the cluster's DNS knows. */
function servicesNamed(view: ClusterView, workload: KubeObject): NamedHost[] {
  return namedHosts(view).filter(({ from, host, address }) => {
    const meant = from === workload && address ? serviceMeant(view, host, from.metadata.namespace) : null;
    return meant !== null && view.find('Service', meant.namespace, meant.name) !== undefined;
  });
}

const partsOf = (view: ClusterView, workload: KubeObject): ReturnType<typeof formerParts> =>
  formerParts(view, workload, (pointer) => /^\/(?:dnsPolicy|dnsConfig|hostNetwork)(?:\/|$)/.test(pointer)).filter(
    ({ podSpec }) => !['Default', 'None'].includes(podSpec?.dnsPolicy),
  );

function fixesFor(view: ClusterView, workload: KubeObject, parts: ReturnType<typeof formerParts>): FixDraft[] {
  if (!hasMutableTemplate(workload)) return [];
  const { spec, pointer } = podTemplateOf(workload)!;
  const path = `${pointer}/dnsPolicy`;
  const value = spec.hostNetwork === true ? 'ClusterFirstWithHostNet' : 'ClusterFirst';
  const ops: PatchOp[] = spec.dnsPolicy === undefined ? [] : [{ op: 'test', path, value: spec.dnsPolicy }];
  ops.push({ op: spec.dnsPolicy === undefined ? 'add' : 'replace', path, value });
  const stuck = replaceStuckPods(view, workload, (pod) => isLiving(pod) && !isReady(pod));
  const expects = `pods of ${workload.kind} ${workload.metadata.name} resolve the names of Services`;
  return [
    ...parts.map((part) => ({
      changes: [jsonPatch(workload, part.ops), ...stuck],
      expects,
      confidence: 0.92 * part.trust,
    })),
    { changes: [jsonPatch(workload, ops), ...stuck], expects, confidence: 0.7 },
  ];
}

export const podDnsRule: Analyzer = {
  rule: POD_DNS,
  layer: 'template',
  kinds: [...PODS, 'Event', ...REVISIONS, 'Service', 'ConfigMap', 'Namespace'],
  explains: "Pods that cannot resolve the names of Services because their template leads them past the cluster's DNS.",
  unfixed: 'its template cannot be changed in place',
  analyze: analyzePodDns,
};
