import type { ObjectRef } from '../../src/domain/kube-object.ts';
import type { SeverityItem } from '../../src/domain/severity.ts';
import type { Signal } from '../../src/domain/signals.ts';
import type { LogsSeen, ShownIncident, SignalsNow, WaterfallRow } from '../../src/domain/signals-now.ts';
import type { Sample } from '../../src/domain/telemetry.ts';
import { chartOf } from '../../src/signals/charts/chart.ts';

/** What telemetry shows of a shop whose `geo` became slow and fails at times, some minutes before `now`. */

const NAMESPACE = 'hotel-reservation';
const MINUTE = 60_000;
const ref = (kind: string, name: string): ObjectRef => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  namespace: NAMESPACE,
  name,
});
const GEO = ref('Deployment', 'geo');
const POD = ref('Pod', 'geo-7c6b8d9f4-x2k8p');

export function slowAlert(now: number): SeverityItem {
  return {
    source: 'alert',
    object: null,
    what: 'SlowRequests',
    grade: 1,
    message: 'SlowRequests: requests to geo are slow',
    subjects: [GEO],
    since: now - 6 * MINUTE,
  };
}

export function slowGeo(now: number): SignalsNow {
  return {
    at: now,
    reading: {
      signals: [memoryGrows(now), latencyRose(now)],
      unjudged: [
        { kind: 'errors', object: null, reason: 'too few requests to search now to tell how many of them fail' },
      ],
      absent: [],
    },
    graph: { nodes: [], edges: [] },
    suspects: {
      suspects: [
        {
          node: { id: 'geo', name: 'geo', object: GEO },
          pod: POD,
          symptom: 'latency',
          score: 0.92,
          confidence: 0.97,
          lift: 4.3,
          message: 'a request spends 389 ms in geo on average, against 90 ms usually: 92 % of what is slower',
          traces: ['4bf92f3577b34da6a3ce929d0e0e4736'],
        },
      ],
      unknown: null,
    },
    waterfall: {
      trace: '4bf92f3577b34da6a3ce929d0e0e4736',
      link: 'https://jaeger.example/trace/4bf92f3577b34da6a3ce929d0e0e4736',
      durationMs: 460,
      rows: ROWS,
      cut: 2,
    },
    logs: timedOut(now),
    kernel: [
      {
        event: 'tcpRetransmits',
        object: { apiVersion: 'v1', kind: 'Node', name: 'node1' },
        metric: 'node_netstat_Tcp_RetransSegs',
        perSecond: 14,
        usual: { center: 0.2, deviation: 0.1, count: 60, over: 'over the hour before it began' },
        message:
          'TCP segments sent again on Node/node1: 14 a second over the last 8 min, against 0.2 a second over the hour before it began (node_netstat_Tcp_RetransSegs)',
      },
    ],
    incidents: [together(now)],
    notes: [],
  };
}

/** Logs of `search`, which waits for `geo` in vain. */
function timedOut(now: number): LogsSeen {
  const from = now - 9 * MINUTE;
  return {
    source: 'VictoriaLogs in monitoring',
    from,
    to: now,
    beforeFrom: from - 30 * MINUTE,
    templates: [
      {
        text: 'ERROR nearby: rpc to geo:<num> timed out after <num>',
        object: ref('Deployment', 'search'),
        count: 214,
        before: 0,
        first: now - 8 * MINUTE,
        last: now - MINUTE / 2,
        isNew: true,
        isTrouble: true,
      },
      {
        text: 'WARN cache miss for <id>',
        object: null,
        count: 31,
        before: 88,
        first: now - 8 * MINUTE,
        last: now - MINUTE,
        isNew: false,
        isTrouble: true,
      },
    ],
    more: 3,
    link: 'https://logs.example/select/vmui/?#/?query=x',
    unknown: null,
  };
}

function together(now: number): ShownIncident {
  const geo = 'Deployment/hotel-reservation/geo';
  return {
    title: 'p99 latency of geo is 412 ms against 95 ± 12 ms over the last hour, and 1 more',
    since: now - 8 * MINUTE,
    root: { object: GEO, reason: 'a request spends 389 ms in geo on average, against 90 ms usually' },
    members: [
      {
        source: 'signal',
        objects: [GEO],
        since: now - 8 * MINUTE,
        message: 'p99 latency of geo is 412 ms against 95 ± 12 ms over the last hour',
        why: `about ${geo}`,
      },
      {
        source: 'object',
        objects: [ref('Deployment', 'search')],
        since: null,
        message: 'Deployment search has 1 of 2 pods ready',
        why: `depends on ${geo}`,
      },
    ],
    count: 2,
    isStorm: false,
  };
}

const row = (depth: number, service: string, operation: string, startMs: number, durationMs: number, isError = false) => ({
  service, operation, depth, startMs, durationMs, isError,
}); // prettier-ignore

const ROWS: WaterfallRow[] = [
  row(0, 'frontend', 'GET /hotels', 0, 460, true),
  row(1, 'search', 'Nearby', 6, 448),
  row(2, 'geo', 'Nearby', 12, 431, true),
  row(3, 'mongo-geo', 'find points', 20, 3.2),
  row(2, 'rate', 'GetRates', 445, 7),
  row(1, 'profile', 'GetProfiles', 455, 4.5),
];

function latencyRose(now: number): Signal {
  const title = 'p99 latency of Deployment geo';
  const usual = { center: 95, deviation: 12, count: 220, over: 'over the last hour' };
  return {
    kind: 'latency',
    level: 'incident',
    object: GEO,
    others: [],
    labels: { service: 'geo' },
    since: now - 8 * MINUTE,
    message: 'p99 latency of geo is 412 ms against 95 ± 12 ms over the last hour',
    value: 412,
    usual,
    threshold: 131,
    unit: 'ms',
    query: 'histogram_quantile(0.99, sum by (le) (rate(http_request_seconds_bucket{service="geo"}[5m])))',
    link: 'https://prometheus.example/graph?g0.expr=rate%28a%5B5m%5D%29%2Bb&g0.tab=0',
    chart: chartOf({
      title,
      unit: 'ms',
      label: 'p99 latency',
      samples: series(now, 60, (minutes) => (minutes > 8 ? 95 + 9 * Math.sin(minutes) : 405 + 12 * Math.cos(minutes))),
      threshold: 131,
      usual,
      marks: [
        { kind: 'change', at: now - 9 * MINUTE, label: 'Deployment geo, revision 4' },
        { kind: 'alert', at: now - 6 * MINUTE, label: 'SlowRequests' },
      ],
    }),
  };
}

function memoryGrows(now: number): Signal {
  const samples = series(now, 60, (minutes) => (400 + (60 - minutes) * 4) * 2 ** 20);
  return {
    kind: 'memory',
    level: 'forecast',
    object: ref('Deployment', 'search'),
    others: [],
    labels: { pod: 'search-5d8f7b6c9-qz4lm' },
    since: now,
    message: 'memory of search reaches its limit of 1 GiB in about 1.6 h (confidence 0.84)',
    value: samples.at(-1)!.value,
    usual: null,
    threshold: 2 ** 30,
    unit: 'bytes',
    query: 'container_memory_working_set_bytes{pod=~"search-.*"}',
    chart: chartOf({
      title: 'memory of Deployment search',
      unit: 'bytes',
      label: 'working set',
      samples,
      threshold: 2 ** 30,
      forecast: [samples.at(-1)!, { at: now + 96 * MINUTE, value: 2 ** 30 }],
    }),
  };
}

/** One sample each 15 s of the last minutes. @param value of so many minutes ago */
function series(now: number, minutes: number, value: (minutesAgo: number) => number): Sample[] {
  return Array.from({ length: minutes * 4 + 1 }, (_, index) => {
    const ago = minutes - index / 4;
    return { at: now - ago * MINUTE, value: value(ago) };
  });
}
