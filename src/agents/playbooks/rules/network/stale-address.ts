import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { inBlock } from '../../../../kube/network-policy.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import { listens, portKnowledge } from '../../../../kube/port-knowledge.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SERVING_SHOWN = 4;

/** An address of the pods' network that somebody wrote down. */
interface Written {
  service: KubeObject;
  slice: KubeObject;
  address: string;
}

/**
 * Services without a selector whose hand-written EndpointSlices lead to an address of the pods' network that no pod has any
 * more. Which pod was meant nobody keeps: it is explained, and who could be meant is named. Says nothing where the pods of
 * all namespaces, or the nodes, may not be read.
 */
export async function staleAddresses({ view, list }: AnalyzerContext, rule: string): Promise<Finding[]> {
  const written = view.all('Service').flatMap((service) => writtenOf(view, service));
  if (written.length === 0) return [];
  // Where not all pods may be read, one of the others may have the address.
  const pods = await list({ apiVersion: 'v1', kind: 'Pod' }).catch(() => null);
  if (!pods) return [];
  const held = new Set(pods.filter(isLiving).flatMap((pod) => listOf(pod.status?.podIPs).map((each) => each?.ip)));
  return written.filter(({ address }) => !held.has(address)).map((one) => findingFor(view, rule, one));
}

function writtenOf(view: ClusterView, service: KubeObject): Written[] {
  const { selector, type } = service.spec ?? {};
  if (service.metadata.deletionTimestamp || type === 'ExternalName' || Object.keys(selector ?? {}).length > 0)
    return [];
  return view.slicesOf(service).flatMap((slice) => {
    if (slice.metadata.labels?.[MANAGED_BY]?.endsWith('.k8s.io')) return [];
    return listOf(slice['endpoints']).flatMap((endpoint) =>
      (listOf(endpoint?.addresses) as string[])
        .filter((address) => isOfPods(view, address))
        .map((address) => ({ service, slice, address })),
    );
  });
}

function isOfPods(view: ClusterView, address: string): boolean {
  return view.all('Node').some(({ spec }) => {
    const blocks = listOf(spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : [])) as string[];
    return blocks.some((block) => inBlock(block, address));
  });
}

function findingFor(view: ClusterView, rule: string, { service, slice, address }: Written): Finding {
  const { name, namespace } = service.metadata;
  const serving = view.all('Pod', namespace).filter((pod) => {
    const knowledge = portKnowledge(podTemplateOf(pod)?.spec ?? {});
    return (
      isReady(pod) && servicePorts(service).every((port) => listens(knowledge, port.target, port.protocol) === 'yes')
    );
  });
  const writer = changedAt(slice, ['endpoints']);
  const names = serving.slice(0, SERVING_SHOWN).map(({ metadata }) => metadata.name);
  const who = names.length > 0 ? `; ${names.join(', ')} listen where the Service leads` : '';
  return makeFinding({
    rule,
    severity: 'critical',
    object: service,
    what: `address/${slice.metadata.name}/${address}`,
    message: `Service ${name} has no selector, and EndpointSlice ${slice.metadata.name}, written by hand, leads to ${address}, which no pod has any more${who}`,
    evidence: [
      evidence('spec', slice, 'endpoints', `address ${address} is of the pods' network, and no pod has it`),
      ...(writer?.by
        ? [evidence('sibling', slice, 'metadata.managedFields', `last written by ${writer.by} at ${new Date(writer.at).toISOString()}`)] // prettier-ignore
        : []),
      ...serving
        .slice(0, SERVING_SHOWN)
        .map((pod) => evidence('sibling', pod, 'status.podIP', `pod ${pod.metadata.name} is at ${pod.status?.podIP}`)),
    ],
    fixes: [],
    unfixed: `which pod is meant nobody keeps: who writes EndpointSlice ${slice.metadata.name} can say, or give the Service a selector`,
  });
}
