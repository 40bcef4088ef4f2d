import { listOf } from '../../../../kube/untyped-list.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { containersOf, hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const SHADOWED_VARIABLE = 'shadowed-variable';

/** A variable that a container is given twice, with different values: the first is lost. */
interface Shadow {
  name: string;
  container: ContainerSpec;
  /** Place in `env` of the one that wins. */
  index: number;
  text: string;
}

/** Workloads in trouble whose variables hide each other, or are hidden by those that the kubelet makes of Services. */
export async function analyzeShadowedVariables(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const trouble = troubled.get(refKey(refOf(workload)));
    const template = podTemplateOf(workload);
    if (!trouble || !template) continue;
    if (trouble !== 'maybe')
      for (const container of containersOf(template.spec))
        for (const shadow of shadowsIn(view, workload, container)) findings.push(shadowFinding(view, workload, shadow));
    const link = trouble === 'unhealthy' ? await linkFinding(context, workload) : null;
    if (link) findings.push(link);
  }
  return findings;
}

function shadowsIn(view: ClusterView, workload: KubeObject, container: ContainerSpec): Shadow[] {
  const env = listOf(container.spec?.env);
  const maps = listOf(container.spec?.envFrom).flatMap((source) => {
    const map = view.find('ConfigMap', workload.metadata.namespace, String(source?.configMapRef?.name ?? ''));
    const prefix = String(source?.prefix ?? '');
    return map ? [{ map, data: prefixed((map['data'] ?? {}) as Record<string, string>, prefix) }] : [];
  });
  return env.flatMap((variable, index): Shadow[] => {
    const name = String(variable?.name ?? '');
    const before = env.slice(0, index).find((each) => each?.name === name);
    if (before && JSON.stringify(before) !== JSON.stringify(variable))
      return [{ name, container, index, text: `container ${container.name} has it twice; the later one wins` }];
    const from = maps.findLast(
      ({ data }) => data[name] !== undefined && typeof variable?.value === 'string' && data[name] !== variable.value,
    );
    const text = `container ${container.name} also takes it from ConfigMap ${from?.map.metadata.name}; env wins over envFrom`;
    return from ? [{ name, container, index, text }] : [];
  });
}

function prefixed(data: Record<string, string>, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [prefix + key, value]));
}

function shadowFinding(view: ClusterView, workload: KubeObject, { name, container, index, text }: Shadow): Finding {
  const template = podTemplateOf(workload)!;
  const place = `${container.pointer}/env`;
  const parts = hasMutableTemplate(workload)
    ? formerParts(view, workload, (pointer) => pointer === place || pointer.startsWith(`${place}/`))
    : [];
  const stuck = replaceStuckPods(view, workload, (pod) => isLiving(pod) && !isReady(pod));
  const expects = `container ${container.name} of ${workload.kind} ${workload.metadata.name} has variable ${name} as before`;
  return makeFinding({
    rule: SHADOWED_VARIABLE,
    severity: 'warning',
    object: workload,
    what: `${container.name}/${name}`,
    message: `Variable ${name} of ${workload.kind} ${workload.metadata.name} hides another value of the same name`,
    evidence: [
      evidence('spec', workload, `${template.field}.${container.place}.env[${index}]`, text),
      ...parts.map((part) => part.evidence),
    ],
    fixes: parts.map((part): FixDraft => ({
      changes: [jsonPatch(workload, part.ops), ...stuck],
      expects,
      confidence: 0.85 * part.trust,
    })),
  });
}

/** `tcp://10.0.0.1:6379`: what the kubelet gives a container as NAME_PORT for each Service. */
const LINK = /tcp:\/\/(?:\d{1,3}\.){3}\d{1,3}:\d+/;

/**
 * A program that takes the variable NAME_PORT which the kubelet makes of a Service for its own.
 * Source: kubernetes.io, "Service", environment variables; field enableServiceLinks.
 */
async function linkFinding(context: AnalyzerContext, workload: KubeObject): Promise<Finding | null> {
  const { view } = context;
  const template = podTemplateOf(workload)!;
  if (template.spec?.enableServiceLinks === false || !hasMutableTemplate(workload)) return null;
  const line = (await workloadLog(context, workload)).find(({ text }) => LINK.test(text));
  if (!line) return null;
  const address = LINK.exec(line.text)![0].replace('tcp://', '');
  const service = view
    .all('Service', workload.metadata.namespace)
    .find(({ spec }) => spec?.clusterIP && address.startsWith(`${spec.clusterIP}:`));
  if (!service) return null;
  const variable = `${service.metadata.name.toUpperCase().replaceAll('-', '_')}_PORT`;
  const own = containersOf(template.spec).some(({ spec }) => listOf(spec?.env).some((each) => each?.name === variable));
  if (own) return null;
  const path = `${template.pointer}/enableServiceLinks`;
  const now: unknown = template.spec.enableServiceLinks;
  const ops: PatchOp[] = now === undefined ? [] : [{ op: 'test', path, value: now }];
  ops.push({ op: now === undefined ? 'add' : 'replace', path, value: false });
  const stuck = replaceStuckPods(view, workload, (pod) => isLiving(pod) && !isReady(pod));
  return makeFinding({
    rule: SHADOWED_VARIABLE,
    severity: 'critical',
    object: workload,
    what: `link/${service.metadata.name}`,
    message: `${workload.kind} ${workload.metadata.name} takes variable ${variable}, which the kubelet makes of Service ${service.metadata.name}, for a setting of its own`,
    evidence: [
      logEvidence(line),
      evidence('sibling', service, 'metadata.name', untrustedLine(`gives containers ${variable}=tcp://${address}`)),
      evidence(
        'spec',
        workload,
        `${template.field}.enableServiceLinks`,
        'such variables are made unless this is false',
      ),
    ],
    fixes: [
      {
        changes: [jsonPatch(workload, ops), ...stuck],
        expects: `containers of ${workload.kind} ${workload.metadata.name} start without variables of Services`,
        confidence: 0.8,
      },
    ],
  });
}

export const shadowedVariableRule: Analyzer = {
  rule: SHADOWED_VARIABLE,
  layer: 'template',
  kinds: [...PODS, 'Event', ...REVISIONS, 'Service', 'ConfigMap', 'Namespace'],
  explains: 'Variables that hide others of the same name, or are taken for what the kubelet makes of Services.',
  unfixed:
    'no earlier state of the template had it otherwise: whoever owns the program can say which of the values it needs',
  analyze: analyzeShadowedVariables,
};
