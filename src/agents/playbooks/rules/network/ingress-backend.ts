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
import { clearlySimilar } from '../../clues/similar-names.ts';
import { PODS } from '../../../../kube/kind-sets.ts';

const INGRESS_BACKEND = 'ingress-backend';

interface Trouble {
  text: string;
  evidence: Evidence;
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
      evidence: [...troubles, ...secrets].map((each) => each.evidence),
      fixes: fixesFor(ingress, troubles),
    });
  });
}

function troubleOf(view: ClusterView, ingress: KubeObject, backend: IngressBackend): Trouble | null {
  if (!view.known('Service')) return null;
  const { namespace } = ingress.metadata;
  const service = view.find('Service', namespace, backend.name);
  if (!service) {
    const text = `Service ${backend.name} does not exist`;
    const fitting = view.all('Service', namespace).filter((each) => hasPort(each, backend.port));
    const close = clearlySimilar(backend.name, fitting, (each) => each.metadata.name);
    const path = `${backend.pointer}/name`;
    return {
      text,
      evidence: evidence('spec', ingress, `${backend.field}.name`, text),
      ops: close
        ? [
            { op: 'test', path, value: backend.name },
            { op: 'replace', path, value: close.item.metadata.name },
          ]
        : [],
      confidence: close ? 0.3 + 0.5 * close.similarity : 0,
    };
  }
  if (service.spec?.type === 'ExternalName' || hasPort(service, backend.port)) return null;
  const asked = backend.port?.name ?? backend.port?.number;
  const ports = servicePorts(service);
  const [only] = ports;
  const text = `Service ${backend.name} has no port ${asked}`;
  const path = `${backend.pointer}/port`;
  const value = only && (backend.port?.name !== undefined && only.name ? { name: only.name } : { number: only.number });
  return {
    text,
    evidence: evidence(
      'spec',
      ingress,
      `${backend.field}.port`,
      `${text}; it has ${ports.map(({ number }) => number).join(', ') || 'none'}`,
    ),
    ops:
      ports.length === 1 && backend.port
        ? [
            { op: 'test', path, value: backend.port },
            { op: 'replace', path, value },
          ]
        : [],
    confidence: 0.75,
  };
}

function hasPort(service: KubeObject, port: Untyped): boolean {
  const asked: unknown = port?.name ?? port?.number;
  return asked === undefined || servicePorts(service).some(({ name, number }) => name === asked || number === asked);
}

function missingTlsSecrets(view: ClusterView, ingress: KubeObject): { text: string; evidence: Evidence }[] {
  if (!view.known('Secret')) return [];
  return asArray(ingress.spec?.tls).flatMap((tls, index) => {
    const name: unknown = tls?.secretName;
    if (typeof name !== 'string' || view.find('Secret', ingress.metadata.namespace, name)) return [];
    const text = `TLS Secret ${name} does not exist`;
    return { text, evidence: evidence('spec', ingress, `spec.tls[${index}].secretName`, text) };
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
      expects: `every path of Ingress ${ingress.metadata.name} leads to a Service that exists`,
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
  kinds: [...PODS, 'Ingress', 'Service'],
  explains: 'Routes that answer with an error because their Service, or its port, does not exist.',
  unfixed: 'no Service, or port of it, is known to be the one that the route should lead to',
  analyze: analyzeIngressBackends,
};
