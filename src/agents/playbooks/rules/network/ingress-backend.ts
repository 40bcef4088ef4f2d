import type { Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { ingressBackends } from '../../../../kube/ingress-backends.ts';
import type { IngressBackend } from '../../../../kube/ingress-backends.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { missingTlsSecrets } from './tls-secrets.ts';
import type { MissingSecret, Trouble } from './tls-secrets.ts';
import { backendPorts, backendServices } from './backend-candidates.ts';
import { PODS } from '../../../../kube/kind-sets.ts';

const INGRESS_BACKEND = 'ingress-backend';

/** Ingress paths that name a Service, or a port of it, that does not exist, and missing TLS Secrets. */
export async function analyzeIngressBackends({ view, list }: AnalyzerContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const ingress of view.all('Ingress')) {
    if (ingress.metadata.deletionTimestamp) continue;
    const troubles = ingressBackends(ingress).flatMap((backend) => troubleOf(view, ingress, backend) ?? []);
    const secrets = await missingTlsSecrets(view, list, ingress);
    if (troubles.length + secrets.length > 0) findings.push(findingFor(ingress, troubles, secrets));
  }
  return findings;
}

function findingFor(ingress: KubeObject, troubles: Trouble[], secrets: MissingSecret[]): Finding {
  const all = [...troubles, ...secrets];
  const onlySecrets = troubles.length === 0;
  return makeFinding({
    rule: INGRESS_BACKEND,
    severity: !onlySecrets ? 'critical' : secrets.every(({ fresh }) => fresh) ? 'info' : 'warning',
    object: ingress,
    what: onlySecrets ? 'tls' : 'backend',
    message: `Ingress ${ingress.metadata.name}: ${[...new Set(all.map(({ text }) => text))].join('; ')}`,
    evidence: all.flatMap((each) => each.evidence),
    // What cannot be mended of the certificates does not keep the paths from being mended.
    fixes: fixesFor(ingress, [...troubles, ...secrets.filter(({ ops }) => ops.length > 0)]),
    ...(onlySecrets ? { unfixed: 'who issues the certificate, a person or a controller, has to make it' } : {}),
  });
}

function troubleOf(view: ClusterView, ingress: KubeObject, backend: IngressBackend): Trouble | null {
  if (!view.known('Service')) return null;
  const { namespace } = ingress.metadata;
  const service = view.find('Service', namespace, backend.name);
  if (!service) {
    const text = `Service ${backend.name} does not exist`;
    const [best] = backendServices(view, ingress, backend, (each) => hasPort(each, backend.port));
    const path = `${backend.pointer}/name`;
    return {
      text,
      evidence: [evidence('spec', ingress, `${backend.field}.name`, text), ...(best?.reasons ?? [])],
      ops: best
        ? [
            { op: 'test', path, value: backend.name },
            { op: 'replace', path, value: best.value },
          ]
        : [],
      confidence: best?.confidence ?? 0,
    };
  }
  if (service.spec?.type === 'ExternalName' || hasPort(service, backend.port)) return null;
  const asked = backend.port?.name ?? backend.port?.number;
  const ports = servicePorts(service);
  const [best] = backendPorts(view, ingress, backend, service);
  const text = `Service ${backend.name} has no port ${asked}`;
  const path = `${backend.pointer}/port`;
  const have = ports.map(({ name, number }) => (name ? `${number} (${name})` : number)).join(', ');
  return {
    text,
    evidence: [
      evidence('spec', ingress, `${backend.field}.port`, `${text}; it has ${have || 'none'}`),
      ...(best?.reasons ?? []),
    ],
    ops:
      best && backend.port
        ? [
            { op: 'test', path, value: backend.port },
            { op: 'replace', path, value: best.value },
          ]
        : [],
    confidence: best?.confidence ?? 0,
  };
}

function hasPort(service: KubeObject, port: Untyped): boolean {
  const asked: unknown = port?.name ?? port?.number;
  return asked === undefined || servicePorts(service).some(({ name, number }) => name === asked || number === asked);
}

/** All broken paths are mended in one patch, or none: a half mended Ingress still fails its users. */
function fixesFor(ingress: KubeObject, troubles: Trouble[]): FixDraft[] {
  if (troubles.length === 0 || troubles.some(({ ops }) => ops.length === 0)) return [];
  return [
    {
      changes: [
        jsonPatch(
          ingress,
          troubles.flatMap(({ ops }) => ops),
        ),
      ],
      expects: `Ingress ${ingress.metadata.name} leads to Services, ports and certificates that exist`,
      confidence: Math.min(...troubles.map(({ confidence }) => confidence)),
    },
  ];
}

export const ingressBackendRule: Analyzer = {
  rule: INGRESS_BACKEND,
  layer: 'network',
  kinds: [...PODS, 'Ingress', 'Service', 'Secret', 'ConfigMap'],
  explains: 'Routes that answer with an error because their Service, or its port, does not exist.',
  unfixed: 'no Service, or port of it, is known to be the one that the route should lead to',
  analyze: analyzeIngressBackends,
};
