import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { setField } from '../../clues/patches/container-patch.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { backendPorts, backendServices } from './backend-candidates.ts';

const GATEWAY_ROUTE = 'gateway-route';

/** As a snapshot names custom resources. */
const ROUTES = 'HTTPRoute.gateway.networking.k8s.io';
const GATEWAYS = 'Gateway.gateway.networking.k8s.io';

/** A part of a route that leads nowhere, and what it most likely should be. */
interface Trouble {
  text: string;
  evidence: Evidence[];
  /** Empty where nothing tells. */
  ops: PatchOp[];
  confidence: number;
}

/** Routes of the Gateway API that name a Service, a port of it, or a Gateway that does not exist. */
export function analyzeGatewayRoutes({ view }: AnalyzerContext): Finding[] {
  return view.all(ROUTES).flatMap((route) => {
    if (route.metadata.deletionTimestamp) return [];
    const troubles = [...gatewaysOf(view, route), ...backendsOf(view, route)];
    return troubles.length > 0 ? [findingFor(route, troubles)] : [];
  });
}

function findingFor(route: KubeObject, troubles: Trouble[]): Finding {
  const status = listOf(route.status?.parents)
    .flatMap((parent) => listOf(parent?.conditions))
    .find((each) => each?.status === 'False');
  return makeFinding({
    rule: GATEWAY_ROUTE,
    severity: 'critical',
    object: route,
    what: 'route',
    message: `HTTPRoute ${route.metadata.name}: ${[...new Set(troubles.map(({ text }) => text))].join('; ')}`,
    evidence: [
      ...troubles.flatMap((each) => each.evidence),
      ...(status
        ? [
            evidence(
              'status',
              route,
              'status.parents',
              `${status.type}=False: ${status.reason} ${status.message ?? ''}`,
            ),
          ]
        : []),
    ],
    fixes: fixesFor(route, troubles),
  });
}

/** All of a route is mended in one patch, or nothing: half a route still fails its users. */
function fixesFor(route: KubeObject, troubles: Trouble[]): FixDraft[] {
  if (troubles.some(({ ops }) => ops.length === 0)) return [];
  return [
    {
      changes: [
        jsonPatch(
          route,
          troubles.flatMap(({ ops }) => ops),
        ),
      ],
      expects: `HTTPRoute ${route.metadata.name} leads from a Gateway to Services and ports that exist`,
      confidence: Math.min(...troubles.map(({ confidence }) => confidence)),
    },
  ];
}

const isOf = (reference: Untyped, kind: string, group: string): boolean =>
  (reference?.kind ?? kind) === kind && (reference?.group ?? group) === group;

function gatewaysOf(view: ClusterView, route: KubeObject): Trouble[] {
  if (!view.known(GATEWAYS)) return [];
  return listOf(route.spec?.parentRefs).flatMap((parent, index): Trouble[] => {
    const namespace = String(parent?.namespace ?? route.metadata.namespace);
    const name = String(parent?.name);
    if (!isOf(parent, 'Gateway', 'gateway.networking.k8s.io') || !view.inScope(namespace)) return [];
    if (view.find(GATEWAYS, namespace, name)) return [];
    const text = `Gateway ${name} does not exist`;
    const all = view.all(GATEWAYS, namespace);
    const close = clearlySimilar(name, all, ({ metadata }) => metadata.name);
    return [
      {
        text,
        evidence: [evidence('spec', route, `spec.parentRefs[${index}].name`, text)],
        ops: close ? setField(`/spec/parentRefs/${index}`, parent, 'name', close.item.metadata.name) : [],
        confidence: 0.85 * (close?.similarity ?? 0),
      },
    ];
  });
}

function backendsOf(view: ClusterView, route: KubeObject): Trouble[] {
  if (!view.known('Service')) return [];
  const { namespace } = route.metadata;
  return listOf(route.spec?.rules).flatMap((rule, at) =>
    listOf(rule?.backendRefs).flatMap((backend, index): Trouble[] => {
      if (!isOf(backend, 'Service', '') || (backend.namespace ?? namespace) !== namespace) return [];
      const pointer = `/spec/rules/${at}/backendRefs/${index}`;
      const trouble = backendTrouble(view, route, backend, pointer, `spec.rules[${at}].backendRefs[${index}]`);
      return trouble ? [trouble] : [];
    }),
  );
}

function backendTrouble(
  view: ClusterView,
  route: KubeObject,
  backend: Untyped,
  pointer: string,
  field: string,
): Trouble | null {
  const place = { name: String(backend.name), port: { number: backend.port as unknown }, pointer };
  const hasPort = (service: KubeObject) => servicePorts(service).some(({ number }) => number === backend.port);
  const service = view.find('Service', route.metadata.namespace, place.name);
  if (!service) {
    const text = `Service ${place.name} does not exist`;
    const [best] = backendServices(view, route, place, hasPort);
    return {
      text,
      evidence: [evidence('spec', route, `${field}.name`, text), ...(best?.reasons ?? [])],
      ops: best ? setField(pointer, backend, 'name', best.value) : [],
      confidence: best?.confidence ?? 0,
    };
  }
  if (service.spec?.type === 'ExternalName' || hasPort(service)) return null;
  const have = servicePorts(service).map(({ number }) => number);
  const text = `Service ${place.name} has no port ${String(backend.port)}`;
  const [best] = backendPorts(view, route, place, service).filter(({ value }) => 'number' in value);
  return {
    text,
    evidence: [
      evidence('spec', route, `${field}.port`, `${text}; it has ${have.join(', ') || 'none'}`),
      ...(best?.reasons ?? []),
    ],
    ops: best ? setField(pointer, backend, 'port', (best.value as { number: number }).number) : [],
    confidence: best?.confidence ?? 0,
  };
}

export const gatewayRouteRule: Analyzer = {
  rule: GATEWAY_ROUTE,
  layer: 'network',
  kinds: [...PODS, ROUTES, GATEWAYS, 'Service', 'Ingress', 'ConfigMap'],
  explains: 'Routes of the Gateway API whose Gateway, Service or port does not exist.',
  unfixed: 'no Gateway, Service or port is known to be the one that was meant',
  analyze: analyzeGatewayRoutes,
};
