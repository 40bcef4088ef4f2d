import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { KnownPort } from '../../../../kube/port-knowledge.ts';
import { portKnowledge } from '../../../../kube/port-knowledge.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import type { Backend, ServicePort } from '../../../../kube/service-backends.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

/** One name for ports of several containers: requests go to the first, whoever was meant. */
export interface SharedName {
  port: ServicePort;
  /** In the order of the containers. */
  ports: readonly KnownPort[];
  backend: Backend;
}

/**
 * A Service port whose targetPort is a name that several containers of its pods give to different numbers. The name is
 * looked up container by container, and the first counts (kubernetes.io: Service, port definitions).
 */
export function sharedNames(ports: readonly ServicePort[], [backend, ...others]: readonly Backend[]): SharedName[] {
  if (!backend || others.length > 0) return [];
  return ports.flatMap((port) => {
    const known = named(backend.knowledge.ports, port);
    const containers = new Set(known.map(({ container }) => container));
    const numbers = new Set(known.map(({ number }) => number));
    return containers.size > 1 && numbers.size > 1 ? [{ port, ports: known, backend }] : [];
  });
}

const named = (ports: readonly KnownPort[], { target, protocol }: ServicePort): KnownPort[] =>
  ports.filter((known) => known.declared && known.name === target && known.protocol === protocol);

const [FORMER, PROBED, OTHER] = [0.85, 0.5, 0.35];

export function sharedNameFinding(rule: string, view: ClusterView, service: KubeObject, shared: SharedName): Finding {
  const { port, ports, backend } = shared;
  const [first, ...rest] = ports as [KnownPort, ...KnownPort[]];
  const former = formerNumber(view, service, port);
  const path = `/spec/ports/${port.index}/targetPort`;
  const isMoved = former !== null && former !== first.number;
  const others = rest.filter(({ number }) => number !== first.number);
  const fixes = others.map((known) => ({
    changes: [
      jsonPatch(service, [
        { op: 'test', path, value: port.target },
        { op: 'replace', path, value: known.number },
      ]),
    ],
    expects: `Service ${service.metadata.name} reaches port ${known.number} of container ${known.container}`,
    confidence: former === known.number ? FORMER : known.probe === 'readiness' ? PROBED : OTHER,
  }));
  const place = (known: KnownPort): Evidence =>
    evidence(
      'spec',
      backend.object,
      `${backend.field}.${known.place}`,
      `container ${known.container} calls port ${known.number} ${port.target}`,
    );
  return makeFinding({
    rule,
    severity: isMoved ? 'critical' : 'warning',
    object: service,
    what: `shared/${port.name || port.number}`,
    message:
      `Service ${service.metadata.name} sends port ${port.number} to targetPort "${port.target}", a name that containers ` +
      `${ports.map(({ container }) => container).join(' and ')} both give to a port: the first counts, ${first.number} of ${first.container}` +
      (isMoved ? `; before its pods changed it was ${former}` : ''),
    evidence: [
      evidence('spec', service, `spec.ports[${port.index}].targetPort`, `targetPort is "${port.target}"`),
      ...ports.slice(0, 4).map(place),
    ],
    fixes: fixes.sort((a, b) => b.confidence - a.confidence),
  });
}

/** What the name stood for in the newest earlier revision of the pods; null where there is none. */
function formerNumber(view: ClusterView, service: KubeObject, port: ServicePort): number | null {
  const revisions = view.workloadsBehind(service).flatMap((workload) => earlierRevisions(view, workload));
  const numbers = revisions.map(({ template }) => named(portKnowledge(template.spec).ports, port)[0]?.number);
  return numbers.find((number) => number !== undefined) ?? null;
}
