import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { refTo } from '../../../../kube/cluster-view.ts';
import { readyEndpoints } from '../../../../kube/endpoints.ts';
import { PODS, ROLLOUT_KINDS } from '../../../../kube/kind-sets.ts';
import { selectorMapMatches } from '../../../../kube/labels.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import type { MeantService, NamedHost } from '../../../../kube/named-hosts.ts';
import { namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { desiredReplicas } from '../../../../kube/pods.ts';
import type { Trouble } from '../../clues/pods/troubled.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { complaintAbout, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const FOREIGN_SERVICE = 'foreign-service';

/** Services of other namespaces that are looked at. */
const MAX_LOOKS = 12;

interface Asked {
  meant: MeantService;
  references: NamedHost[];
}

/** Services in namespaces beyond the run's that workloads in trouble name, and behind which no pod is ready. */
export async function analyzeForeignServices(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const asked = new Map<string, Asked>();
  for (const reference of namedHosts(view)) {
    const { from, host } = reference;
    if (!troubled.has(refKey(refOf(from)))) continue;
    const meant = serviceMeant(view, host, from.metadata.namespace);
    if (!meant?.qualified || view.inScope(meant.namespace)) continue;
    const key = `${meant.namespace}/${meant.name}`;
    const known = asked.get(key);
    if (known) known.references.push(reference);
    else asked.set(key, { meant, references: [reference] });
  }
  const looks = [...asked.values()].slice(0, MAX_LOOKS).map(async (one) => {
    // What may not be read there is unknown, and nothing is concluded from it.
    const unserved = await unservedBy(context, one.meant).catch(() => null);
    return unserved ? [await findingFor(context, one, unserved, troubled)] : [];
  });
  return (await Promise.all(looks)).flat();
}

interface Unserved {
  service: KubeObject;
  /** Workloads whose pods it selects. */
  behind: KubeObject[];
}

/** Null where it does not exist, is served, or leads somewhere that no pods tell of. */
async function unservedBy({ get, list }: AnalyzerContext, { name, namespace }: MeantService): Promise<Unserved | null> {
  const service = await get(refTo('Service', 'v1', namespace, name));
  const selector = service?.spec?.selector as Record<string, string> | undefined;
  if (!service || service.spec?.type === 'ExternalName' || Object.keys(selector ?? {}).length === 0) return null;
  const slices = await list({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }, namespace);
  if (readyEndpoints(slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)) > 0)
    return null;
  const lists = await Promise.all(
    ROLLOUT_KINDS.map(async (kind) =>
      (await list({ apiVersion: 'apps/v1', kind }, namespace)).map((object) => ({ ...object, kind })),
    ),
  );
  const behind = lists.flat().filter((object) => selectorMapMatches(selector, podTemplateOf(object)?.labels));
  return { service, behind };
}

async function findingFor(
  context: AnalyzerContext,
  { meant: { name, namespace }, references }: Asked,
  { service, behind }: Unserved,
  troubled: Map<string, Trouble>,
): Promise<Finding> {
  const callers = [...new Set(references.map(({ from }) => from))];
  const lines: LogLine[] = [];
  for (const caller of callers.slice(0, 3)) {
    const hosts = references.filter(({ from }) => from === caller).map(({ host }) => host);
    const log = await workloadLog(context, caller);
    lines.push(...log.filter(({ text }) => hosts.some((host) => complaintAbout(text, host))));
  }
  const sure = lines.length > 0 || callers.some((caller) => troubled.get(refKey(refOf(caller))) !== 'maybe');
  const idle = behind.filter((workload) => desiredReplicas(workload) === 0);
  const who = callers.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  return makeFinding({
    rule: FOREIGN_SERVICE,
    severity: sure ? 'critical' : 'warning',
    object: refOf(service),
    what: 'unserved',
    message: `${who.slice(0, 3).join(', ')} ${callers.length > 1 ? 'ask' : 'asks'} Service ${name} in namespace ${namespace}, behind which no pod is ready${reasonOf(behind, idle)}`,
    evidence: [
      ...references.slice(0, 3).map(({ object, field, host }) => evidence('spec', object, field, `names ${host}`)),
      evidence('sibling', service, 'spec.selector', `Service ${name} in namespace ${namespace} has no ready endpoint`),
      ...idle.slice(0, 2).flatMap(sizeEvidence),
      ...lines.slice(-3).map(logEvidence),
    ],
    unfixed: `namespace ${namespace} is not one that this run may change: mitigate it there, or ask whoever owns it`,
    beyond: true,
  });
}

function reasonOf(behind: readonly KubeObject[], idle: readonly KubeObject[]): string {
  const [one] = idle.length > 0 ? idle : behind;
  if (!one) return ': no workload there has pods that it selects';
  const label = `${one.kind} ${one.metadata.namespace}/${one.metadata.name}`;
  if (idle.length > 0) return `: ${label} is scaled to 0`;
  return `: ${label} has ${one.status?.readyReplicas ?? one.status?.numberReady ?? 0} ready pods`;
}

function sizeEvidence(workload: KubeObject): Evidence[] {
  const change = changedAt(workload, ['spec', 'replicas']);
  const who = change?.by ? `, set by ${change.by} at ${new Date(change.at).toISOString()} at the latest` : '';
  const text = `${workload.kind} ${workload.metadata.name} has spec.replicas 0${who}`;
  return [evidence('sibling', workload, 'spec.replicas', text)];
}

export const foreignServiceRule: Analyzer = {
  rule: FOREIGN_SERVICE,
  layer: 'replicas',
  kinds: [...PODS, 'Event', 'Service', 'ConfigMap', 'Namespace'],
  explains: 'Programs that ask a Service of another namespace behind which no pod is ready, and why none is.',
  unfixed: 'the namespace of the Service is not one that this run may change',
  analyze: analyzeForeignServices,
};
