import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import { backendsOf, servicePorts } from '../../../../kube/service-backends.ts';
import type { Backend, ServicePort } from '../../../../kube/service-backends.ts';
import { isOfOtherProtocol, protocolFinding } from './service-protocol.ts';
import { sharedNameFinding, sharedNames } from './shared-port-name.ts';
import { AUXILIARY, rankTargets } from './target-port-candidates.ts';
import type { TargetCandidate } from './target-port-candidates.ts';
import { listens } from '../../../../kube/port-knowledge.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const SERVICE_TARGET_PORT = 'service-target-port';

/** Best guess needed before a number that no container declares is called wrong: declaring ports is optional. */
const ENOUGH = 0.3;
/** As above where some container says nothing about its ports, or where clients do not depend on targetPort. */
const STRONG = 0.6;

/**
 * Service ports whose targetPort no selected pod listens on. A named port is decided by the pod specs alone; a number
 * is only called wrong when probes, names, sibling Services or the last applied configuration point elsewhere.
 */
export function analyzeServiceTargetPorts({ view, severity }: AnalyzerContext): Finding[] {
  if (!view.known('Service')) return [];
  const isWell = severity.known && severity.items.length === 0;
  return view.all('Service').flatMap((service) => {
    if (service.spec?.type === 'ExternalName' || service.metadata.deletionTimestamp) return [];
    const backends = backendsOf(view, service);
    if (backends.length === 0) return [];
    const ports = servicePorts(service);
    const swapped = ports.filter((port) => isOfOtherProtocol(service, port, ports, backends));
    const wrong = ports
      .filter((port) => !swapped.includes(port))
      .flatMap((port) => problemOf(view, service, port, backends) ?? []);
    return [
      ...(wrong.length > 0 ? [findingFor(service, wrong, backends)] : []),
      ...swapped.map((port) => protocolFinding(SERVICE_TARGET_PORT, service, port, backends)),
      ...(isWell ? [] : sharedNames(ports, backends)).map((shared) =>
        sharedNameFinding(SERVICE_TARGET_PORT, view, service, shared),
      ),
    ];
  });
}

interface Problem {
  port: ServicePort;
  candidates: TargetCandidate[];
  /** Backends that do not listen there; fewer than all when the templates differ. */
  deaf: Backend[];
  partial: boolean;
  harmless: boolean;
  /** Name of the container port for metrics or the like to which a port for users leads. */
  auxiliary: string | null;
}

function problemOf(view: ClusterView, service: KubeObject, port: ServicePort, backends: Backend[]): Problem | null {
  const answers = backends.map((backend) => listens(backend.knowledge, port.target, port.protocol));
  if (answers.every((answer) => answer === 'yes')) return misdirected(view, service, port, backends);
  const candidates = rankTargets(view, service, port, backends);
  const named = typeof port.target === 'string';
  // DNS of a headless Service hands out pod addresses: a client's own port number decides, not targetPort.
  const harmless = service.spec?.clusterIP === 'None' && !named;
  const deaf = backends.filter((_, index) => answers[index] !== 'yes');
  // A targetPort equal to the port of a headless Service was usually never thought about.
  if (harmless && port.target === port.number) return null;
  if (!named) {
    const needed = harmless || answers.some((answer) => answer === 'unclear') ? STRONG : ENOUGH;
    if ((candidates[0]?.confidence ?? 0) < needed) return null;
  }
  return { port, candidates, deaf, partial: answers.includes('yes'), harmless, auxiliary: null };
}

/** A port for users that leads to one for metrics or the like, while the one of its own name is left out. */
function misdirected(view: ClusterView, service: KubeObject, port: ServicePort, backends: Backend[]): Problem | null {
  const known = backends[0]!.knowledge.ports.find((each) => each.number === port.target || each.name === port.target);
  if (!known?.name || !AUXILIARY.test(known.name) || AUXILIARY.test(`${port.name} ${service.metadata.name}`))
    return null;
  const candidates = rankTargets(view, service, port, backends).filter(({ number }) => number !== known.number);
  const best = candidates[0];
  if (!best || best.confidence < STRONG || service.spec?.clusterIP === 'None') return null;
  if (backends[0]!.knowledge.ports.every((each) => each.number !== best.number || each.name !== port.name)) return null;
  return { port, candidates, deaf: [], partial: false, harmless: false, auxiliary: known.name };
}

function findingFor(service: KubeObject, problems: Problem[], backends: Backend[]): Finding {
  const labels = problems.map(({ port }) => portLabel(port));
  const soft = problems.every((problem) => problem.harmless || problem.partial || problem.auxiliary !== null);
  const targets = problems.map(({ port }) => JSON.stringify(port.target)).join(', ');
  const what = problems.map(({ port }) => port.name || String(port.number)).join(',');
  return makeFinding({
    rule: SERVICE_TARGET_PORT,
    severity: soft ? 'warning' : 'critical',
    object: service,
    what,
    message:
      `Service ${service.metadata.name} sends ${labels.join(' and ')} to targetPort ${targets}, ` + whyWrong(problems),
    evidence: [
      ...problems.flatMap((problem) => problemEvidence(service, problem)),
      ...backends.flatMap((backend) => backendEvidence(backend)),
    ],
    fixes: fixesFor(service, problems),
  });
}

function whyWrong(problems: Problem[]): string {
  const auxiliary = problems.find((problem) => problem.auxiliary !== null)?.auxiliary;
  if (problems.every((problem) => problem.auxiliary !== null)) return `which its pods use for ${auxiliary}`;
  return problems.some((problem) => problem.partial)
    ? 'where some of its pods do not listen'
    : 'where none of its pods listens';
}

function portLabel(port: ServicePort): string {
  return port.name ? `port ${port.number} (${port.name})` : `port ${port.number}`;
}

function problemEvidence(service: KubeObject, { port, candidates, deaf, auxiliary }: Problem): Evidence[] {
  const field = `spec.ports[${port.index}].targetPort`;
  const kind = typeof port.target === 'string' ? 'container port of this name' : 'container port, probe or setting';
  const fact = auxiliary === null ? `its pods have no such ${kind}` : `its pods call this port ${auxiliary}`;
  const list: Evidence[] = [
    evidence('spec', service, field, `${field} is ${JSON.stringify(port.target)}; ${fact}`),
    ...deaf.slice(0, 2).map(({ object }) => evidence('spec', object, null, `no port ${port.target}/${port.protocol}`)),
  ];
  const best = candidates[0];
  if (best) list.push(...best.reasons);
  return list;
}

function backendEvidence({ object, field, knowledge }: Backend): Evidence[] {
  return knowledge.ports
    .slice(0, 4)
    .map((port) =>
      evidence(
        'spec',
        object,
        `${field}.${port.place}`,
        `container ${port.container} ${port.declared ? 'declares' : 'uses'} port ${port.number}` +
          `${port.name ? ` named ${port.name}` : ''}${port.probe ? `, asked by its ${port.probe} probe` : ''}`,
      ),
    );
}

/** All wrong ports of the Service are mended together: mending one of two would still leave it broken. */
function fixesFor(service: KubeObject, problems: Problem[]): FixDraft[] {
  if (problems.some(({ candidates }) => candidates.length === 0)) return [];
  const best = assignDistinct(problems);
  const choices = [best];
  problems.forEach((problem, at) => {
    for (const other of problem.candidates.slice(0, 4)) {
      if (other !== best[at]) choices.push(best.map((chosen, index) => (index === at ? other : chosen)));
    }
  });
  return choices.map((choice) => ({
    changes: [
      jsonPatch(
        service,
        choice.flatMap((candidate, at) => patchOf(problems[at]!.port, candidate)),
      ),
    ],
    expects: `Service ${service.metadata.name} reaches its pods on ${choice.map(({ value }) => value).join(', ')}`,
    confidence: Math.min(...choice.map(({ confidence }) => confidence)),
    ...personFor(problems, choice),
  }));
}

/** A port that answers looks mended, whatever answers there: one that nothing but a probe speaks for may be for operators. */
function personFor(problems: readonly Problem[], choice: readonly TargetCandidate[]): Pick<FixDraft, 'needsPerson'> {
  const guessed = choice.find(
    (candidate, at) => !candidate.isTold && problems[at]!.candidates.some(({ number }) => number !== candidate.number),
  );
  if (!guessed) return {};
  const numbers = [...new Set(problems.flatMap(({ candidates }) => candidates.map(({ number }) => number)))];
  return {
    needsPerson: `its pods listen on ${numbers.join(' and ')}, and nothing tells which of them is for the users of the Service: port ${guessed.number} may be one for operators`,
  };
}

/** Two ports of a Service rarely share a target, so the surest takes its best first. */
function assignDistinct(problems: Problem[]): TargetCandidate[] {
  const taken = new Set<number>();
  const chosen = new Map<Problem, TargetCandidate>();
  const surest = [...problems].sort((a, b) => b.candidates[0]!.confidence - a.candidates[0]!.confidence);
  for (const problem of surest) {
    const free = problem.candidates.find((candidate) => !taken.has(candidate.number)) ?? problem.candidates[0]!;
    taken.add(free.number);
    chosen.set(problem, free);
  }
  return problems.map((problem) => chosen.get(problem)!);
}

function patchOf(port: ServicePort, { value }: TargetCandidate): PatchOp[] {
  const path = `/spec/ports/${port.index}/targetPort`;
  if (!port.written) return [{ op: 'add', path, value }];
  return [
    { op: 'test', path, value: port.target },
    { op: 'replace', path, value },
  ];
}

export const serviceTargetPortRule: Analyzer = {
  rule: SERVICE_TARGET_PORT,
  layer: 'network',
  kinds: [...PODS, ...REVISIONS, 'Service'],
  explains: 'Requests that are refused because a Service leads to a port on which its pods do not listen.',
  unfixed: 'the containers do not tell on which port they listen',
  analyze: analyzeServiceTargetPorts,
};
