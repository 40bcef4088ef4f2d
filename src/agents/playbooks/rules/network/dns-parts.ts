import type { KubeObject } from '../../../../domain/kube-object.ts';
import { selectorMapMatches } from '../../../../kube/labels.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';

export const CLUSTER_DNS = 'cluster-dns';

/** Where the cluster's DNS runs, and how its objects are labelled, whichever program it is. */
export const SYSTEM = 'kube-system';
const DNS_LABEL = { 'k8s-app': 'kube-dns' };

/** What answers names for the cluster's pods. */
export interface DnsParts {
  service: KubeObject;
  pods: KubeObject[];
  /** Deployment or DaemonSet of these pods. */
  server: KubeObject | null;
}

/** Null where the cluster's DNS is another one, or may not be read. */
export async function dnsParts({ list }: AnalyzerContext): Promise<DnsParts | null> {
  // Many may not read the system namespace: the rule is silent for them.
  const read = (apiVersion: string, kind: string) => list({ apiVersion, kind }, SYSTEM).catch(() => null);
  const services = await read('v1', 'Service');
  const service = services?.find(
    ({ metadata }) => metadata.name === 'kube-dns' || selectorMapMatches(DNS_LABEL, metadata.labels),
  );
  if (!service) return null;
  const [pods, deployments, sets] = await Promise.all([
    read('v1', 'Pod'), read('apps/v1', 'Deployment'), read('apps/v1', 'DaemonSet'),
  ]); // prettier-ignore
  if (!pods || !deployments) return null;
  const selector = service.spec?.selector as Record<string, string> | undefined;
  const servers = [...deployments, ...(sets ?? [])];
  const server =
    servers.find((each) => selectorMapMatches(selector, podTemplateOf(each)?.labels)) ??
    servers.find(({ metadata }) => metadata.name === 'coredns' || selectorMapMatches(DNS_LABEL, metadata.labels)) ??
    null;
  return {
    service,
    server,
    pods: pods.filter((pod) => isLiving(pod) && selectorMapMatches(selector, pod.metadata.labels)),
  };
}

/** Why a fix in the system's namespace is left to a person. */
export function outside(command: string): string {
  return `the cluster's DNS lies outside the namespace of this run, so that only a person may mend it: ${command}`;
}
