import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { FormerPart } from '../../clues/former/former-part.ts';
import { isServed } from '../../../../kube/container-trouble.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { containersOf, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { partFixes, patchFix } from '../../clues/former/part-fixes.ts';
import { containerPatch, setField } from '../../clues/patches/container-patch.ts';
import { failingProbes, probeEvidence, timedOut } from './probes.ts';
import type { FailingProbe } from './probes.ts';
import { likelyPort } from './probe-ports.ts';

const PROBE_TARGET = 'probe-target';

/** What about the probe does not fit the program, as the kubelet's words tell it. */
export interface WrongTarget {
  wrong: 'port' | 'named port' | 'scheme' | 'path' | 'program' | 'target';
  text: string;
  /** A value that the cluster itself states. */
  proposal: { field: 'port' | 'scheme' | 'path'; value: unknown; confidence: number; reason: Evidence } | null;
}

/** How runtimes say that they could not run the command of a probe at all. */
const NOT_RUN =
  /exec: "[^"]+": (?:executable file not found|(?:stat \S+ )?no such file or directory|permission denied)/i;

/** What the kubelet says of an address that it could not ask. */
const NOT_REACHED =
  /no such host|lookup \S+|server misbehaving|connection refused|no route to host|network is unreachable/i;

const HANDLERS = ['httpGet', 'tcpSocket', 'grpc', 'exec'] as const;

/** Probes that ask where, or for what, the program does not answer. */
export function analyzeProbeTargets({ view }: AnalyzerContext): Finding[] {
  return view.workloads().flatMap((workload) => {
    const failing = failingProbes(view, workload);
    const wrong = failing.flatMap((each) => {
      const target = wrongTarget(view, workload, each, failing);
      return target ? [{ failing: each, target }] : [];
    });
    const containers = [...new Set(wrong.map((each) => each.failing.own.name))];
    return containers.map((name) =>
      findingFor(
        view,
        workload,
        wrong.filter((each) => each.failing.own.name === name),
      ),
    );
  });
}

/** Null where nothing speaks for the probe asking the wrong thing: the program itself may be at fault. */
export function wrongTarget(
  view: ClusterView,
  workload: KubeObject,
  failing: FailingProbe,
  all: FailingProbe[],
): WrongTarget | null {
  if (timedOut(failing)) return null;
  const { probe, own, events, kind } = failing;
  const handler: Untyped = probe.httpGet ?? probe.tcpSocket ?? probe.grpc;
  const port: unknown = handler?.port;
  const words = events.map(({ message }) => message).join('\n');
  const asks = `The ${kind} probe of container ${own.name}`;
  const host: unknown = handler?.host;
  if (typeof host === 'string' && !/^(?:|127\..*|localhost|::1)$/.test(host) && NOT_REACHED.test(words)) {
    const text = untrustedLine(`${asks} asks host ${host} instead of its own pod, and cannot reach it`);
    return { wrong: 'target', text, proposal: null };
  }
  const proposal = port === undefined ? null : likelyPort(view, workload, failing, all);
  if (typeof port === 'string' && !/^\d+$/.test(port) && !names(own.spec, port)) {
    return { wrong: 'named port', text: `${asks} asks port ${port}, which the container does not declare`, proposal };
  }
  const scheme = schemeSpoken(words, probe);
  if (scheme) {
    const place = `${podTemplateOf(workload)!.field}.${own.place}.${failing.field}.httpGet.scheme`;
    const reason = evidence('event', failing.pod, place, `the program on port ${port} speaks ${scheme}`);
    const text = `${asks} speaks ${String(probe.httpGet.scheme ?? 'HTTP')}, the program on port ${port} ${scheme}`;
    return { wrong: 'scheme', text, proposal: { field: 'scheme', value: scheme, confidence: 0.85, reason } };
  }
  const status = /statuscode: (404|405|501)\b/.exec(words)?.[1];
  if (status && probe.httpGet) {
    const path = String(probe.httpGet.path ?? '/');
    const text = `${asks} asks for ${path} on port ${port}, which the program does not serve (HTTP ${status})`;
    return { wrong: 'path', text, proposal: likelyPath(view, workload, failing, all) };
  }
  const program: unknown = probe.exec?.command?.[0];
  if (typeof program === 'string' && NOT_RUN.test(words)) {
    const text = untrustedLine(`${asks} runs ${program}, which the image does not have, or which may not be run there`);
    return { wrong: 'program', text, proposal: null };
  }
  const changed = formerTargets(view, workload, failing).fixes.length > 0;
  // A gRPC probe says of any address that nobody answers that it could not connect in its time.
  if (/connection refused|failed to connect service/i.test(words) && handler && (proposal || changed)) {
    return { wrong: 'port', text: `${asks} asks port ${port}, where nothing listens`, proposal };
  }
  return changed ? { wrong: 'target', text: `${asks} fails since it was changed`, proposal: null } : null;
}

function names(container: Untyped, port: string): boolean {
  return ((container?.ports ?? []) as Untyped[]).some((each) => each?.name === port);
}

/** Which scheme the server answered in, where it was asked in the other. */
function schemeSpoken(words: string, { httpGet }: Untyped): 'HTTP' | 'HTTPS' | null {
  if (!httpGet) return null;
  const asked = String(httpGet.scheme ?? 'HTTP').toUpperCase();
  if (
    asked === 'HTTPS' &&
    /server gave HTTP response to HTTPS client|first record does not look like a TLS/i.test(words)
  )
    return 'HTTP';
  if (asked === 'HTTP' && /malformed HTTP response|HTTP request to an HTTPS server/i.test(words)) return 'HTTPS';
  return null;
}

/** A path that another probe of the container, or of another container with its image, asks without failing. */
function likelyPath(
  view: ClusterView,
  workload: KubeObject,
  failing: FailingProbe,
  all: FailingProbe[],
): WrongTarget['proposal'] {
  const { own, probe } = failing;
  const failingPaths = new Set(
    all.filter((each) => each.own.name === own.name).map((each) => each.probe.httpGet?.path ?? '/'),
  );
  const kinds = ['readinessProbe', 'livenessProbe', 'startupProbe'];
  const others = view.workloads().flatMap((other) =>
    containersOf(podTemplateOf(other)?.spec)
      .filter((each) =>
        other === workload ? each.name === own.name : each.image === own.image && isServed(view, other),
      )
      .flatMap((each) => kinds.map((kind) => ({ other, each, kind, get: each.spec?.[kind]?.httpGet })))
      .filter(
        ({ get }) =>
          get && !failingPaths.has(get.path ?? '/') && (other !== workload || get.port === probe.httpGet.port),
      ),
  );
  const paths = [...new Set(others.map(({ get }) => String(get.path ?? '/')))];
  const [first] = others;
  if (!first || paths.length !== 1) return null;
  const place = `${podTemplateOf(first.other)!.field}.${first.each.place}.${first.kind}.httpGet.path`;
  const reason = evidence(
    'sibling',
    first.other,
    place,
    `${first.kind} of ${first.other.metadata.name} asks for ${paths[0]} and does not fail`,
  );
  return { field: 'path', value: paths[0], confidence: first.other === workload ? 0.6 : 0.7, reason };
}

/** The former handler of the probe, or the port name that it lacks; never the absence of the probe. */
function formerTargets(view: ClusterView, workload: KubeObject, { own, field, probe }: FailingProbe) {
  const handlers = HANDLERS.map((handler) => `${own.pointer}/${field}/${handler}`);
  const ports = `${own.pointer}/ports`;
  const port: unknown = (probe.httpGet ?? probe.tcpSocket ?? probe.grpc)?.port;
  const lacksName = typeof port === 'string' && !names(own.spec, port);
  const concerns = (pointer: string) =>
    handlers.some((handler) => pointer === handler || pointer.startsWith(`${handler}/`)) ||
    (lacksName && (pointer === ports || pointer.startsWith(`${ports}/`)));
  const keepsProbe = ({ podSpec }: FormerPart) => {
    const before = containersOf(podSpec).find(({ name }) => name === own.name)?.spec?.[field];
    return HANDLERS.some((handler) => before?.[handler] !== undefined);
  };
  return partFixes(view, workload, concerns, 0.95, keepsProbe);
}

function findingFor(
  view: ClusterView,
  workload: KubeObject,
  wrong: { failing: FailingProbe; target: WrongTarget }[],
): Finding {
  const { failing: first, target } = wrong[0]!;
  const more = wrong.slice(1).map(({ failing }) => failing.kind);
  const former = wrong.length === 1 ? formerTargets(view, workload, first) : formerOfAll(view, workload, wrong);
  return makeFinding({
    rule: PROBE_TARGET,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: `${first.own.name}/${wrong.map(({ failing }) => failing.field).join(',')}`,
    message: `${target.text} (${workload.kind} ${workload.metadata.name})${more.length > 0 ? `; so does its ${more.join(' and ')} probe` : ''}`,
    evidence: [
      ...wrong.flatMap(({ failing }) => probeEvidence(workload, failing)),
      ...wrong.flatMap((each) => each.target.proposal?.reason ?? []),
      ...former.reasons,
    ],
    fixes: [...former.fixes, ...proposedFixes(view, workload, wrong)],
    ...(target.wrong === 'program'
      ? {
          unfixed: `no earlier state of the template had another ${first.field}: whoever builds the image says what can be run in it`,
        }
      : {}),
    ...(target.wrong === 'path'
      ? {
          unfixed: `nothing in the cluster tells which path the program serves: whoever knows it must say what ${first.field}.httpGet.path should be`,
        }
      : {}),
  });
}

function formerOfAll(view: ClusterView, workload: KubeObject, wrong: { failing: FailingProbe }[]) {
  const container = wrong[0]!.failing.own;
  const fields = wrong.map(({ failing }) => failing.field);
  const concerns = (pointer: string) =>
    fields.some((field) =>
      HANDLERS.some((handler) => `${pointer}/`.startsWith(`${container.pointer}/${field}/${handler}/`)),
    );
  return partFixes(view, workload, concerns, 0.95, ({ podSpec }) => {
    const before = containersOf(podSpec).find(({ name }) => name === container.name)?.spec;
    return fields.every((field) => HANDLERS.some((handler) => before?.[field]?.[handler] !== undefined));
  });
}

function proposedFixes(
  view: ClusterView,
  workload: KubeObject,
  wrong: { failing: FailingProbe; target: WrongTarget }[],
): FixDraft[] {
  if (wrong.some(({ target }) => !target.proposal)) return [];
  const { own } = wrong[0]!.failing;
  const { root, guard } = containerPatch(workload, own);
  const ops = wrong.flatMap(({ failing: { field, probe }, target: { proposal } }) => {
    const handler = HANDLERS.find((each) => probe[each])!;
    return setField(`${root}/${field}/${handler}`, probe[handler], proposal!.field, proposal!.value);
  });
  const values = [...new Set(wrong.map(({ target: { proposal } }) => `${proposal!.field} ${proposal!.value}`))].join(
    ', ',
  );
  const expects = `the probes of container ${own.name} ask ${values} and its pods become ready`;
  return patchFix(
    view,
    workload,
    [guard, ...ops],
    expects,
    Math.min(...wrong.map(({ target }) => target.proposal!.confidence)),
  );
}

export const probeTargetRule: Analyzer = {
  rule: PROBE_TARGET,
  layer: 'template',
  kinds: [...PODS, ...REVISIONS, 'Event', 'Service'],
  explains: 'Probes that ask a port, path or scheme which the program does not serve.',
  unfixed: 'nothing in the cluster tells what the program serves instead',
  analyze: analyzeProbeTargets,
};
