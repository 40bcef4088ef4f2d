import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import { condition, desiredReplicas, isReady } from '../../../../kube/pods.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { endpointPort } from '../../../../kube/endpoint-port.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { isUnresolved, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import { scaleTo } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { DnsParts } from './dns-parts.ts';
import { CLUSTER_DNS, dnsParts, outside, SYSTEM } from './dns-parts.ts';
import { corefileFindings } from './corefile-zones.ts';

/** Workloads whose logs are searched for names that nobody could resolve. */
const MAX_READ = 4;

/** Faults of the cluster's DNS, which every caller of every Service needs. Looked at only while something is in trouble. */
export async function analyzeClusterDns(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  if (troubled.size === 0) return [];
  const parts = await dnsParts(context);
  if (!parts) return [];
  const isTroubled = (workload: KubeObject) => troubled.has(refKey(refOf(workload)));
  const readers = view.workloads().filter(isTroubled);
  const logs = await Promise.all(readers.slice(0, MAX_READ).map((workload) => workloadLog(context, workload)));
  const lines = logs.flat().filter(({ text }) => isUnresolved(text));
  const server = serverFinding(context, parts, lines);
  return server ? [server] : corefileFindings(context, parts, lines, isTroubled);
}

/** Nobody answers at the address that pods are told to ask. */
function serverFinding(
  context: AnalyzerContext,
  { service, pods, server }: DnsParts,
  lines: LogLine[],
): Finding | null {
  const ready = pods.filter(isReady);
  const ports = servicePorts(service).filter(({ number }) => number === 53);
  const reached = ready.some((pod) => ports.some((port) => portIsServed(pod, port)));
  if (reached) return null;
  const draft = (object: KubeObject, what: string, message: string, field: string, text: string, help: string) => {
    const scaled = what === 'scaled-to-zero' && context.view.inScope(SYSTEM);
    return makeFinding({
      rule: CLUSTER_DNS,
      severity: 'critical',
      object,
      what,
      message: `Cluster DNS does not answer: ${message}, so that no pod can resolve the name of a Service`,
      evidence: [
        evidence('spec', object, field, text),
        ...pods.slice(0, 2).map((pod) => {
          const why = condition(pod, 'Ready')?.message ?? 'not ready';
          return evidence('status', pod, 'status.conditions[Ready]', untrustedLine(why));
        }),
        ...lines.slice(-2).map(logEvidence),
      ],
      fixes: scaled ? [{ changes: [scaleTo(object, 2)], expects: 'cluster DNS answers again', confidence: 0.85 }] : [],
      unfixed: outside(help),
    });
  };
  if (server && desiredReplicas(server) === 0) {
    const { kind, metadata } = server;
    const help = `kubectl -n ${SYSTEM} scale ${kind.toLowerCase()}/${metadata.name} --replicas=2`;
    return draft(
      server,
      'scaled-to-zero',
      `${kind} ${metadata.name} is scaled to 0`,
      'spec.replicas',
      'spec.replicas is 0',
      help,
    );
  }
  const selector = JSON.stringify(service.spec?.selector ?? {});
  if (pods.length === 0) {
    const labels = JSON.stringify(server ? podTemplateOf(server)?.labels : {});
    const text = `selects ${selector}, which no pod has; pods of ${server?.metadata.name ?? 'the DNS server'} have ${labels}`;
    const help = `kubectl -n ${SYSTEM} edit service ${service.metadata.name}`;
    return draft(service, 'selector', `Service ${service.metadata.name} selects no pod`, 'spec.selector', text, help);
  }
  if (ready.length === 0) {
    const help = `kubectl -n ${SYSTEM} logs ${refText(pods[0]!)} --all-containers tells why`;
    const [text, what] =
      pods.length === 1
        ? [`the pod behind Service ${service.metadata.name} is not ready`, 'its only pod is not ready']
        : [
            `${pods.length} pods behind Service ${service.metadata.name}, none of them ready`,
            `none of its ${pods.length} pods is ready`,
          ];
    return draft(server ?? service, 'not-ready', what, 'status', text, help);
  }
  const text = ports.length === 0 ? 'it has no port 53' : 'its pods do not listen where its port 53 leads';
  const help = `kubectl -n ${SYSTEM} edit service ${service.metadata.name}`;
  return draft(service, 'port', `Service ${service.metadata.name} leads its port 53 nowhere`, 'spec.ports', text, help);
}

function portIsServed(pod: KubeObject, port: ReturnType<typeof servicePorts>[number]): boolean {
  const number = endpointPort(pod.spec, port);
  const declared = containersOf(pod.spec).flatMap(({ spec }) => (spec?.ports ?? []) as { containerPort?: number }[]);
  return number !== null && (declared.length === 0 || declared.some(({ containerPort }) => containerPort === number));
}

const refText = ({ metadata }: KubeObject): string => `pod/${metadata.name}`;

export const clusterDnsRule: Analyzer = {
  rule: CLUSTER_DNS,
  layer: 'infrastructure',
  kinds: [...PODS, 'Event', 'Service', 'ConfigMap', 'Namespace'],
  explains:
    "Names that no pod can resolve because the cluster's DNS does not run or does not serve the cluster's zone.",
  unfixed: "the cluster's DNS lies outside the namespace of this run: whoever administers the cluster can mend it",
  analyze: analyzeClusterDns,
};
