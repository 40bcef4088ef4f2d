import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { INJECTED, portKnowledge } from '../../../../kube/port-knowledge.ts';
import type { KnownPort } from '../../../../kube/port-knowledge.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import type { Backend, ServicePort } from '../../../../kube/service-backends.ts';
import { nameSimilarity } from '../../clues/names/similar-names.ts';
import { editDistance } from '../../../../text/edit-distance.ts';
import { listens } from '../../../../kube/port-knowledge.ts';

/** A targetPort on which every pod behind the Service listens. */
export interface TargetCandidate {
  value: number | string;
  /** Port number in the first backend; a name may stand for different numbers. */
  number: number;
  confidence: number;
  reasons: Evidence[];
  /** Something but a probe speaks for it: probes often ask a port that is none of the users' business. */
  isTold: boolean;
}

/** Ports that tell about a process rather than serve its users. */
export const AUXILIARY = /metrics|prom|admin|debug|health|probe|pprof|jmx|mgmt|manage|actuator|status|telemetry/i;

/** Alternatives for the targetPort of `port`, best first. Only values that fit all backends are offered. */
export function rankTargets(
  view: ClusterView,
  service: KubeObject,
  port: ServicePort,
  backends: Backend[],
): TargetCandidate[] {
  const clues = cluesFor(view, service, port);
  const options = optionsFor(port, backends, typeof (clues.applied ?? port.target));
  const numbers = new Set(options.map((option) => option.known.number));
  const ranked = options.map(({ value, known, backend }) => {
    const reasons: Evidence[] = [];
    let score = 0.15;
    let isTold = false;
    const hint = (weight: number, reason: Evidence): void => {
      score += weight;
      reasons.push(reason);
    };
    const add = (weight: number, reason: Evidence): void => {
      isTold = true;
      hint(weight, reason);
    };
    const place = `${backend.field}.${known.place}`;
    const spec = (text: string): Evidence => evidence('spec', backend.object, place, text);
    if (known.name && port.name) {
      if (known.name === port.name) add(0.45, spec(`container port is named ${known.name}, like the Service port`));
      else if (related(known.name, port.name))
        add(0.25, spec(`container port name ${known.name} resembles ${port.name}`));
    }
    if (known.number === port.number)
      add(0.25, spec(`container port has the Service port's own number ${port.number}`));
    if (known.probe === 'readiness') hint(0.25, spec(`the readiness probe asks port ${known.number}`));
    else if (known.probe) hint(0.15, spec(`the ${known.probe} probe asks port ${known.number}`));
    else if (known.hint) add(0.1, spec(`variable ${known.hint} names port ${known.number}`));
    if (numbers.size === 1) add(0.3, spec(`port ${known.number} is the only one these pods are known to have`));
    if (clues.applied !== null && (clues.applied === known.number || clues.applied === known.name)) {
      add(
        0.5,
        evidence(
          'revision',
          service,
          LAST_APPLIED_FIELD,
          `the configuration last applied has targetPort ${clues.applied}`,
        ),
      );
    }
    if (clues.formerNumbers.has(known.number)) {
      const text = `an earlier revision of the workload called port ${known.number} ${JSON.stringify(port.target)}`;
      add(0.4, evidence('revision', backend.object, place, text));
    }
    if (typeof port.target === 'string' && known.name && nameSimilarity(port.target, known.name) >= 0.7) {
      add(0.35, spec(`name ${known.name} is close to ${port.target}`));
    } else if (typeof port.target === 'number' && editDistance(String(port.target), String(known.number)) === 1) {
      hint(0.05, spec(`port ${known.number} differs from ${port.target} in one digit`));
    }
    const user = clues.otherUsers.get(known.number);
    if (user)
      hint(
        0.1,
        evidence(
          'sibling',
          user,
          'spec.ports',
          `Service ${user.metadata.name} uses port ${known.number} of these pods`,
        ),
      );
    if (clues.takenHere.has(known.number) || (known.name && clues.takenHere.has(known.name))) score -= 0.35;
    if (known.name && AUXILIARY.test(known.name) && !AUXILIARY.test(port.name)) score -= 0.3;
    if (!known.declared && !known.probe) score -= 0.1;
    if (INJECTED.test(known.container)) score -= 0.3;
    return { value, number: known.number, confidence: score, reasons, isTold };
  });
  return settleConfidence(ranked.sort((a, b) => b.confidence - a.confidence || a.number - b.number));
}

interface Option {
  value: number | string;
  known: KnownPort;
  backend: Backend;
}

function optionsFor(port: ServicePort, backends: Backend[], preferred: string): Option[] {
  const options = new Map<number | string, Option>();
  for (const backend of backends) {
    for (const known of backend.knowledge.ports) {
      if (known.protocol !== port.protocol) continue;
      const forms: (number | string)[] = known.declared && known.name ? [known.number, known.name] : [known.number];
      for (const value of forms) {
        if (options.has(value) || !backends.every((each) => listens(each.knowledge, value, port.protocol) === 'yes'))
          continue;
        options.set(value, { value, known, backend });
      }
    }
  }
  // A number and its name mean the same in uniform pods: only the form that is in use is an alternative.
  const list = [...options.values()];
  return list.filter(
    (option) =>
      typeof option.value === preferred ||
      !list.some((other) => typeof other.value === preferred && other.known.number === option.known.number),
  );
}

interface Clues {
  applied: number | string | null;
  /** Numbers that the wanted name stood for in earlier revisions. */
  formerNumbers: Set<number>;
  /** Port number of these pods -> another Service that uses it. */
  otherUsers: Map<number, KubeObject>;
  /** Targets of the other ports of this Service. */
  takenHere: Set<number | string>;
}

function cluesFor(view: ClusterView, service: KubeObject, port: ServicePort): Clues {
  const workloads = view.workloadsBehind(service);
  const formerNumbers = new Set<number>();
  if (typeof port.target === 'string') {
    for (const revision of workloads.flatMap((workload) => earlierRevisions(view, workload))) {
      for (const known of portKnowledge(revision.template.spec).ports) {
        if (known.name === port.target) formerNumbers.add(known.number);
      }
    }
  }
  const otherUsers = new Map<number, KubeObject>();
  for (const other of view.all('Service', service.metadata.namespace)) {
    if (other === service || !view.workloadsBehind(other).some((workload) => workloads.includes(workload))) continue;
    for (const { target } of servicePorts(other)) {
      if (typeof target === 'number' && !otherUsers.has(target)) otherUsers.set(target, other);
    }
  }
  const siblings = servicePorts(service).filter(
    (other) => other.index !== port.index && other.protocol === port.protocol,
  );
  const takenHere = new Set(siblings.map(({ target }) => target));
  return { applied: appliedTarget(service, port), formerNumbers, otherUsers, takenHere };
}

function appliedTarget(service: KubeObject, port: ServicePort): number | string | null {
  const ports: Untyped[] = lastApplied(service)?.spec?.ports ?? [];
  if (!Array.isArray(ports)) return null;
  const same = ports.find(
    (other) =>
      (other?.port === port.number || (port.name !== '' && other?.name === port.name)) &&
      (other.protocol ?? 'TCP') === port.protocol,
  );
  const target: unknown = same?.targetPort ?? same?.port;
  return (typeof target === 'number' || typeof target === 'string') && target !== port.target ? target : null;
}

function related(a: string, b: string): boolean {
  return a.startsWith(`${b}-`) || b.startsWith(`${a}-`) || nameSimilarity(a, b) >= 0.75;
}

/** Two candidates that the evidence cannot tell apart are both less certain. */
function settleConfidence(ranked: TargetCandidate[]): TargetCandidate[] {
  const lead = (ranked[0]?.confidence ?? 0) - (ranked[1]?.confidence ?? 0);
  const factor = ranked.length > 1 && lead < 0.1 ? 0.8 : 1;
  return ranked.map((candidate) => ({
    ...candidate,
    confidence: Math.max(0.05, Math.min(0.97, candidate.confidence * factor)),
  }));
}
