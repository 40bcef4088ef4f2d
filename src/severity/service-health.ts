import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel, refOf } from '../domain/kube-object.ts';
import { isIssuedByAnnotation, tlsReferences } from '../kube/ingress-tls.ts';
import type { SeverityItem } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import { objectsOf } from '../domain/snapshot.ts';
import { staleEndpoints } from './endpoint-health.ts';
import type { Health } from './health-findings.ts';
import { healthItem } from './health-findings.ts';
import { podStates } from '../kube/pod-state.ts';
import { isAppliedAtZero } from '../kube/scaled-to-zero.ts';
import { idleByDesign } from '../kube/scalers.ts';
import { listens, portKnowledge } from '../kube/port-knowledge.ts';
import { servicePorts } from '../kube/service-backends.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { readyEndpoints } from '../kube/endpoints.ts';
import { selectorMapMatches } from '../kube/labels.ts';
import { podTemplate } from '../kube/pod-template.ts';

/** Services that lead nowhere, and Ingress rules that name no Service. */
export function serviceHealth(snapshot: ClusterSnapshot, cluster: ClusterView): Health {
  const health: Health = { items: [], progressing: [] };
  for (const service of objectsOf(snapshot, 'Service')) {
    const selector = service.spec?.selector as Record<string, string> | undefined;
    if (service.spec?.type === 'ExternalName' || Object.keys(selector ?? {}).length === 0) continue;
    const pods = cluster.selectedPods(service);
    health.items.push(...portMismatches(service, pods));
    addEndpointHealth(service, pods, snapshot, cluster, health);
    const stale = staleEndpoints(service, pods, cluster);
    health.items.push(...stale.items);
    health.progressing.push(...stale.progressing);
  }
  for (const ingress of objectsOf(snapshot, 'Ingress')) {
    health.items.push(...missingBackends(ingress, snapshot), ...missingCertificates(ingress, snapshot));
  }
  return health;
}

function addEndpointHealth(
  service: KubeObject,
  pods: KubeObject[],
  snapshot: ClusterSnapshot,
  cluster: ClusterView,
  health: Health,
): void {
  if (readyEndpoints(cluster.slicesOf(service)) > 0 || isLeftAtZero(service, snapshot, cluster)) return;
  const ref = refOf(service);
  const now = Date.parse(snapshot.takenAt);
  const states = podStates(pods, now).map(({ state }) => state.phase);
  const live = states.filter((phase) => !['finished', 'failed', 'terminating'].includes(phase)).length;
  const unready = live === 1 ? 'its only pod is not ready' : `none of its ${live} pods is ready`;
  const why = live === 0 ? 'no pod matches its selector' : unready;
  const item = healthItem(ref, 'no-endpoints', 1, `${refLabel(ref)} has no ready endpoints: ${why}`);
  // A ready pod without an endpoint: the endpoint controller has not caught up yet.
  const soon = states.includes('starting') || states.includes('healthy');
  (soon ? health.progressing : health.items).push(item);
}

function isLeftAtZero(service: KubeObject, snapshot: ClusterSnapshot, cluster: ClusterView): boolean {
  const { namespace } = service.metadata;
  const behind = ['Deployment', 'StatefulSet']
    .flatMap((kind) => objectsOf(snapshot, kind, namespace))
    .filter((object) => selectorMapMatches(service.spec?.selector, podTemplate(object)?.metadata?.labels));
  return (
    behind.length > 0 &&
    behind.every(
      (object) =>
        object.spec?.replicas === 0 && (idleByDesign(object, snapshot) !== null || isAppliedAtZero(object, cluster)),
    )
  );
}

/** Ports of a Service that none of its pods serves. Headless Services do not translate ports. */
function portMismatches(service: KubeObject, pods: KubeObject[]): SeverityItem[] {
  if (service.spec?.clusterIP === 'None') return [];
  const running = pods.filter((pod) => !['Succeeded', 'Failed'].includes(pod.status?.phase));
  if (running.length === 0) return [];
  const ref = refOf(service);
  const known = running.map((pod) => portKnowledge(pod.spec));
  return servicePorts(service)
    .filter(({ target, protocol }) => known.every((knowledge) => listens(knowledge, target, protocol) === 'no'))
    .map(({ number, target }) => {
      const message = `${refLabel(ref)} port ${number} leads to ${target}, which no container of its ${running.length === 1 ? 'pod' : `${running.length} pods`} has`;
      return healthItem(ref, `target-port/${number}`, 1, message);
    });
}

interface Backend {
  service?: { name?: string; port?: { number?: number; name?: string } };
}

/** Of what users of an Ingress get whose certificate is missing: pages without TLS, and another one's certificate with it. */
const WITHOUT_CERTIFICATE = 0.5;

/** Certificates that are not there and that no controller is to make: whoever asks gets that of somebody else. */
function missingCertificates(ingress: KubeObject, snapshot: ClusterSnapshot): SeverityItem[] {
  if (!snapshot.objects.Secret || ingress.metadata.deletionTimestamp || isIssuedByAnnotation(ingress)) return [];
  const ref = refOf(ingress);
  const secrets = new Set(objectsOf(snapshot, 'Secret', ref.namespace).map(({ metadata }) => metadata.name));
  const issued = objectsOf(snapshot, 'Certificate.cert-manager.io', ref.namespace).map(({ spec }) => spec?.secretName);
  return tlsReferences(ingress)
    .filter(({ name }) => !secrets.has(name) && !issued.includes(name))
    .map(({ name }) => {
      const message = `${refLabel(ref)} has no certificate for its hosts: Secret ${name} does not exist`;
      return healthItem(ref, `certificate/${name}`, WITHOUT_CERTIFICATE, message);
    });
}

function missingBackends(ingress: KubeObject, snapshot: ClusterSnapshot): SeverityItem[] {
  const rules = (ingress.spec?.rules ?? []) as { http?: { paths?: { backend?: Backend }[] } }[];
  const backends = [
    ingress.spec?.defaultBackend as Backend | undefined,
    ...rules.flatMap((rule) => rule.http?.paths ?? []).map((path) => path.backend),
  ];
  const ref = refOf(ingress);
  const items = new Map<string, SeverityItem>();
  for (const backend of backends) {
    const { name, port } = backend?.service ?? {};
    if (!name) continue;
    const service = objectsOf(snapshot, 'Service', ref.namespace).find((object) => object.metadata.name === name);
    const ports = service ? servicePorts(service) : [];
    const wanted = port?.name ?? port?.number;
    if (service && (wanted === undefined || ports.some((entry) => entry.name === wanted || entry.number === wanted)))
      continue;
    const why = service ? `Service ${name} has no port ${wanted}` : `Service ${name} does not exist`;
    const what = `backend/${name}:${wanted ?? ''}`;
    items.set(what, healthItem(ref, what, 1, `${refLabel(ref)} leads nowhere: ${why}`));
  }
  return [...items.values()];
}
