import { expect, it } from 'vitest';
import { DEFAULT_KERNEL_METRICS, KERNEL_EVENTS } from '../../../../src/domain/kernel-metrics.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../../../src/domain/signal-settings.ts';
import { seasonalAsks } from '../../../../src/signals/incident-types/request-asks.ts';
import { memoryAsks } from '../../../../src/signals/incident-types/memory-history.ts';
import { edgeQueries } from '../../../../src/signals/graph/metric-graph.ts';
import { kernelAsks } from '../../../../src/signals/kernel/kernel-evidence.ts';
import { signalAsks } from '../../../../src/signals/read-signals.ts';
import { restricted } from '../../../../src/telemetry/clusters/one-cluster-metrics.ts';
import { sceneAt, START } from '../../../support/signal-scene.ts';

const EU = new Map([['cluster', 'eu "1"']]);
const MATCHER = 'cluster="eu \\"1\\""';
const scope = {
  state: 'part' as const,
  groups: { scraped: EU, traces: EU, http: EU },
  known: EU,
  seen: 'cluster: eu, us',
};

/** Every metric that anything of Stratus asks for, by the lists that name them: none of the code under test reads these. */
const NAMES = new Set([
  ...Object.values(DEFAULT_SIGNAL_SETTINGS.metrics),
  ...DEFAULT_SIGNAL_SETTINGS.requests.flatMap(({ histogram, calls }) => [`${histogram}_bucket`, `${histogram}_count`, calls]),
  ...KERNEL_EVENTS.flatMap((event) => DEFAULT_KERNEL_METRICS[event].map((name) => name.replace(/\{.*/, ''))),
  'traces_service_graph_request_total',
  'traces_service_graph_request_failed_total',
  'traces_service_graph_request_server_seconds_bucket',
  'up',
]); // prettier-ignore

/** Selectors of a query that were not restricted, and how many there are. */
function selectorsIn(query: string): { open: string[]; count: number } {
  const found = [...NAMES].flatMap((name) => [
    ...query.matchAll(new RegExp(`(?<![\\w:])${name}(?![\\w:])(?=(.{0,40}))`, 'g')),
  ]);
  const open = found.filter(([, after]) => !after!.startsWith(`{${MATCHER}`)).map(([name, after]) => `${name}${after}`);
  return { open, count: found.length };
}

it('every query that Stratus makes is of one cluster in each of its selectors', () => {
  const scene = sceneAt(START);
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'basket' };
  const queries = [
    ...signalAsks(scene),
    ...seasonalAsks(scene, ['p99', 'timed', 'answered', 'failed']),
    ...kernelAsks(scene, DEFAULT_KERNEL_METRICS),
    ...memoryAsks(scene, workload, 'main'),
  ].map(({ query }) => query);
  for (const { rate, failed, p50, p99 } of edgeQueries(120_000)) queries.push(rate, failed, p50, p99);
  expect(queries.length).toBeGreaterThan(60);
  for (const query of queries) {
    const own = restricted(query, scope) as string;
    const { open, count } = selectorsIn(own);
    expect(open, own).toEqual([]);
    // Nothing but these has braces, and each of them has.
    expect(own.replace(/"(?:[^"\\]|\\.)*"/g, '').split('{').length - 1, own).toBe(count);
    expect(count, own).toBeGreaterThan(0);
    // Nothing else of it has changed.
    expect(own.replaceAll(`{${MATCHER}}`, '').replaceAll(`${MATCHER},`, '')).toBe(query);
  }
});
