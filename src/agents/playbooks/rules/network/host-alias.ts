import type { Change, PatchOp } from '../../../../domain/change.ts';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { serviceMeant } from '../../../../kube/named-hosts.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import { complaintAbout, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const HOST_ALIAS = 'host-alias';

/** One name of a template's `hostAliases` that hides a Service. */
interface Alias {
  index: number;
  host: string;
  ip: string;
  service: KubeObject;
}

/**
 * Workloads in trouble whose `hostAliases` give the name of a Service another address than it has: the hosts file of a pod
 * is read before DNS (kubernetes.io, "Adding entries to Pod /etc/hosts with HostAliases").
 */
export async function analyzeHostAliases(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    const trouble = troubled.get(refKey(refOf(workload)));
    const aliases = trouble ? strayAliases(view, workload) : [];
    const [first] = aliases;
    if (!first) continue;
    const lines = (await workloadLog(context, workload)).filter(({ text }) =>
      aliases.some(({ host, ip }) => complaintAbout(text, host) !== null || text.includes(ip)),
    );
    // An address outside may be meant; only what fails tells.
    if (lines.length === 0 && trouble === 'maybe') continue;
    const { kind, metadata } = workload;
    const { field } = podTemplateOf(workload)!;
    const { fixes, reasons } = fixesFor(view, workload, aliases);
    findings.push(
      makeFinding({
        rule: HOST_ALIAS,
        severity: lines.length > 0 || trouble === 'unhealthy' ? 'critical' : 'warning',
        object: workload,
        what: first.host,
        message: `Pods of ${kind} ${metadata.name} take ${first.ip} for Service ${first.service.metadata.name} (hostAliases), which is not its address`,
        evidence: [
          ...aliases
            .slice(0, 3)
            .map(({ index, host, ip, service }) =>
              evidence(
                'spec',
                workload,
                `${field}.hostAliases[${index}]`,
                `${host} is ${ip}; Service ${service.metadata.name} has ${addressesOf(view, service).join(', ') || 'no address'}`,
              ),
            ),
          ...reasons,
          ...lines.slice(-2).map(logEvidence),
        ],
        fixes,
        unfixed: 'its template cannot be changed in place: whoever made it can make it anew without the alias',
      }),
    );
  }
  return findings;
}

function strayAliases(view: ClusterView, workload: KubeObject): Alias[] {
  const aliases = listOf(podTemplateOf(workload)?.spec?.hostAliases);
  return aliases.flatMap((alias, index) =>
    listOf(alias?.hostnames).flatMap((hostname): Alias[] => {
      const [host, ip] = [String(hostname).toLowerCase(), String(alias?.ip ?? '')];
      const meant = serviceMeant(view, host, workload.metadata.namespace);
      const service = meant && view.find('Service', meant.namespace, meant.name);
      if (!service || service.spec?.type === 'ExternalName' || isOfCluster(view, ip)) return [];
      return addressesOf(view, service).includes(ip) ? [] : [{ index, host, ip, service }];
    }),
  );
}

/** A proxy beside the program, another Service, a pod or a node: somebody who may pass it on. */
function isOfCluster(view: ClusterView, ip: string): boolean {
  if (/^(?:127\.|::1$)/.test(ip)) return true;
  const services = view.all('Service').some((service) => clusterAddresses(service).includes(ip));
  const pods = view.all('Pod').some(({ status }) => status?.podIP === ip || status?.hostIP === ip);
  const nodes = view.all('Node').some(({ status }) => listOf(status?.addresses).some((one) => one?.address === ip));
  return services || pods || nodes;
}

function clusterAddresses({ spec, status }: KubeObject): string[] {
  const balancer = listOf(status?.loadBalancer?.ingress).map((one) => one?.ip as unknown);
  const given = [spec?.clusterIP, ...listOf(spec?.clusterIPs), ...listOf(spec?.externalIPs), ...balancer] as unknown[];
  return [...new Set(given.filter((ip): ip is string => typeof ip === 'string' && ip !== '' && ip !== 'None'))];
}

function addressesOf(view: ClusterView, service: KubeObject): string[] {
  const pods = view.podsBehind(service).flatMap(({ status }) => (status?.podIP as string | undefined) ?? []);
  return [...clusterAddresses(service), ...pods];
}

function fixesFor(view: ClusterView, workload: KubeObject, aliases: readonly Alias[]) {
  if (!hasMutableTemplate(workload)) return { fixes: [], reasons: [] };
  const { spec, pointer } = podTemplateOf(workload)!;
  const stuck = replaceStuckPods(view, workload, (pod) => isLiving(pod) && !isReady(pod));
  const expects = `pods of ${workload.kind} ${workload.metadata.name} ask the cluster's DNS for ${aliases.map(({ host }) => host).join(', ')}`;
  const parts = formerParts(view, workload, (at) => /^\/hostAliases(?:\/|$)/.test(at));
  const former = parts
    .filter(({ podSpec }) => !hides(podSpec?.hostAliases, aliases))
    .map((part): FixDraft => ({
      changes: [jsonPatch(workload, part.ops), ...stuck],
      expects,
      confidence: 0.92 * part.trust,
    }));
  const path = `${pointer}/hostAliases`;
  const value = without(spec.hostAliases, aliases);
  const ops: PatchOp[] = [
    { op: 'test', path, value: spec.hostAliases as unknown },
    value.length > 0 ? { op: 'replace', path, value } : { op: 'remove', path },
  ];
  return {
    fixes: [
      ...former,
      ...followed(workload, aliases, stuck),
      { changes: [jsonPatch(workload, ops), ...stuck], expects, confidence: 0.7 },
    ],
    reasons: parts.map((part) => part.evidence),
  };
}

/**
 * The address that the Service has now, in place of the one written down: what else is named in the same line leads to the
 * same server, and no DNS may know it. Likely where the address could have been the Service's own.
 */
function followed(workload: KubeObject, aliases: readonly Alias[], stuck: Change[]): FixDraft[] {
  const { spec, pointer } = podTemplateOf(workload)!;
  const ops: PatchOp[] = [];
  let likely = false;
  for (const index of new Set(aliases.map((alias) => alias.index))) {
    const own = aliases.filter((alias) => alias.index === index);
    const [address, ...others] = new Set(own.map(({ service }) => clusterIpOf(service)));
    if (!address || others.length > 0) return [];
    const path = `${pointer}/hostAliases/${index}/ip`;
    ops.push({ op: 'test', path, value: own[0]!.ip }, { op: 'replace', path, value: address });
    const shared = listOf(listOf(spec.hostAliases)[index]?.hostnames).length > own.length;
    likely ||= shared && nearby(address, own[0]!.ip);
  }
  const [{ host }, ...more] = aliases as [Alias, ...Alias[]];
  const names = `${host}${more.length > 0 ? ` and ${more.length} more` : ''}`;
  const expects = `pods of ${workload.kind} ${workload.metadata.name} take the address for ${names} that its Service has now`;
  return [{ changes: [jsonPatch(workload, ops), ...stuck], expects, confidence: likely ? 0.75 : 0.6 }];
}

/** Of one range, as far as that can be told: those for Services have mostly 16 bits or fewer to themselves. */
function nearby(a: string, b: string): boolean {
  const start = (ip: string) => ip.split(/[.:]/, 2).join('.');
  return start(a) === start(b);
}

function clusterIpOf({ spec }: KubeObject): string | null {
  const address = spec?.clusterIP as string | undefined;
  return address && address !== 'None' ? address : null;
}

function hides(list: unknown, aliases: readonly Alias[]): boolean {
  return listOf(list).some((alias) =>
    aliases.some(({ host, ip }) => alias?.ip === ip && listOf(alias?.hostnames).includes(host)),
  );
}

/** The list without these names; an entry that has no other goes with them. */
function without(list: unknown, aliases: readonly Alias[]): unknown[] {
  return listOf(list).flatMap((alias, index) => {
    const gone = new Set(aliases.filter((one) => one.index === index).map(({ host }) => host));
    if (gone.size === 0) return [alias as unknown];
    const hostnames = listOf(alias?.hostnames).filter((name) => !gone.has(String(name).toLowerCase()));
    return hostnames.length > 0 ? [{ ...(alias as object), hostnames }] : [];
  });
}

export const hostAliasRule: Analyzer = {
  rule: HOST_ALIAS,
  layer: 'template',
  kinds: [...PODS, 'Event', ...REVISIONS, 'Service', 'Node', 'ConfigMap', 'Namespace'],
  explains: 'Pods that ask an address which is written down for a Service and is not its own.',
  unfixed: 'its template cannot be changed in place',
  analyze: analyzeHostAliases,
};
