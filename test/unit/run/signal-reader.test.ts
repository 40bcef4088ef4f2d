import { describe, expect, it } from 'vitest';
import type { Signal } from '../../../src/domain/signals.ts';
import { shownSignals } from '../../../src/domain/signals-now.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import type {
  Answer,
  MetricSource,
  Series,
  Span,
  TelemetrySources,
  TraceSource,
} from '../../../src/domain/telemetry.ts';
import { SignalReader } from '../../../src/run/telemetry/signal-reader.ts';
import { waterfallOf } from '../../../src/run/telemetry/waterfall.ts';
import { signalAsks } from '../../../src/signals/read-signals.ts';
import { madeSeries } from '../../support/made-series.ts';
import { answersTo, requestSeries, sceneAt, START } from '../../support/signal-scene.ts';
import { smallCluster } from '../../support/small-cluster.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';

const never = new AbortController().signal;
const NONE: TelemetrySources = { alerts: null, metrics: null, traces: null, logs: null };
const HEALTHY = { known: true as const, items: [] };

const snapshot = (clock: FakeClock): ClusterSnapshot => ({
  takenAt: new Date(clock.now()).toISOString(),
  namespaces: ['shop'],
  objects: { Deployment: ['front', 'rate'].map(deployment), Service: [], Pod: [] },
  unreadable: {},
});

function deployment(name: string) {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop', uid: name },
    spec: { template },
  };
}

function metrics(answer: () => Promise<Answer<Series[]>>): MetricSource {
  return { name: 'Prometheus', lagMs: 15_000, instant: answer, range: answer, link: () => null };
}

/** A trace of `front` that asks `rate`, which takes `ms`. */
function trace(id: string, startsAt: number, ms: number): Span[] {
  const span = (service: string, own: string, parent: string | null, durationMs: number): Span => ({
    trace: id,
    id: `${id}${own}`,
    parent: parent && `${id}${parent}`,
    service,
    operation: `GET /${service}`,
    kind: 'server',
    startsAt,
    durationMs,
    isError: false,
    attributes: {},
  });
  return [span('front', 'a', null, ms + 5), span('rate', 'b', 'a', ms)];
}

function traces(now: number): TraceSource {
  return {
    name: 'Jaeger',
    lagMs: 5_000,
    services: async () => ({ state: 'ok', value: ['front', 'rate'], asOf: now }),
    search: async ({ from, to }) => {
      const isNow = to > now - 60_000;
      const found = Array.from({ length: 30 }, (_, index) =>
        trace(`${isNow ? 'n' : 'u'}${index}`, from + index * 1_000, (isNow ? 400 : 20) + (index % 7)),
      );
      return { state: 'ok', value: found, asOf: now };
    },
    link: (id) => `http://jaeger.example/trace/${id}`,
  };
}

describe('what telemetry shows', () => {
  it('is useless without metrics and traces', () => {
    expect(new SignalReader(NONE, new FakeClock()).isUseful).toBe(false);
  });

  it('names the suspect of the traces, with one of them as a waterfall', async () => {
    const clock = new FakeClock();
    const reader = new SignalReader({ ...NONE, traces: traces(clock.now()) }, clock);
    const seen = await whileTimePasses(clock, reader.read(snapshot(clock), HEALTHY, never));
    expect(seen.suspects.suspects[0]).toMatchObject({
      node: { object: { kind: 'Deployment', name: 'rate' } },
      symptom: 'latency',
    });
    expect(seen.waterfall?.rows.map(({ service, depth }) => [service, depth])).toEqual([
      ['front', 0],
      ['rate', 1],
    ]);
    expect(seen.waterfall?.link).toMatch(/^http:\/\/jaeger\.example\/trace\/n/);
    expect(seen.graph.edges).toMatchObject([{ kind: 'call' }]);
  });

  it('marks on a chart when its workload was changed, and leads to where people see the series', async () => {
    const now = START + 95 * 60_000;
    const slowSince = 90 * 60;
    const behaviour = { traffic: () => 10, latency: (at: number) => (at >= slowSince ? 120 : 40) };
    const asks = signalAsks(sceneAt(now));
    const answers = answersTo(asks, requestSeries(madeSeries(behaviour, 1, 2 * 3_600, START)));
    const links: { query: string; from: number; to: number }[] = [];
    const source: MetricSource = {
      ...metrics(async () => ({ state: 'ok', value: [], asOf: now })),
      range: async (query) => answers.get(asks.find((ask) => ask.query === query)!.key)!,
      link: (query, { from, to }) => (links.push({ query, from, to }), `https://prometheus.example/?${links.length}`),
    };
    const scene = smallCluster();
    const at = START + slowSince * 1_000 - 30_000;
    const [set] = scene.objects.ReplicaSet!.filter(({ metadata }) => metadata.name.startsWith('cart'));
    Object.assign(set!.metadata, {
      creationTimestamp: new Date(at).toISOString(),
      annotations: { 'deployment.kubernetes.io/revision': '7' },
    });
    const [cart] = scene.objects.Deployment!.filter(({ metadata }) => metadata.name === 'cart');
    cart!.metadata.creationTimestamp = new Date(START - 3_600_000).toISOString();
    const clock = new FakeClock(now);
    const reader = new SignalReader({ ...NONE, metrics: source }, clock);
    const { reading } = await whileTimePasses(clock, reader.read(scene, HEALTHY, never));
    const signal = reading.signals.find(({ kind }) => kind === 'latency')!;
    expect(signal.chart!.marks).toEqual([{ kind: 'change', at, label: 'Deployment cart, revision 7' }]);
    expect(signal.link).toMatch(/^https:\/\/prometheus\.example\//);
    expect(links).toContainEqual({ query: signal.query, from: signal.chart!.lines[0]!.samples[0]!.at, to: now });
  });

  it.each<[string, () => Promise<Answer<Series[]>>]>([
    ['fails', async () => ({ state: 'unknown', reason: 'it does not answer' })],
    ['throws', () => Promise.reject(new Error('broken'))],
    ['knows nothing', async () => ({ state: 'ok', value: [], asOf: 0 })],
  ])('is never taken for health where the metric server %s', async (_, answer) => {
    const clock = new FakeClock();
    const reader = new SignalReader({ ...NONE, metrics: metrics(answer) }, clock);
    const { reading } = await whileTimePasses(clock, reader.read(snapshot(clock), HEALTHY, never));
    expect(reading.signals).toEqual([]);
    expect(reading.unjudged.length + reading.absent.length).toBeGreaterThan(0);
  });

  it('is not waited for longer than its limit, whatever a source does', async () => {
    const clock = new FakeClock();
    const hangs = (signal: AbortSignal) =>
      new Promise<Answer<Series[]>>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const source: MetricSource = {
      ...metrics(async () => ({ state: 'absent', reason: '' })),
      instant: (_query, signal) => hangs(signal),
      range: (_query, _window, signal) => hangs(signal),
    };
    const began = clock.monotonic();
    const silent = { ...traces(clock.now()), search: () => new Promise<never>(() => undefined) };
    const reader = new SignalReader({ ...NONE, metrics: source, traces: silent }, clock);
    const { reading, notes } = await whileTimePasses(clock, reader.read(snapshot(clock), HEALTHY, never));
    expect(clock.monotonic() - began).toBeLessThan(25_000);
    expect(reading.unjudged.map(({ reason }) => reason).join()).toContain('no answer within 20 s');
    expect(notes).toEqual(['Jaeger: no answer within 20 s']);
  });

  it('ends at once when it is cancelled', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    stop.abort(new Error('cancelled'));
    const reader = new SignalReader(
      { ...NONE, metrics: metrics(async () => ({ state: 'ok', value: [], asOf: 0 })) },
      clock,
    );
    await expect(reader.read(snapshot(clock), HEALTHY, stop.signal)).rejects.toThrow('cancelled');
  });

  it('is shown in bounds', () => {
    const signal: Signal = {
      kind: 'latency',
      level: 'forecast',
      object: null,
      others: [],
      labels: {},
      since: 0,
      message: 'm',
      value: 1,
      usual: null,
      threshold: null,
      unit: 'ms',
      query: null,
      chart: null,
    };
    const many = Array.from({ length: 40 }, (_, index) => ({
      ...signal,
      level: index % 2 ? ('incident' as const) : ('early' as const),
    }));
    const shown = shownSignals({
      at: 0,
      reading: { signals: many, unjudged: [], absent: [] },
      graph: { nodes: [], edges: [] },
      suspects: { suspects: [], unknown: 'no traces' },
      waterfall: null,
      notes: ['n'],
    });
    expect(shown.signals).toHaveLength(12);
    expect(shown.signals.every(({ level }) => level === 'incident')).toBe(true);
    expect(shown.unknown).toEqual(['n', 'no traces']);
  });
});

describe('a waterfall', () => {
  it('shows spans whose caller is missing, and ends with circles', () => {
    const [root, child] = trace('t', 0, 10) as [Span, Span];
    const lost = { ...child, id: 'x', parent: 'gone' };
    const [a, b] = [
      { ...child, id: 'p', parent: 'q' },
      { ...child, id: 'q', parent: 'p' },
    ];
    const shown = waterfallOf('t', [root, child, lost, a, b], null)!;
    expect(shown.rows).toHaveLength(3);
    expect(shown.cut).toBe(2);
    expect(waterfallOf('other', [root], null)).toBeNull();
  });
});
