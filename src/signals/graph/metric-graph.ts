import type { CallGraph, CallGraphEdge, CallGraphNode, EdgeSource } from '../../domain/signals.ts';
import type { Answer, Series } from '../../domain/telemetry.ts';
import { own } from '../../json/json-map.ts';
import type { ServiceNames } from '../identity/service-names.ts';
import { duration } from '../promql.ts';
import { GraphBuilder, graphNode } from './graph-builder.ts';

/** What an edge's numbers are read with; each an instant query with one sample a series. */
export interface EdgeQueries {
  source: EdgeSource;
  /** Calls a second. */
  rate: string;
  failed: string;
  /** In ms. */
  p50: string;
  p99: string;
}

export type EdgeAnswers = Record<'rate' | 'failed' | 'p50' | 'p99', Answer<Series[]>>;

/**
 * Edges as metrics tell them: those of the service graph (OpenTelemetry's connector and Tempo have the same names), and span
 * metrics whose client side names its peer, by the dimensions `peer_service` or `server_address` that people may add.
 * @param windowMs of `rate()`
 */
export function edgeQueries(windowMs: number): EdgeQueries[] {
  const window = `[${duration(windowMs)}]`;
  const graph = 'client, server, connection_type, client_k8s_namespace_name, server_k8s_namespace_name';
  const spans = 'service_name, k8s_namespace_name, span_kind, peer_service, server_address';
  const sent = 'span_kind=~"SPAN_KIND_CLIENT|SPAN_KIND_PRODUCER"';
  const quantile = (part: number, by: string, series: string, factor: number): string =>
    `${factor === 1 ? '' : `${factor} * `}histogram_quantile(${part}, sum by (le, ${by}) (rate(${series}${window})))`;
  const served = 'traces_service_graph_request_server_seconds_bucket';
  const took = `traces_span_metrics_duration_milliseconds_bucket{${sent}}`;
  return [
    {
      source: 'service-graph',
      rate: `sum by (${graph}) (rate(traces_service_graph_request_total${window}))`,
      failed: `sum by (${graph}) (rate(traces_service_graph_request_failed_total${window}))`,
      p50: quantile(0.5, graph, served, 1_000),
      p99: quantile(0.99, graph, served, 1_000),
    },
    {
      source: 'span-metrics',
      rate: `sum by (${spans}) (rate(traces_span_metrics_calls_total{${sent}}${window}))`,
      failed: `sum by (${spans}) (rate(traces_span_metrics_calls_total{${sent},status_code="STATUS_CODE_ERROR"}${window}))`,
      p50: quantile(0.5, spans, took, 1),
      p99: quantile(0.99, spans, took, 1),
    },
  ];
}

interface Told {
  perSecond: number | null;
  failed: number | null;
  p50Ms: number | null;
  p99Ms: number | null;
}

/** Who calls whom by the answers to {@link edgeQueries}; what was not answered stays unknown in the edges. */
export function graphOfMetrics(source: EdgeSource, answers: EdgeAnswers, names: ServiceNames): CallGraph {
  const builder = new GraphBuilder<Told>();
  const add = (answer: Answer<Series[]>, put: (told: Told, value: number) => void): void => {
    if (answer.state !== 'ok') return;
    for (const { labels, samples } of answer.value) {
      const value = samples.at(-1)?.value;
      const ends = value === undefined || !Number.isFinite(value) ? null : endsOf(labels, names);
      if (!ends) continue;
      const [from, to, kind] = ends;
      const told = builder.edge(from, to, kind, () => ({ perSecond: null, failed: null, p50Ms: null, p99Ms: null }));
      if (told) put(told, value!);
    }
  };
  add(answers.rate, (told, value) => (told.perSecond = (told.perSecond ?? 0) + Math.max(0, value)));
  add(answers.failed, (told, value) => (told.failed = (told.failed ?? 0) + Math.max(0, value)));
  // Of several series of one edge the slowest is told: quantiles cannot be added.
  add(answers.p50, (told, value) => (told.p50Ms = Math.max(told.p50Ms ?? 0, value)));
  add(answers.p99, (told, value) => (told.p99Ms = Math.max(told.p99Ms ?? 0, value)));
  // A counter of failures begins with the first one.
  const none = answers.failed.state === 'ok' ? 0 : null;
  return builder.build(({ perSecond, failed, p50Ms, p99Ms }) => {
    const wrong = failed ?? none;
    const errorRatio = perSecond === null || perSecond <= 0 || wrong === null ? null : Math.min(1, wrong / perSecond);
    return { calls: null, perSecond, errorRatio, p50Ms, p99Ms, sources: [source] };
  });
}

function endsOf(
  labels: Series['labels'],
  names: ServiceNames,
): [CallGraphNode, CallGraphNode, CallGraphEdge['kind']] | null {
  const [client, server] = [own(labels, 'client'), own(labels, 'server')];
  if (client && server) {
    const kind = own(labels, 'connection_type') === 'messaging_system' ? 'message' : 'call';
    const node = (name: string, side: 'client' | 'server') =>
      graphNode(name, names.byName(name, own(labels, `${side}_k8s_namespace_name`) || undefined));
    return [node(client, 'client'), node(server, 'server'), kind];
  }
  const service = own(labels, 'service_name');
  const [peer, host] = [own(labels, 'peer_service'), own(labels, 'server_address')];
  if (!service || (!peer && !host)) return null;
  const from = graphNode(service, names.byName(service, own(labels, 'k8s_namespace_name') || undefined));
  const namespace = from.object?.namespace;
  const object = (peer && names.byName(peer, namespace)) || (host && names.byHost(host, namespace)) || null;
  const kind = own(labels, 'span_kind') === 'SPAN_KIND_PRODUCER' ? 'message' : 'call';
  return [from, graphNode(peer || host!, object), kind];
}
