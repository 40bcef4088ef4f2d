import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { ingressBackends } from '../../../../kube/ingress-backends.ts';
import type { IngressBackend } from '../../../../kube/ingress-backends.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import { clearlySimilar } from '../../clues/similar-names.ts';
import { backendPorts, backendServices } from './backend-candidates.ts';
import { PODS } from '../../../../kube/kind-sets.ts';

const INGRESS_BACKEND = 'ingress-backend';

interface Trouble {
  text: string;
  evidence: Evidence[];
  ops: PatchOp[];
  confidence: number;
}

/** Ingress paths that name a Service, or a port of it, that does not exist, and missing TLS Secrets. */
export function analyzeIngressBackends({ view }: AnalyzerContext): Finding[] {
  return view.all('Ingress').flatMap((ingress) => {
    const troubles = ingressBackends(ingress).flatMap((backend) => troubleOf(view, ingress, backend) ?? []);
    const secrets = missingTlsSecrets(view, ingress);
    if (troubles.length + secrets.length === 0) return [];
    return makeFinding({
      rule: INGRESS_BACKEND,
      severity: troubles.length > 0 ? 'critical' : 'warning',
      object: ingress,
      what: troubles.length > 0 ? 'backend' : 'tls',
      message: `Ingress ${ingress.metadata.name}: ${[...new Set([...troubles, ...secrets].map(({ text }) => text))].join('; ')}`,
      evidence: [...troubles, ...secrets].flatMap((each) => each.evidence),
      // What cannot be mended of the certificates does not keep the paths from being mended.
      fixes: fixesFor(ingress, [...troubles, ...secrets.filter(({ ops }) => ops.length > 0)]),
    });
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

function missingTlsSecrets(view: ClusterView, ingress: KubeObject): Trouble[] {
  if (!view.known('Secret')) return [];
  const { namespace } = ingress.metadata;
  return asArray(ingress.spec?.tls).flatMap((tls, index) => {
    const name: unknown = tls?.secretName;
    if (typeof name !== 'string' || view.find('Secret', namespace, name)) return [];
    const text = `TLS Secret ${name} does not exist`;
    const path = `/spec/tls/${index}/secretName`;
    const fitting = view.all('Secret', namespace).filter((each) => each['type'] === 'kubernetes.io/tls');
    const before: unknown = lastApplied(ingress)?.spec?.tls?.[index]?.secretName;
    const former = fitting.find(({ metadata }) => metadata.name === before);
    const close = clearlySimilar(name, fitting, (each) => each.metadata.name);
    const chosen = former ?? close?.item;
    const ops: PatchOp[] = chosen
      ? [
          { op: 'test', path, value: name },
          { op: 'replace', path, value: chosen.metadata.name },
        ]
      : [];
    const confidence = former ? 0.92 : 0.3 + 0.5 * (close?.similarity ?? 0);
    return { text, evidence: [evidence('spec', ingress, `spec.tls[${index}].secretName`, text)], ops, confidence };
  });
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

function asArray(value: unknown): Untyped[] {
  return Array.isArray(value) ? value : [];
}

export const ingressBackendRule: Analyzer = {
  rule: INGRESS_BACKEND,
  layer: 'network',
  kinds: [...PODS, 'Ingress', 'Service', 'Secret', 'ConfigMap'],
  explains: 'Routes that answer with an error because their Service, or its port, does not exist.',
  unfixed: 'no Service, or port of it, is known to be the one that the route should lead to',
  analyze: analyzeIngressBackends,
};
