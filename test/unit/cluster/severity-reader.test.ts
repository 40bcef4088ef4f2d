import { describe, expect, it } from 'vitest';
import type { ClusterReader, Oracle, OracleTiming, OracleVerdict } from '../../../src/domain/ports.ts';
import type { SeverityItem } from '../../../src/domain/severity.ts';
import { itemId } from '../../../src/domain/severity.ts';
import type { SeverityReading } from '../../../src/domain/ports.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { ClusterError } from '../../../src/domain/cluster-error.ts';
import { SeverityReader } from '../../../src/severity/severity-reader.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import { snapshot } from './objects.ts';

const never = new AbortController().signal;
const item = (what: string, source: SeverityItem['source'] = 'object', grade = 1): SeverityItem => ({
  source,
  object: source === 'object' ? { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'p' } : null,
  what,
  grade,
  message: what,
});
const bad = (...items: SeverityItem[]): OracleVerdict => ({ state: items.length > 0 ? 'bad' : 'ok', items });

/** An oracle that gives these verdicts in turn, the last one for ever. */
function scripted(name: string, verdicts: OracleVerdict[], moving: SeverityItem[][] = [], timing?: OracleTiming) {
  let calls = 0;
  const oracle = {
    name,
    ...(timing ? { timing } : {}),
    evaluate: () => Promise.resolve(verdicts[Math.min(calls++, verdicts.length - 1)]!),
    ...(moving.length > 0 ? { moving: () => moving[Math.min(calls, moving.length) - 1]! } : {}),
    calls: () => calls,
  };
  return oracle as Oracle & { calls(): number };
}

function reader(oracles: Oracle[], failures: (Error | null)[] = [], rolloutLimitMs?: number, absentMs?: number) {
  const clock = new FakeClock();
  const take = (): Promise<ClusterSnapshot> => {
    const failure = failures.shift();
    const takenAt = new Date(clock.now()).toISOString();
    return failure ? Promise.reject(failure) : Promise.resolve({ ...snapshot([]), takenAt });
  };
  let open = 0;
  const follow = () => {
    open++;
    return { next: take, close: () => void open-- };
  };
  const cluster = { snapshot: take, follow } as unknown as ClusterReader;
  const severity = new SeverityReader(cluster, oracles, clock, rolloutLimitMs, absentMs);
  return {
    clock,
    /** Series that were not closed. */
    open: () => open,
    read: () => severity.read(never),
    standstill: (progress?: (text: string) => void) =>
      whileTimePasses(clock, severity.standstill(never, progress), 100),
    ripening: (progress?: (text: string) => void) => whileTimePasses(clock, severity.ripening(never, progress), 100),
    baseline: (after?: number, progress?: (text: string) => void) =>
      whileTimePasses(clock, severity.baseline(never, after, progress), 100),
  };
}

const ids = ({ severity }: SeverityReading) => (severity.known ? severity.items.map(itemId).sort() : severity.reason);

describe('read', () => {
  it('is the union of the oracles', async () => {
    const { read } = reader([
      scripted('a', [bad(item('x'))]),
      scripted('b', [bad(item('y', 'check'))]),
      scripted('c', [bad()]),
    ]);
    const reading = await read();
    expect(ids(reading)).toEqual(['check:-:y', 'object:Pod/n/p:x']);
    expect(reading.oracles).toEqual({ a: 'bad', b: 'bad', c: 'ok' });
  });

  it('is unknown when one oracle is', async () => {
    const { read } = reader([scripted('a', [bad()]), scripted('b', [{ state: 'unknown', reason: 'no right' }])]);
    expect(ids(await read())).toContain('b: no right');
  });

  it('takes a failing oracle as unknown', async () => {
    const broken: Oracle = { name: 'b', evaluate: () => Promise.reject(new Error('boom')) };
    expect(ids(await reader([broken]).read())).toContain('b: boom');
  });

  it('tells why an oracle has nothing to look at, and what the others call bad while one does not answer', async () => {
    const silent = scripted('b', [bad(), { state: 'unknown', reason: 'no answer' }, bad()]);
    const none = scripted('c', [{ state: 'absent', reason: 'nothing is configured' }]);
    const { read } = reader([scripted('a', [bad(item('z'))]), silent, none], [null, null, new Error('down')]);
    const first = await read();
    expect(first).toMatchObject({ absent: { c: 'nothing is configured' }, severity: { known: true } });
    expect(first).not.toHaveProperty('seen');
    expect(await read()).toMatchObject({ severity: { known: false }, seen: [{ what: 'z' }] });
    expect(await read()).not.toHaveProperty('seen');
    expect(await read()).toMatchObject({ severity: { known: true } });
  });

  it('asks again what was absent where it is told after how long, and misses nothing before it answers', async () => {
    const late = scripted('b', [
      { state: 'absent', reason: 'not there' },
      { state: 'unknown', reason: 'no answer' },
      bad(item('z')),
      { state: 'absent', reason: 'gone' },
    ]);
    const { read, clock } = reader([scripted('a', [bad()]), late], [], undefined, 60_000);
    const seen: unknown[] = [];
    for (let look = 0; look < 7; look++) {
      const { severity, oracles } = await read();
      seen.push([oracles.b, severity.known ? severity.items.length : 'unknown']);
      await clock.advance(30_000);
    }
    expect(late.calls()).toBe(5);
    expect(seen).toEqual([
      ['absent', 0],
      ['absent', 0],
      ['absent', 0],
      ['absent', 0],
      ['bad', 1],
      ['absent', 'unknown'],
      ['absent', 'unknown'],
    ]);
  });

  it('leaves out for good what was absent at first, also when it could answer later', async () => {
    const late = scripted('b', [{ state: 'absent', reason: 'not configured' }, bad(item('z'))]);
    const { read } = reader([scripted('a', [bad()]), late]);
    expect((await read()).oracles).toEqual({ a: 'ok', b: 'absent' });
    const second = await read();
    expect(ids(second)).toEqual([]);
    expect(second.oracles).toEqual({ a: 'ok', b: 'absent' });
    expect(late.calls()).toBe(1);
  });

  it.each<OracleVerdict>([
    { state: 'unknown', reason: 'away' },
    { state: 'absent', reason: 'away' },
  ])('known then $state is unknown', async (verdict) => {
    const { read } = reader([scripted('a', [bad(), verdict])]);
    await read();
    expect(ids(await read())).toBe('a: away (it answered before)');
  });

  it('fails when the first snapshot fails, and is unknown when a later one does', async () => {
    const gone = new ClusterError('unreachable', 'server away');
    await expect(reader([], [gone]).read()).rejects.toBe(gone);
    const { read } = reader([scripted('a', [bad(item('x'))])], [null, gone]);
    await read();
    const second = await read();
    expect(second.severity).toEqual({ known: false, reason: 'server away' });
    expect(second.snapshot.namespaces).toEqual(['orchard']);
  });
});

describe('early signs', () => {
  /** An oracle that is well, but for a sign that becomes an item `afterMs` from now, or goes away. */
  function sign(clock: () => FakeClock, afterMs: number, fires: boolean): Oracle {
    let begun: number | null = null;
    const now = () => clock().now();
    const isOver = () => begun !== null && now() >= begun + afterMs;
    return {
      name: 'a',
      evaluate: async () => {
        begun ??= now();
        return bad(...(isOver() && fires ? [item('x')] : []));
      },
      moving: () => [],
      early: () => (isOver() ? [] : [{ ...item('x'), until: begun! + afterMs }]),
    } as Oracle;
  }

  function waiting(afterMs: number, fires: boolean) {
    const made: ReturnType<typeof reader> = reader([sign(() => made.clock, afterMs, fires)]);
    return made;
  }

  it.each([
    [true, ['object:Pod/n/p:x']],
    [false, []],
  ])('are waited for until they are items (%s) or over, and it is told', async (fires, expected) => {
    const { read, ripening, open, clock } = waiting(60_000, fires);
    expect(ids(await read())).toEqual([]);
    const told: string[] = [];
    expect(ids((await ripening((text) => told.push(text)))!)).toEqual(expected);
    expect(told).toEqual(['waiting: x']);
    expect(open()).toBe(0);
    expect(clock.monotonic()).toBeLessThan(70_000);
  });

  it('are not waited for where there are none, or where that takes longer than anybody waits', async () => {
    const none = reader([scripted('a', [bad(item('x'))])]);
    await none.read();
    expect(await none.ripening()).toBeNull();
    const late = waiting(3_600_000, true);
    await late.read();
    expect(await late.ripening()).toBeNull();
  });

  it('that stay signs beyond their time are waited for no longer', async () => {
    const made: ReturnType<typeof reader> = reader([
      {
        ...sign(() => made.clock, 3_600_000, true),
        early: () => [{ ...item('x'), until: 60_000 + Date.parse('2031-03-04T05:06:07Z') }],
      } as Oracle,
    ]);
    await made.read();
    expect(ids((await made.ripening())!)).toEqual([]);
    expect(made.clock.monotonic()).toBeLessThan(70_000);
  });
});

describe('standstill', () => {
  const x = [item('x')];

  it('waits until nothing has time to start any more, and tells what it waits for', async () => {
    const moving = [x, x, x, x, []];
    const oracle = scripted('a', [bad(...x)], moving);
    const { read, standstill, open } = reader([oracle]);
    await read();
    const told: string[] = [];
    expect(ids((await standstill((text) => told.push(text)))!)).toEqual(['object:Pod/n/p:x']);
    expect(told).toEqual(['waiting: x']);
    expect(oracle.calls()).toBe(5);
    expect(open()).toBe(0);
  });

  it('ends when all is well', async () => {
    const { read, standstill } = reader([scripted('a', [bad(...x), bad()], [x])]);
    await read();
    expect(ids((await standstill())!)).toEqual([]);
  });

  it('is not asked for where nothing is moving, and does not wait for ever', async () => {
    const still = reader([scripted('a', [bad(...x)])]);
    await still.read();
    expect(await still.standstill()).toBeNull();
    const endless = reader([scripted('a', [bad(...x)], [x])]);
    await endless.read();
    expect(ids((await endless.standstill())!)).toEqual(['object:Pod/n/p:x']);
    expect(endless.clock.monotonic()).toBeLessThan(400_000);
  });
});

describe('baseline', () => {
  it('reads until two consecutive readings agree', async () => {
    const oracle = scripted('a', [bad(item('x')), bad(), bad(item('x')), bad(item('x'))]);
    expect(ids(await reader([oracle]).baseline())).toEqual(['object:Pod/n/p:x']);
    expect(oracle.calls()).toBe(4);
  });

  it('compares items, not grades', async () => {
    const oracle = scripted('a', [bad(item('x', 'object', 0.5)), bad(item('x', 'object', 0.6))]);
    const { baseline, open } = reader([oracle]);
    await baseline();
    expect(oracle.calls()).toBe(2);
    expect(open()).toBe(0);
  });

  it('waits for what is moving', async () => {
    const [x, none]: [SeverityItem[], SeverityItem[]] = [[item('x')], []];
    const oracle = scripted('a', [bad(...x), bad(...x), bad(...x), bad()], [x, x, x, none]);
    expect(ids(await reader([oracle]).baseline())).toEqual([]);
  });

  it('does not wait for ever: what still moves then counts', async () => {
    const oracle = scripted('a', [bad(item('x'), item('y'))], [[item('x')]]);
    const { baseline, clock } = reader([oracle]);
    expect(ids(await baseline())).toEqual(['object:Pod/n/p:x', 'object:Pod/n/p:y']);
    expect(clock.monotonic()).toBeLessThan(30_000);
  });

  it('waits as long as a rollout may take where nothing else is wrong, unless it is a mere look', async () => {
    const [x, none]: [SeverityItem[], SeverityItem[]] = [[item('x')], []];
    const under = (readings: number) => {
      const moving = [...Array<SeverityItem[]>(readings).fill(x), none];
      return scripted(
        'a',
        moving.map((items) => bad(...items)),
        moving,
      );
    };
    const rollout = reader([under(200)]);
    expect(ids(await rollout.baseline())).toEqual([]);
    expect(rollout.clock.monotonic()).toBeGreaterThan(60_000);
    const look = reader([under(200)], [], 0);
    expect(ids(await look.baseline())).toEqual(['object:Pod/n/p:x']);
    const endless = reader([scripted('a', [bad(...x)], [x])]);
    expect(ids(await endless.baseline())).toEqual(['object:Pod/n/p:x']);
    expect(endless.clock.monotonic()).toBeLessThan(400_000);
  });

  it('counts everything seen at last when it never gets quiet', async () => {
    const flapping: Oracle & { n: number } = {
      name: 'a',
      n: 0,
      evaluate() {
        return Promise.resolve(bad(item(this.n++ % 2 === 0 ? 'x' : 'y')));
      },
    };
    expect(ids(await reader([flapping]).baseline())).toEqual(['object:Pod/n/p:x', 'object:Pod/n/p:y']);
  });

  it('tries again after an unknown reading, and gives it back when it stays', async () => {
    const blip = scripted('a', [bad(), { state: 'unknown', reason: 'blip' }, bad(), bad()]);
    expect(ids(await reader([blip]).baseline())).toEqual([]);
    const lost = scripted('a', [bad(), { state: 'unknown', reason: 'lost' }]);
    expect(ids(await reader([lost]).baseline())).toContain('lost');
  });

  it('does not give a failing check more time at the start, but does after a repair', async () => {
    const sick = bad(item('x'), item('shop', 'check'));
    const repaired = bad(item('shop', 'check'));
    const verdicts = [sick, sick, repaired, repaired, repaired, repaired, repaired, bad()];
    const lagging = scripted('a', verdicts, [], { lagMs: 0, settleMs: 8_000 });
    const { baseline, clock } = reader([lagging]);
    await baseline();
    expect(clock.monotonic()).toBeLessThan(1_000);
    expect(ids(await baseline())).toEqual([]);
    expect(clock.monotonic()).toBeLessThan(10_000);
  });

  it('does not give it more time again before a change, but does after one', async () => {
    const lagging = scripted('a', [bad(item('shop', 'check'))], [], { lagMs: 0, settleMs: 8_000 });
    const { baseline, clock } = reader([lagging]);
    await baseline();
    const first = clock.monotonic();
    await baseline();
    expect(clock.monotonic() - first).toBeLessThan(1_000);
    const second = clock.monotonic();
    await baseline(clock.now());
    expect(clock.monotonic() - second).toBeGreaterThan(2_000);
  });

  it('waits for the slowest oracle to have seen the last write, and no longer', async () => {
    const firing = bad(item('Latency', 'alert'));
    const alerts = scripted('alerts', [firing, firing, firing, bad(), bad()], [], { lagMs: 20_000, settleMs: 0 });
    const { baseline, clock } = reader([scripted('a', [bad()]), alerts]);
    await baseline();
    const [wrote, started] = [clock.now(), clock.monotonic()];
    const reading = await baseline(wrote);
    expect(reading.asOf).toBeGreaterThanOrEqual(wrote);
    expect(ids(reading)).toEqual([]);
    expect(clock.monotonic() - started).toBeGreaterThanOrEqual(20_000);
    expect(clock.monotonic() - started).toBeLessThan(22_000);
    // Not by asking all the time.
    expect(alerts.calls()).toBeLessThan(8);
  });

  it('does not wait for one that is not there, or that sees at once', async () => {
    const absent = scripted('b', [{ state: 'absent', reason: 'none' }], [], { lagMs: 60_000, settleMs: 0 });
    const { baseline, clock } = reader([scripted('a', [bad()]), absent]);
    await baseline(clock.now());
    expect(clock.monotonic()).toBeLessThan(2_000);
  });

  it('waits after a write for what says when it will be known, tells so, and not before', async () => {
    const clockNow = new FakeClock().now();
    const awaited = item('failed');
    let until = 0;
    const oracle: Oracle = {
      name: 'a',
      evaluate: (at) => Promise.resolve(Date.parse(at.takenAt) < until ? bad(awaited) : bad()),
      ...{ moving: (at: ClusterSnapshot) => (Date.parse(at.takenAt) < until ? [{ ...awaited, until }] : []) },
    };
    const { baseline, clock } = reader([oracle]);
    await baseline(clockNow);
    until = clock.now() + 90_000;
    const told: string[] = [];
    expect(ids(await baseline(clock.now(), (text) => told.push(text)))).toEqual([]);
    expect(told).toEqual(['waiting: failed']);
    until = clock.now() + 90_000;
    expect(ids(await baseline())).toEqual(['object:Pod/n/p:failed']);
  });

  it('ends with the check when it stays bad', async () => {
    const oracle = scripted('a', [bad(item('shop', 'check'))]);
    const { baseline, clock } = reader([oracle]);
    await baseline();
    expect(ids(await baseline())).toEqual(['check:-:shop']);
    expect(clock.monotonic()).toBeLessThan(10_000);
  });
});
