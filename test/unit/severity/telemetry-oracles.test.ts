import { describe, expect, it } from 'vitest';
import type { OracleVerdict } from '../../../src/domain/ports.ts';
import type { Severity } from '../../../src/domain/severity.ts';
import { judgeCommit } from '../../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import type { Alert, AlertSource, Answer, MetricSource, Series } from '../../../src/domain/telemetry.ts';
import { AlertOracle } from '../../../src/severity/alert-oracle.ts';
import { SeverityReader } from '../../../src/severity/severity-reader.ts';
import { SloOracle } from '../../../src/severity/slo-oracle.ts';
import { parseSlo } from '../../../src/severity/slo-spec.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import { smallCluster } from '../../support/small-cluster.ts';

const never = new AbortController().signal;
const NAMESPACE = 'shop';
const TIMING = { lagMs: 10_000, settleMs: 90_000 };

function alert(name: string, startsAt: number, more: Partial<Alert> = {}): Alert {
  const labels = { alertname: name, namespace: NAMESPACE, ...more.labels };
  return { name, state: 'firing', annotations: {}, startsAt, fingerprint: JSON.stringify(labels), ...more, labels };
}

/** A source whose alerts are a function of the time. */
function source(clock: FakeClock, alerts: (now: number) => Alert[] | { unknown: string }) {
  let asked = 0;
  const value: AlertSource = {
    name: 'Prometheus',
    timing: TIMING,
    alerts: async (): Promise<Answer<Alert[]>> => {
      asked++;
      const now = clock.now();
      const found = alerts(now);
      return Array.isArray(found)
        ? { state: 'ok', value: found, asOf: now }
        : { state: 'unknown', reason: found.unknown };
    },
  };
  return { value, asked: () => asked };
}

const snapshotAt = (clock: FakeClock): ClusterSnapshot => ({
  takenAt: new Date(clock.now()).toISOString(),
  namespaces: [NAMESPACE],
  objects: {},
  unreadable: {},
});

function reader(clock: FakeClock, alerts: AlertSource): SeverityReader {
  const take = async () => snapshotAt(clock);
  const cluster = { snapshot: take, follow: () => ({ next: take, close: () => undefined }) };
  return new SeverityReader(cluster as never, [new AlertOracle(alerts, clock)], clock);
}

const names = (verdict: OracleVerdict) => ('items' in verdict ? verdict.items.map(({ what }) => what) : verdict);

describe('alerts', () => {
  it('are absent without a source, and unknown where it does not answer', async () => {
    const clock = new FakeClock();
    expect(await new AlertOracle(null, clock).evaluate(snapshotAt(clock), never)).toMatchObject({ state: 'absent' });
    const { value } = source(clock, () => ({ unknown: 'no answer' }));
    expect(await new AlertOracle(value, clock).evaluate(snapshotAt(clock), never)).toEqual({
      state: 'unknown',
      reason: 'no answer',
    });
  });

  it('of the scope that fire are items; what was pending at first is none, what becomes pending later is', async () => {
    const clock = new FakeClock();
    const [start, pending] = [clock.now(), { state: 'pending' } as const];
    let later = false;
    const { value } = source(clock, () => [
      alert('Fires', start),
      alert('Elsewhere', start, { labels: { namespace: 'other' } }),
      alert('EarlySign', start, pending),
      ...(later ? [alert('Begun', start + 1, { ...pending, firesAt: start + 60_000 })] : []),
    ]);
    const oracle = new AlertOracle(value, clock);
    expect(names(await oracle.evaluate(snapshotAt(clock), never))).toEqual(['Fires']);
    later = true;
    await clock.advance(TIMING.lagMs);
    expect(names(await oracle.evaluate(snapshotAt(clock), never))).toEqual(['Fires', 'Begun']);
    expect(oracle.moving()).toMatchObject([{ what: 'Begun', until: start + 60_000 }]);
  });

  it('that become pending are early signs for who changes nothing', async () => {
    const clock = new FakeClock();
    let later = false;
    const { value } = source(clock, () => (later ? [alert('Begun', clock.now(), { state: 'pending' })] : []));
    const oracle = new AlertOracle(value, clock, false);
    for (later of [false, true]) {
      expect(await oracle.evaluate(snapshotAt(clock), never)).toMatchObject({ state: 'ok', items: [] });
      await clock.advance(TIMING.lagMs);
    }
    expect(oracle.moving()).toEqual([]);
  });

  it('that were pending at first and went away are new when they come back', async () => {
    const clock = new FakeClock();
    const begin = clock.now();
    const { value } = source(clock, (now) =>
      now - begin === 10_000 ? [] : [alert('Comes', begin, { state: 'pending' })],
    );
    const oracle = new AlertOracle(value, clock);
    const seen: unknown[] = [];
    for (let turn = 0; turn < 3; turn++) {
      seen.push(names(await oracle.evaluate(snapshotAt(clock), never)));
      await clock.advance(TIMING.lagMs);
    }
    expect(seen).toEqual([[], [], ['Comes']]);
  });

  it.each([
    ['unknown once something is missing that was there at first', [undefined, 'a rule fails'], ['ok', 'unknown']],
    ['as known as at first where something was missing then already', ['a rule fails', 'two rules fail'], ['ok', 'ok']],
  ])('are %s', async (_what, cuts, states) => {
    const clock = new FakeClock();
    let turn = 0;
    const { value } = source(clock, () => []);
    const cutting: AlertSource = {
      ...value,
      alerts: async () => ({ state: 'ok', value: [], asOf: clock.now(), ...(cuts[turn] ? { cut: cuts[turn]! } : {}) }),
    };
    const oracle = new AlertOracle(cutting, clock);
    const seen: string[] = [];
    for (; turn < cuts.length; turn++) {
      seen.push((await oracle.evaluate(snapshotAt(clock), never)).state);
      await clock.advance(TIMING.lagMs);
    }
    expect(seen).toEqual(states);
  });

  describe('that fired and are told of no more', () => {
    const cut = 'a rule cannot be evaluated';
    const fires = (clock: FakeClock) => ({ value: [alert('A', clock.now()), alert('B', clock.now())], names: {} });
    const looks = async (judges: boolean, answers: ((clock: FakeClock) => object)[]) => {
      const clock = new FakeClock();
      let turn = 0;
      const { value } = source(clock, () => []);
      const alerts = async () =>
        ({ state: 'ok', value: [], asOf: clock.now(), ...answers[turn]!(clock) }) as unknown as Answer<Alert[]>;
      const oracle = new AlertOracle({ ...value, alerts }, clock, judges);
      const seen: OracleVerdict[] = [];
      for (; turn < answers.length; turn++) {
        seen.push(await oracle.evaluate(snapshotAt(clock), never));
        await clock.advance(TIMING.lagMs);
      }
      return seen;
    };
    const failing = { cut, names: { missing: ['A'] } };
    const ended = (more: object) => () => ({ value: [], ...more });

    it.each([
      ['their rule failed from the beginning', failing, failing],
      ['they have no data to speak by', {}, { names: { mute: ['A'] } }],
    ])('are not over where %s', async (_what, first, then) => {
      const answers = [(clock: FakeClock) => ({ ...fires(clock), ...first }), ended(then), ended({})];
      const [, gone, over] = await looks(true, answers);
      expect(gone).toMatchObject({
        state: 'unknown',
        reason: expect.stringMatching(/^A: whether that is over is not known/) as string,
      });
      expect(over).toMatchObject({ state: 'ok', items: [] });
      const [, told, later] = await looks(false, answers);
      expect(names(told!)).toEqual(['A']);
      expect(told).toMatchObject({
        notes: expect.arrayContaining([expect.stringMatching(/^A fired, and whether/)]) as string[],
      });
      expect(later).toMatchObject({ state: 'ok', items: [] });
    });

    it('are over where others cannot speak', async () => {
      const others = { cut, names: { missing: ['C'] } };
      const [, gone] = await looks(true, [(clock) => ({ ...fires(clock), ...others }), ended(others)]);
      expect(gone).toMatchObject({ state: 'ok', items: [] });
    });

    it('are not over, for who only looks, when whoever sends them stops answering', async () => {
      const silent = { cut: 'Prometheus does not answer', names: { missing: ['*'] } };
      const [, first, second, back] = await looks(false, [fires, ended(silent), ended(silent), ended({})]);
      expect([names(first!), names(second!)]).toEqual([
        ['A', 'B'],
        ['A', 'B'],
      ]);
      expect(back).toMatchObject({ state: 'ok', items: [] });
    });

    it('are unknown when another rule fails than at first, whatever the words are', async () => {
      const at = (...missing: string[]) => ({ cut, names: { missing } });
      const states = async (...turns: object[]) =>
        (
          await looks(
            true,
            turns.map((turn) => ended(turn)),
          )
        ).map(({ state }) => state);
      expect(await states(at('X', 'Y'), at('X'), at('X'))).toEqual(['ok', 'ok', 'ok']);
      expect(await states(at('X'), at('Y'))).toEqual(['ok', 'unknown']);
      expect(await states(at('X'), {}, at('X'))).toEqual(['ok', 'ok', 'unknown']);
    });
  });

  it.each([
    ['heals nothing, for who judges changes', true, [['A'], ['A'], []]],
    ['ends what it hides, for who only looks', false, [['A'], [], []]],
  ])('a silence %s', async (_what, judgesChanges, expected) => {
    const clock = new FakeClock();
    const start = clock.now();
    const hidden = { hidden: true } as const;
    const looks = [
      [alert('A', start), alert('Before', start, hidden)],
      [alert('A', start, hidden), alert('Before', start, hidden)],
      [alert('Before', start, hidden)],
    ];
    let turn = 0;
    const oracle = new AlertOracle(source(clock, () => looks[turn]!).value, clock, judgesChanges);
    const seen: unknown[] = [];
    for (; turn < looks.length; turn++) {
      seen.push(names(await oracle.evaluate(snapshotAt(clock), never)));
      await clock.advance(TIMING.lagMs);
    }
    expect(seen).toEqual(expected);
  });

  it('tell what is not here in full, and which of them nobody can place', async () => {
    const clock = new FakeClock();
    const { value } = source(clock, (now): Alert[] => [
      { ...alert('Nowhere', now), labels: { alertname: 'Nowhere', team: 'x' } },
      { ...alert('Quiet', now), labels: { alertname: 'Quiet', severity: 'info' } },
    ]);
    const alerts: AlertSource['alerts'] = async (signal) => {
      const answer = await value.alerts(signal);
      return answer.state === 'ok'
        ? { ...answer, cut: 'only 2 of 3 alerts are taken', note: 'its clock is behind' }
        : answer;
    };
    const reading = await reader(clock, { ...value, alerts }).read(never);
    expect(reading.severity).toEqual({ known: true, items: [] });
    expect(reading.notes).toEqual([
      'alerts: only 2 of 3 alerts are taken',
      'alerts: its clock is behind',
      'alerts: of 1 alert that fires it is unknown whether it concerns the target, for it names no namespace and nothing of it: Nowhere',
    ]);
  });

  it('are not asked for more often than they can change, and speak of a moment as long ago as they lag', async () => {
    const clock = new FakeClock();
    const { value, asked } = source(clock, () => []);
    const oracle = new AlertOracle(value, clock);
    for (let turn = 0; turn < 20; turn++) {
      expect(await oracle.evaluate(snapshotAt(clock), never)).toMatchObject({ state: 'ok' });
      await clock.advance(100);
    }
    expect(asked()).toBe(1);
    const { asOf } = (await oracle.evaluate(snapshotAt(clock), never)) as { asOf: number };
    expect(asOf).toBeLessThanOrEqual(clock.now() - TIMING.lagMs);
  });
});

describe('a reading after a change', () => {
  /** What fires at the start, and what the change does to it, by the time since the change. */
  async function judged(before: (now: number) => Alert[], after: (sinceChange: number, changedAt: number) => Alert[]) {
    const clock = new FakeClock();
    let changedAt: number | null = null;
    const { value } = source(clock, (now) => (changedAt === null ? before(now) : after(now - changedAt, changedAt)));
    const severity = reader(clock, value);
    const told: string[] = [];
    const first = await whileTimePasses(clock, severity.baseline(never), 500);
    changedAt = clock.now();
    const second = await whileTimePasses(
      clock,
      severity.baseline(never, changedAt, (text) => told.push(text)),
      500,
    );
    const verdict = judgeCommit('strict', first.severity, second.severity, () => true, changedAt);
    return { verdict, waited: clock.now() - changedAt, told };
  }

  it('waits for an alert that looks back to clear, says so, and keeps the change', async () => {
    const began = Date.parse('2031-03-04T05:00:00Z');
    const { verdict, waited, told } = await judged(
      () => [alert('ErrorRate', began)],
      (since) => (since < 70_000 ? [alert('ErrorRate', began)] : []),
    );
    expect(verdict.commit).toBe(true);
    expect(waited).toBeGreaterThanOrEqual(70_000);
    expect(waited).toBeLessThan(TIMING.settleMs);
    expect(told.join(' ')).toMatch(/waiting for ErrorRate, which may clear by itself for 1\.5 min/);
  });

  it('gives up when the time is over in which it would have cleared', async () => {
    const began = Date.parse('2031-03-04T05:00:00Z');
    const { verdict, waited } = await judged(
      () => [alert('ErrorRate', began)],
      () => [alert('ErrorRate', began)],
    );
    expect(verdict.commit).toBe(false);
    expect(waited).toBeGreaterThanOrEqual(TIMING.settleMs);
  });

  it('waits until an alert that it made pending fires, and takes the change back', async () => {
    const began = Date.parse('2031-03-04T05:00:00Z');
    const { verdict, waited } = await judged(
      () => [alert('Old', began)],
      (since, changedAt) => [
        ...(since < 5_000
          ? []
          : [
              alert(
                'Latency',
                changedAt + 5_000,
                since < 65_000 ? { state: 'pending', firesAt: changedAt + 65_000 } : {},
              ),
            ]),
      ],
    );
    expect(verdict).toMatchObject({ commit: false });
    expect(verdict.reason).toContain('Latency');
    expect(waited).toBeGreaterThanOrEqual(65_000);
  });

  it('is not judged before the rules can have seen the change', async () => {
    const began = Date.parse('2031-03-04T05:00:00Z');
    const { waited } = await judged(
      () => [alert('Old', began)],
      () => [],
    );
    expect(waited).toBeGreaterThanOrEqual(TIMING.lagMs);
  });
});

describe('a reading before a change', () => {
  const began = Date.parse('2031-03-04T05:00:00Z');

  /** A baseline, and another one beside what fires by then. */
  async function waitedFor(then: (now: number) => Alert[]): Promise<number> {
    const clock = new FakeClock();
    let fires: (now: number) => Alert[] = () => [alert('ErrorRate', began), alert('Latency', began)];
    const { value } = source(clock, (now) => fires(now));
    const severity = reader(clock, value);
    await whileTimePasses(clock, severity.baseline(never), 500);
    fires = then;
    await clock.advance(TIMING.lagMs * 4);
    const from = clock.now();
    await whileTimePasses(clock, severity.baseline(never), 500);
    return clock.now() - from;
  }

  it('does not wait where all that was wrong still is, and more', async () => {
    const more = [alert('ErrorRate', began), alert('Latency', began), alert('Saturation', began)];
    expect(await waitedFor(() => more)).toBeLessThan(TIMING.settleMs / 2);
  });

  it('waits where some of it has cleared, for the rest may as well', async () => {
    expect(await waitedFor(() => [alert('Latency', began)])).toBeGreaterThanOrEqual(TIMING.settleMs / 2);
  });
});

describe('what an alert is charged with', () => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE, name: 'a' };
  const known = (items: object[]) => ({ known: true as const, items: items as never });
  const item = (what: string, since: number) => ({
    source: 'alert',
    object: null,
    what,
    grade: 1,
    message: what,
    since,
    subjects: [deployment],
  });

  it.each([
    ['began before the first write', 90_000, true],
    ['began at about the time of it', 99_000, false],
    ['began after it', 101_000, false],
  ])('one about what was written that %s', (_, since, keeps) => {
    const verdict = judgeCommit('strict', known([item('Gone', 0)]), known([item('New', since)]), () => true, 100_000);
    expect(verdict.commit).toBe(keeps);
  });
});

describe('objectives', () => {
  const metrics = (answer: Answer<Series[]>): MetricSource => ({
    name: 'Prometheus',
    lagMs: 5_000,
    instant: async () => answer,
    range: async () => answer,
    link: () => null,
  });
  const series = (value: number, labels: Record<string, string> = {}): Series => ({
    labels,
    samples: [{ at: 0, value }],
  });
  const ok = (...value: Series[]): Answer<Series[]> => ({ state: 'ok', value, asOf: 50_000 });
  const evaluate = (answer: Answer<Series[]>, ...texts: string[]) => {
    const clock = new FakeClock();
    return new SloOracle(texts.map(parseSlo), metrics(answer), clock).evaluate(snapshotAt(clock), never);
  };

  it('that are met are well, each series by itself where there are several', async () => {
    expect(await evaluate(ok(series(1)), 'a=x >= 0.99')).toMatchObject({ state: 'ok', items: [], asOf: 45_000 });
    const verdict = await evaluate(ok(series(1, { route: 'a' }), series(0.5, { route: 'b' })), 'a=x >= 0.99');
    expect(verdict).toMatchObject({ state: 'bad', items: [{ source: 'check', what: 'a', key: 'route=b' }] });
    expect(JSON.stringify(verdict)).toContain('SLO a of route=b: 0.5, and it has to be >= 0.99');
  });

  it.each([
    ['series that vanished', ok()],
    ['a series without a number', ok({ labels: {}, samples: [] })],
    ['a query that failed', { state: 'unknown', reason: 'parse error' } as const],
    ['an answer that is cut', { ...ok(series(1)), cut: 'only 100 of 200 series' } as Answer<Series[]>],
  ])('are unknown with %s', async (_, answer) => {
    expect(await evaluate(answer, 'a=x >= 0.99')).toMatchObject({ state: 'unknown' });
  });

  it('tell of series that hold no number beside those that are met', async () => {
    const answer: Answer<Series[]> = {
      state: 'ok',
      value: [series(1)],
      asOf: 50_000,
      note: '1 more series hold no finite number',
    };
    expect(await evaluate(answer, 'a=x >= 0.99')).toMatchObject({
      state: 'ok',
      notes: ['SLO a: 1 more series hold no finite number'],
    });
  });

  /** One look after another, each with another answer. */
  async function looks(
    text: string,
    answers: Answer<Series[]>[],
    mustBeMeasured = true,
    cluster: ClusterSnapshot | ((look: number) => ClusterSnapshot) | null = null,
  ) {
    const clock = new FakeClock();
    const snapshot = (look: number) => (typeof cluster === 'function' ? cluster(look) : (cluster ?? snapshotAt(clock)));
    let turn = 0;
    const source = { ...metrics(ok()), instant: async () => answers[turn]! };
    const oracle = new SloOracle([parseSlo(text)], source, clock, mustBeMeasured);
    const verdicts: OracleVerdict[] = [];
    for (; turn < answers.length; turn++) {
      verdicts.push(await oracle.evaluate(snapshot(turn), never));
      await clock.advance(5_000);
    }
    return verdicts;
  }
  const knownItems = (verdict: OracleVerdict): Severity => ({
    known: true,
    items: 'items' in verdict ? verdict.items : [],
  });
  const of = (service: string, value: number, more: Record<string, string> = {}) => series(value, { service, ...more });

  it('that were violated are waited for where they are measured no longer, then unknown: they are not met', async () => {
    const answers = [ok(of('a', 0.5), of('b', 1)), ...Array(4).fill(ok(of('b', 1)))] as Answer<Series[]>[];
    const [first, gone, still, late, later] = await looks('s=x >= 0.99', answers);
    expect(first).toMatchObject({ state: 'bad', items: [{ key: 'service=a' }] });
    for (const waiting of [gone, still]) expect(waiting).toMatchObject({ state: 'bad', items: [{ key: 'service=a' }] });
    for (const lost of [late, later])
      expect(lost).toMatchObject({
        state: 'unknown',
        reason: expect.stringMatching(/service=a.*no longer measured/) as string,
      });
    expect(judgeCommit('strict', knownItems(first!), knownItems(gone!), () => true).commit).toBe(false);
    // Who only looks calls it over when it has been waited for.
    expect((await looks('s=x >= 0.99', answers, false)).map(({ state }) => state)).toEqual([
      'bad',
      'bad',
      'bad',
      'ok',
      'ok',
    ]);
    const [, , back] = await looks('s=x >= 0.99', [...answers.slice(0, 2), ok(of('a', 1), of('b', 1))]);
    expect(back).toMatchObject({ state: 'ok' });
  });

  it('of an object that is there, and of which nothing is measured any more, are not met either', async () => {
    const cluster = smallCluster();
    const both = ok(of('cart', 1, { namespace: 'shop' }), of('store', 1, { namespace: 'shop' }));
    const one = ok(of('cart', 1, { namespace: 'shop' }));
    const [first, gone, , late] = await looks('s=x >= 0.99', [both, one, one, one, one], true, cluster);
    expect(first).toMatchObject({ state: 'ok' });
    expect(gone).toMatchObject({ state: 'bad', items: [{ key: 'measured of Service/shop/store' }] });
    expect(late).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('no longer measured of Service/shop/store') as string,
    });
    const without = { ...cluster, objects: { ...cluster.objects, Service: [] } };
    const taken = await looks('s=x >= 0.99', [both, one, one, one], true, (look) => (look === 0 ? cluster : without));
    expect(taken.at(-1)).toMatchObject({ state: 'ok' });
    const renamed = ok(
      of('cart', 1, { namespace: 'shop', version: '2' }),
      of('store', 1, { namespace: 'shop', version: '2' }),
    );
    expect((await looks('s=x >= 0.99', [both, renamed, renamed], true, cluster)).at(-1)).toMatchObject({ state: 'ok' });
  });

  it('with no series at all are waited for, then unknown, for who only looks, too', async () => {
    for (const judges of [true, false]) {
      const states = await looks('s=x >= 0.99', [ok(series(1)), ok(), ok(), ok(), ok()], judges);
      expect(states.map(({ state }) => state)).toEqual(['ok', 'bad', 'bad', 'unknown', 'unknown']);
    }
  });

  it('go on with the next pod of what was violated', async () => {
    const [, next] = await looks('s=x >= 0.99', [ok(of('a', 0.5, { pod: 'a-1' })), ok(of('a', 1, { pod: 'a-2' }))]);
    expect(next).toMatchObject({ state: 'ok' });
  });

  it('of very many series are told as a whole, so that none is met by being left out', async () => {
    const many = (bad: number, from = 0) =>
      ok(...Array.from({ length: 80 }, (_, n) => of(`s${n}`, n >= from && n < from + bad ? 0.5 : 1)));
    const [first, others, fewer, none] = await looks('s=x >= 0.99', [many(60), many(60, 20), many(1), many(0)]);
    const whole = { source: 'check', what: 's', grade: 0.75 };
    expect(first).toMatchObject({ items: [whole] });
    expect(others).toMatchObject({ items: [whole] });
    expect(fewer).toMatchObject({ items: [{ what: 's', grade: 1 / 80 }] });
    expect(none).toMatchObject({ state: 'ok', items: [] });
  });

  it('that were told are told again, however many come up beside them', async () => {
    const [first, second] = await looks('s=x >= 0.99', [
      ok(of('old', 0.5), ...Array.from({ length: 80 }, (_, n) => of(`n${n}`, 1))),
      ok(...Array.from({ length: 80 }, (_, n) => of(`n${n}`, 0.5)), of('old', 0.5)),
    ]);
    expect(first).toMatchObject({ items: [{ key: 'service=old' }] });
    expect('items' in second! && second.items.map(({ key }) => key)).toContain('service=old');
  });

  it('are absent where there are none, and unknown without a metric server', async () => {
    const clock = new FakeClock();
    expect(await new SloOracle([], null, clock).evaluate(snapshotAt(clock), never)).toMatchObject({ state: 'absent' });
    const without = new SloOracle([parseSlo('a=x > 1')], null, clock);
    expect(await without.evaluate(snapshotAt(clock), never)).toMatchObject({ state: 'unknown' });
  });
});
