import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refLabel } from '../../../src/domain/kube-object.ts';
import type { OracleVerdict } from '../../../src/domain/ports.ts';
import { itemId, judgeCommit } from '../../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import type { Alert, AlertSource, Answer, Series } from '../../../src/domain/telemetry.ts';
import { FreshAlerts } from '../../../src/severity/fresh-alerts.ts';
import { SeverityReader } from '../../../src/severity/severity-reader.ts';
import { SignalOracle } from '../../../src/severity/signal-oracle.ts';
import { latency } from '../../../src/signals/incident-types/latency.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import type { Behaviour } from '../../support/made-series.ts';
import { madeSeries } from '../../support/made-series.ts';
import { answersTo, requestSeries, sceneAt, START } from '../../support/signal-scene.ts';
import { SignalSource } from '../../support/signal-source.ts';
import { smallCluster } from '../../support/small-cluster.ts';

const never = new AbortController().signal;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** When what is wrong begins, in seconds from the start. */
const BREAKS_S = 90 * 60;
const SLOW_CART = 'signal:Deployment/shop/cart:latency';

const steady: Behaviour = { traffic: () => 10, latency: () => 40 };
const slowSince = (second = BREAKS_S, until = Infinity, factor = 3): Behaviour => ({
  traffic: () => 10,
  latency: (at) => (at >= second && at < until ? 40 * factor : 40),
});

interface World {
  clock: FakeClock;
  source: SignalSource;
  oracle: SignalOracle;
  snapshot: ClusterSnapshot;
  look(): Promise<OracleVerdict>;
  /** Looks at a time, in minutes from the start. */
  at(minute: number): Promise<OracleVerdict>;
}

function world(
  behaviour: Behaviour | null,
  minute: number,
  { judgesChanges = true, alerts = null as AlertSource | null, hours = 3, seed = 1 } = {},
): World {
  const clock = new FakeClock(START + minute * MINUTE);
  const series = behaviour ? requestSeries(madeSeries(behaviour, seed, hours * 3_600, START)) : {};
  const source = new SignalSource(clock, series);
  const fresh = alerts && new FreshAlerts(alerts, clock);
  const oracle = new SignalOracle({ metrics: source, alerts: fresh, clock, judgesChanges });
  const snapshot = smallCluster();
  const look = () => oracle.evaluate({ ...snapshot, takenAt: new Date(clock.now()).toISOString() }, never);
  const at = async (to: number) => {
    await clock.advance(START + to * MINUTE - clock.now());
    return look();
  };
  return { clock, source, oracle, snapshot, look, at };
}

const ids = (verdict: OracleVerdict) => ('items' in verdict ? verdict.items.map(itemId) : verdict.state);

describe('signals as severity', () => {
  it('are absent without a metric server, and where nobody exports what they look at', async () => {
    const clock = new FakeClock();
    const oracle = new SignalOracle({ metrics: null, alerts: null, clock, judgesChanges: true });
    expect(await oracle.evaluate(smallCluster(), never)).toMatchObject({ state: 'absent' });
    expect(await world(null, 95).look()).toMatchObject({ state: 'absent' });
  });

  it('are well where all is as usual', async () => {
    expect(await world(steady, 95).look()).toMatchObject({ state: 'ok', items: [] });
  });

  it('say what no metric of the scope tells of, and what does is not named', async () => {
    expect(await world(steady, 95).look()).toMatchObject({
      notes: ['not watched, for no metric tells of it here: memory, room on disks, certificates'],
    });
    const others = world(steady, 95);
    const [p99, ...rest] = Object.entries(others.source.series);
    const elsewhere = p99![1].map((one) => ({ ...one, labels: { service_name: 'web', k8s_namespace_name: 'blog' } }));
    others.source.series = Object.fromEntries([[p99![0], elsewhere], ...rest]);
    const verdict = await others.look();
    expect('items' in verdict && verdict.notes?.[0]).toMatch(/: memory, latency, room on disks, certificates$/);
  });

  it('are an item for each type and object, with what was compared in words', async () => {
    const verdict = await world(slowSince(), 95).look();
    expect(verdict).toMatchObject({ state: 'bad' });
    expect(ids(verdict)).toEqual([SLOW_CART]);
    const [item] = (verdict as { items: { message: string; since: number }[] }).items;
    expect(item!.message).toMatch(/^p99 latency of Deployment\/shop\/cart is .* against .* ± .* over the last/);
    expect(item!.since).toBeGreaterThanOrEqual(START + BREAKS_S * 1_000);
    expect(item!.since).toBeLessThanOrEqual(START + BREAKS_S * 1_000 + 2 * MINUTE);
  });

  it('are the same item however the numbers change, and over when they are', async () => {
    const { at } = world(slowSince(BREAKS_S, BREAKS_S + 20 * 60), 95);
    for (const minute of [95, 100, 108]) expect(ids(await at(minute))).toEqual([SLOW_CART]);
    expect(await at(113)).toMatchObject({ state: 'ok', items: [] });
  });

  it.each<[string, Answer<Series[]>]>([
    ['fails', { state: 'unknown', reason: 'Prometheus does not answer' }],
    ['is cut', { state: 'ok', value: [], asOf: 0, cut: 'only 10 of 20 series are taken' }],
  ])('are unknown where one question %s', async (_, answer) => {
    const { source, look, clock } = world(steady, 95);
    source.instead = (key) => (key === 'memory/working-set' ? answer : null);
    expect(await look()).toMatchObject({ state: 'unknown' });
    source.instead = null;
    await clock.advance(1_000);
    expect(await look()).toMatchObject({ state: 'ok' });
  });

  it('are unknown where nobody answers in time, and cost no more than that time', async () => {
    const { source, look, clock } = world(steady, 95);
    source.range = () => new Promise(() => undefined);
    const began = clock.monotonic();
    const verdict = await whileTimePasses(clock, look());
    expect(verdict).toMatchObject({ state: 'unknown', reason: 'no answer within 15 s' });
    expect(clock.monotonic() - began).toBeLessThan(20_000);
  });

  it('are not asked for more often than they change, and speak of a moment as long ago as a scrape', async () => {
    const { source, look, clock } = world(steady, 95);
    await look();
    const once = source.asked;
    for (let turn = 0; turn < 20; turn++) {
      await clock.advance(300);
      await look();
    }
    expect(source.asked).toBe(once);
    const { asOf } = (await look()) as { asOf: number };
    expect(asOf).toBeLessThanOrEqual(clock.now() - source.lagMs);
  });
});

describe('the baseline', () => {
  /** As it would be judged if what is usual moved on with the present. */
  const moving = (behaviour: Behaviour, minute: number) => {
    const scene = sceneAt(START + minute * MINUTE);
    const series = requestSeries(madeSeries(behaviour, 1, 5 * 3_600, START));
    return latency.judge(answersTo(latency.asks(scene), series), scene).signals;
  };

  it('is fixed for who judges changes: a fault that lasts stays one', async () => {
    const { at } = world(slowSince(), 95, { hours: 5 });
    for (const minute of [95, 140, 200, 260]) expect(ids(await at(minute))).toEqual([SLOW_CART]);
    expect(moving(slowSince(), 260)).toEqual([]);
  });

  it('ends before a fault that began long before the first look', async () => {
    const { at } = world(slowSince(), 112, { hours: 5 });
    for (const minute of [112, 170, 240]) expect(ids(await at(minute))).toEqual([SLOW_CART]);
  });

  it('does not take in what a change did', async () => {
    const { at } = world(slowSince(130 * 60), 95, { hours: 5 });
    expect(await at(95)).toMatchObject({ state: 'ok' });
    for (const minute of [134, 200, 260]) expect(ids(await at(minute))).toEqual([SLOW_CART]);
  });

  it('moves on for who only looks while all is well, and is fixed while something is not', async () => {
    const { at } = world(slowSince(), 95, { judgesChanges: false, hours: 5 });
    for (let minute = 95; minute <= 260; minute += 15) expect(ids(await at(minute))).toEqual([SLOW_CART]);
  });

  it('whatever the fault and whenever it is looked at, what was wrong at first is so as long as it lasts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 8 }),
        fc.integer({ min: 94, max: 110 }),
        fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 50 }),
        async (factor, first, pauses, seed) => {
          const { at } = world(slowSince(BREAKS_S, Infinity, factor), first, { hours: 4, seed });
          let minute = first;
          expect(ids(await at(minute))).toEqual([SLOW_CART]);
          for (const pause of pauses) expect(ids(await at((minute += pause)))).toEqual([SLOW_CART]);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('what has not held for long', () => {
  it('is an early sign at the first look, with when it will be an item, and becomes one', async () => {
    const { at, oracle } = world(slowSince(), 91.5);
    expect(ids(await at(91.5))).toEqual([]);
    expect(oracle.moving()).toEqual([]);
    expect(oracle.early().map(itemId)).toEqual([SLOW_CART]);
    const { until } = oracle.early()[0]!;
    expect(until).toBeGreaterThan(START + 92 * MINUTE);
    expect(until).toBeLessThan(START + 95 * MINUTE);
    expect(ids(await at(94))).toEqual([SLOW_CART]);
    expect(oracle.early()).toEqual([]);
  });

  it('counts where it began since the first look, and moves until it fires', async () => {
    const { at, oracle } = world(slowSince(), 88);
    expect(ids(await at(88))).toEqual([]);
    expect(ids(await at(91.5))).toEqual([SLOW_CART]);
    expect(oracle.moving().map(itemId)).toEqual([SLOW_CART]);
    expect(ids(await at(94))).toEqual([SLOW_CART]);
    expect(oracle.moving()).toEqual([]);
  });

  it('never counts for who only looks', async () => {
    const { at, oracle } = world(slowSince(), 88, { judgesChanges: false });
    await at(88);
    expect(ids(await at(91.5))).toEqual([]);
    expect(oracle.moving()).toEqual([]);
  });
});

describe('beside an alert of the same meaning', () => {
  const alerts = (firing: () => boolean): AlertSource => ({
    name: 'Alertmanager',
    timing: { lagMs: 0, settleMs: 0 },
    alerts: async () => {
      const labels = { alertname: 'HighRequestLatency', namespace: 'shop', deployment: 'cart' };
      const alert: Alert = {
        ...{ name: 'HighRequestLatency', labels, annotations: {}, startsAt: START, fingerprint: 'a' },
        state: 'firing',
      };
      return { state: 'ok', value: firing() ? [alert] : [], asOf: START };
    },
  });

  it('that fires the alert speaks, and goes on speaking until the signal is over', async () => {
    let fires = true;
    const { at } = world(slowSince(), 95, { alerts: alerts(() => fires) });
    expect(ids(await at(95))).toEqual([]);
    fires = false;
    expect(ids(await at(97))).toEqual([]);
  });

  it('that fires later the signal goes on: else it would look as if it were over', async () => {
    let fires = false;
    const { at } = world(slowSince(), 95, { alerts: alerts(() => fires) });
    expect(ids(await at(95))).toEqual([SLOW_CART]);
    fires = true;
    expect(ids(await at(97))).toEqual([SLOW_CART]);
  });

  it('that cannot be read the signal speaks', async () => {
    const silent: AlertSource = { ...alerts(() => true), alerts: () => Promise.reject(new Error('down')) };
    expect(ids(await world(slowSince(), 95, { alerts: silent }).look())).toEqual([SLOW_CART]);
  });
});

describe('what nobody tells of any more', () => {
  const stopping = (second: number): Behaviour => ({ ...slowSince(), traffic: (at) => (at < second ? 10 : 0) });

  it('is waited for and then unknown where it was wrong, and known when it is told again', async () => {
    const { at, oracle, source } = world(slowSince(), 95);
    expect(ids(await at(95))).toEqual([SLOW_CART]);
    const all = source.series;
    source.series = requestSeries(madeSeries(slowSince(), 1, 96 * 60, START));
    expect(ids(await at(98))).toContain(SLOW_CART);
    const waited = oracle.moving().find((item) => itemId(item) === SLOW_CART);
    expect(waited).toMatchObject({ message: expect.stringMatching(/not known/) as string });
    expect(await at(101)).toMatchObject({ state: 'unknown', reason: expect.stringMatching(/not known/) as string });
    source.series = all;
    expect(ids(await at(102))).toEqual([SLOW_CART]);
  });

  it('is unknown where all was well and requests came all the time', async () => {
    const { at } = world({ ...steady, traffic: (at) => (at < 100 * 60 ? 10 : 0) }, 95);
    expect(await at(95)).toMatchObject({ state: 'ok' });
    const soon = await at(104);
    expect(soon).toMatchObject({ state: 'bad' });
    expect(ids(soon)).toContain('signal:Deployment/shop/cart:errors');
    expect(await at(108)).toMatchObject({ state: 'unknown' });
  });

  it('says nothing where it was so at the first look, or where requests come and go', async () => {
    const late = world(stopping(80 * 60), 95);
    expect(await late.at(95)).toMatchObject({ state: 'ok' });
    expect(await late.at(105)).toMatchObject({ state: 'ok' });
    const rare = world({ ...steady, traffic: (at) => (Math.floor(at / 300) % 2 === 0 ? 1 : 0) }, 95);
    for (let minute = 95; minute < 130; minute += 3) expect(await rare.at(minute)).toMatchObject({ state: 'ok' });
  });

  it('stays as it was for who only looks', async () => {
    const { at, source } = world(slowSince(), 95, { judgesChanges: false });
    await at(95);
    source.series = requestSeries(madeSeries(slowSince(), 1, 96 * 60, START));
    for (const minute of [99, 105, 110]) expect(ids(await at(minute))).toEqual([SLOW_CART]);
  });

  it('is unknown of a certificate that a probe met, and over when it was renewed', async () => {
    const made = (days: number) => ({
      ...requestSeries(madeSeries(steady, 1, 3 * 3_600, START)),
      'certificate/probes': [
        {
          labels: { instance: 'https://cart.shop:8443/' },
          samples: Array.from({ length: 180 }, (_, minute) => ({
            at: START + minute * MINUTE,
            value: (START + days * DAY) / 1_000,
          })),
        },
      ],
    });
    const { at, source } = world(steady, 95);
    source.series = made(5);
    expect(ids(await at(95))).toEqual(['signal:Deployment/shop/cart:certificate']);
    source.series = requestSeries(madeSeries(steady, 1, 3 * 3_600, START));
    expect(await at(96)).toMatchObject({ state: 'bad' });
    expect(await at(99)).toMatchObject({ state: 'unknown' });
    source.series = made(90);
    expect(await at(100)).toMatchObject({ state: 'ok' });
  });
});

describe('objects', () => {
  it('of a container that was killed for memory count at once, for as long as its pod is there', async () => {
    const { snapshot, at, oracle } = world(steady, 95);
    const pod = snapshot.objects.Pod!.find(({ metadata }) => metadata.name.startsWith('cart-'))!;
    const terminated = { reason: 'OOMKilled', finishedAt: new Date(START + 94 * MINUTE).toISOString() };
    pod.status.containerStatuses = [{ name: 'cart', restartCount: 1, lastState: { terminated } }];
    expect(ids(await at(95))).toEqual(['signal:Deployment/shop/cart:oom']);
    expect(oracle.timing.settleMs).toBe(9 * MINUTE + 15_000);
    snapshot.objects.Pod = snapshot.objects.Pod!.filter((other) => other !== pod);
    expect(await at(96)).toMatchObject({ state: 'ok' });
  });

  it.each([
    ['node1', ['signal:Node/node1:disk']],
    // It runs pods of another namespace only.
    ['node3', []],
  ])('of a disk that fills up: %s', async (node, expected) => {
    const { source, at } = world(null, 350);
    const samples = Array.from({ length: 350 }, (_, minute) => ({
      at: START + minute * MINUTE,
      value: 0.6 + minute / 1_400,
    }));
    const labels = { job: 'node-exporter', instance: 'x', node, device: '/dev/sda1', mountpoint: '/var' };
    source.series = { 'disk/nodes': [{ labels, samples }] };
    expect(ids(await at(350))).toEqual(expected);
  });
});

describe('a change', () => {
  async function judged(behaviour: Behaviour) {
    const { clock, oracle, snapshot } = world(behaviour, 95);
    const take = async () => ({ ...snapshot, takenAt: new Date(clock.now()).toISOString() });
    const cluster = { snapshot: take, follow: () => ({ next: take, close: () => undefined }) };
    const reader = new SeverityReader(cluster as never, [oracle], clock);
    const told: string[] = [];
    const before = await whileTimePasses(clock, reader.baseline(never), 500);
    const changedAt = clock.now();
    const after = await whileTimePasses(
      clock,
      reader.baseline(never, changedAt, (text) => told.push(text)),
      500,
    );
    const verdict = judgeCommit('strict', before.severity, after.severity, () => true, changedAt);
    return { verdict, waited: clock.now() - changedAt, told };
  }

  it('that mends is kept once the window of the rates has passed, and the wait is told', async () => {
    const { verdict, waited, told } = await judged(slowSince(BREAKS_S, 95 * 60));
    expect(verdict).toMatchObject({ commit: true });
    expect(waited).toBeGreaterThan(60_000);
    expect(waited).toBeLessThan(180_000);
    expect(told.join(' ')).toMatch(/waiting for Deployment\/shop\/cart, which may clear by itself/);
  });

  it('that does not mend is given the time in which it could have', async () => {
    const { verdict, waited } = await judged(slowSince());
    expect(verdict).toMatchObject({ commit: false });
    expect(waited).toBeGreaterThanOrEqual(135_000);
  });

  it('that makes failures of what was slow is taken back', async () => {
    const { verdict } = await judged({
      ...slowSince(BREAKS_S, 95 * 60),
      errors: (at) => (at >= 95 * 60 + 10 ? 0.5 : 0),
    });
    expect(verdict).toMatchObject({ commit: false });
    expect(verdict.reason).toMatch(/requests to Deployment\/shop\/cart fail/);
  });
});

describe('whatever is answered', () => {
  const answered = (list: Series[], cut?: string): Answer<Series[]> => ({
    ...{ state: 'ok', value: list, asOf: START },
    ...(cut ? { cut } : {}),
  });
  const value = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, 1e300, -1e300, 5e9));
  const name = fc.constantFrom('shop', 'cart', 'basket', 'cart-5f6d8c7b9-abcd0', 'node1', '', '__proto__', '*');
  const label = fc.constantFrom('namespace', 'service_name', 'pod', 'container', 'instance', 'node', 'job', 'name');
  const series = fc.record({
    labels: fc.dictionary(label, name, { maxKeys: 4 }),
    samples: fc.array(fc.record({ at: fc.integer({ min: START, max: START + 200 * MINUTE }), value }), {
      maxLength: 40,
    }),
  });
  const answer: fc.Arbitrary<Answer<Series[]>> = fc.oneof(
    { weight: 6, arbitrary: fc.array(series, { maxLength: 4 }).map((list) => answered(list)) },
    { weight: 1, arbitrary: fc.constant<Answer<Series[]>>({ state: 'unknown', reason: 'refused' }) },
    { weight: 1, arbitrary: fc.constant(answered([], 'too many')) },
  );

  it('is never taken for health unless all of it was answered in full', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 24, maxLength: 24 }), async (answers) => {
        const { source, at } = world(null, 95);
        const given: Answer<Series[]>[] = [];
        source.instead = () => {
          const next = answers[given.length % answers.length]!;
          given.push(next);
          return next;
        };
        for (const minute of [95, 97]) {
          given.length = 0;
          const verdict = await at(minute);
          const isWhole = given.every((one) => one.state === 'ok' && one.cut === undefined);
          if (!isWhole) expect(verdict.state).toBe('unknown');
          for (const item of 'items' in verdict ? verdict.items : []) {
            expect(item).toMatchObject({ source: 'signal' });
            expect(refLabel(item.object!)).toMatch(/\/shop\/|^Node\//);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
