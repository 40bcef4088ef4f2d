import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { portKnowledge } from '../../../../kube/port-knowledge.ts';
import type { KnownPort } from '../../../../kube/port-knowledge.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import type { FailingProbe } from './probes.ts';

const SURE = 0.8;
const DECLARED_ALONE = 0.65;
/** The probed port is declared too: either may be the one that is served. */
const DOUBTED = 0.45;

/**
 * The one other port on which the container is known to listen; null where there are several that nothing tells apart.
 * Another probe that does not fail, a Service that leads there or a setting that names it speaks for a port.
 */
export function likelyPort(
  view: ClusterView,
  workload: KubeObject,
  { own, probe }: FailingProbe,
  all: FailingProbe[],
): { field: 'port'; value: number | string; confidence: number; reason: Evidence } | null {
  const template = podTemplateOf(workload)!;
  const asked: unknown = (probe.httpGet ?? probe.tcpSocket ?? probe.grpc)?.port;
  const mine = portKnowledge(template.spec).ports.filter(
    (port) => port.container === own.name && port.protocol === 'TCP',
  );
  const ofMine = all.filter((each) => each.own.name === own.name);
  // What is killed again and again is not ready for a moment after each start: that says nothing about its port.
  const telling = ofMine.some(({ kill }) => kill) ? ofMine.filter(({ kind }) => kind !== 'readiness') : ofMine;
  const failing = new Set(telling.map((each) => portOf(each.probe)));
  const answering = (port: KnownPort) =>
    ['readiness', 'liveness', 'startup'].some(
      (kind) => asksFor(own.spec?.[`${kind}Probe`], port) && !ofMine.some((each) => each.kind === kind),
    );
  const served = (port: KnownPort) => leadsTo(view, workload, port);
  const asking = mine.find((port) => port.number === asked || port.name === asked);
  const others = mine.filter(
    (port) =>
      !failing.has(port.number) &&
      !failing.has(port.name ?? '') &&
      (port.declared || port.hint !== null || port.probe !== null),
  );
  const backed = others.filter((port) => answering(port) || served(port) || port.hint !== null);
  const pick = others.length === 1 ? others[0] : backed.length === 1 ? backed[0] : undefined;
  if (!pick) return null;
  const sure = backed.includes(pick);
  // A Service or a setting that names the probed port speaks for it, and against a change of the probe.
  const doubted = asking !== undefined && (asking.declared || asking.hint !== null);
  if (doubted && asking && (served(asking) || asking.hint !== null)) return null;
  const word = pick.declared ? 'declares' : 'is known to listen on';
  const why = answering(pick)
    ? '; another probe asks it'
    : served(pick)
      ? '; a Service leads there'
      : pick.hint
        ? `; ${pick.hint} names it`
        : '';
  const text = `container ${own.name} ${word} port ${pick.number}${pick.name ? ` (${pick.name})` : ''}${why}`;
  return {
    field: 'port',
    value: typeof asked === 'string' && pick.name !== null && !probe.grpc ? pick.name : pick.number,
    confidence: doubted ? DOUBTED : sure ? SURE : DECLARED_ALONE,
    reason: evidence('spec', workload, `${template.field}.${pick.place}`, text),
  };
}

function portOf(probe: Untyped): number | string {
  return (probe?.httpGet ?? probe?.tcpSocket ?? probe?.grpc)?.port ?? '';
}

function asksFor(probe: Untyped, port: KnownPort): boolean {
  const asked = portOf(probe);
  return asked === port.number || (port.name !== null && asked === port.name);
}

function leadsTo(view: ClusterView, workload: KubeObject, port: KnownPort): boolean {
  const { labels } = podTemplateOf(workload)!;
  return view.servicesSelecting(workload.metadata.namespace, labels).some((service) =>
    ((service.spec?.ports ?? []) as Untyped[]).some((each) => {
      const target = each?.targetPort ?? each?.port;
      return target === port.number || (port.name !== null && target === port.name);
    }),
  );
}
