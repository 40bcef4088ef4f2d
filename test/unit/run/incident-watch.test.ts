import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { SeverityReading } from '../../../src/domain/ports.ts';
import type { Severity, SeverityItem } from '../../../src/domain/severity.ts';
import { StratusError } from '../../../src/domain/stratus-error.ts';
import type { WatchPorts } from '../../../src/run/watch/incident-watch.ts';
import { DEFAULT_WATCH, IncidentWatch } from '../../../src/run/watch/incident-watch.ts';
import { watchAfter } from '../../../src/run/watch/post-watch.ts';
import type { CorrelatedIncident, Signal } from '../../../src/domain/signals.ts';
import type { WatchEvent, WatchLook } from '../../../src/run/watch/watch-event.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';

const never = new AbortController().signal;

const deployment = (name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', uid: name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [] } },
  },
});
const objects = { Deployment: ['web', 'geo', 'far'].map(deployment), Pod: [], Service: [] };

const sick = (name: string): SeverityItem => ({
  source: 'object',
  object: refOf(deployment(name)),
  what: 'unready',
  grade: 1,
  message: `${name} is not ready`,
});
const alert = (name: string, since: number, about?: string): SeverityItem => ({
  source: 'alert',
  object: null,
  what: name,
  grade: 1,
  message: name,
  since,
  ...(about ? { subjects: [refOf(deployment(about))] } : {}),
});

/** A watch of what `severity` says by the number of the look, from 0. */
function watching(
  severity: (look: number) => Severity | Error,
  signals: Signal[] | null = null,
  open: CorrelatedIncident[] = [],
  more: (look: number) => Partial<SeverityReading> = () => ({}),
) {
  const clock = new FakeClock();
  const events: WatchEvent[] = [];
  const found: WatchLook[] = [];
  let renewals = 0;
  const times: number[] = [];
  let looks = 0;
  let signalsRead = 0;
  const ports: WatchPorts = {
    read: async (): Promise<SeverityReading> => {
      times.push(clock.now());
      const said = severity(looks++);
      if (said instanceof Error) throw said;
      const takenAt = new Date(clock.now()).toISOString();
      const snapshot = { takenAt, namespaces: ['shop'], objects, unreadable: {} };
      return { severity: said, snapshot, oracles: {}, asOf: clock.now(), ...more(looks - 1) };
    },
    signals:
      signals &&
      (async () => {
        signalsRead++;
        return {
          at: clock.now(),
          reading: { signals, unjudged: [], absent: [] },
          graph: { nodes: [], edges: [] },
          suspects: { suspects: [], unknown: null },
          waterfall: null,
          notes: [],
        };
      }),
    renew: () => (renewals += 1),
    diagnose: async () => ({ findings: [], hypotheses: [] }),
    clock,
    tell: (event) => events.push(event),
    looked: (look) => found.push(look),
  };
  const watch = new IncidentWatch(ports, { ...DEFAULT_WATCH, open, notes: ['metrics are read from Prometheus'] });
  return {
    ports,
    clock,
    events,
    times,
    found,
    renewals: () => renewals,
    signalsRead: () => signalsRead,
    looks: async (count: number) => {
      for (let look = 0; look < count; look++) {
        await watch.look(never);
        await clock.advance(15_000);
      }
    },
    run: (signal: AbortSignal) => watch.run(signal),
  };
}

const known = (...items: SeverityItem[]): Severity => ({ known: true, items });
const types = (events: WatchEvent[]) => events.map(({ type }) => type);

describe('a watch', () => {
  it('tells of what lasts for two looks, once, and when it is over', async () => {
    const { looks, events } = watching((look) => (look < 5 ? known(sick('web')) : known()));
    await looks(9);
    expect(types(events)).toEqual(['opened', 'closed']);
    expect(events[0]).toMatchObject({ incident: { members: [{ message: 'web is not ready' }] } });
    expect(events[1]).toMatchObject({ lastedMs: expect.any(Number) as number });
  });

  it('says nothing of what is there for one look only', async () => {
    const { looks, events } = watching((look) => (look % 2 === 0 ? known(sick('web')) : known()));
    await looks(8);
    expect(events).toEqual([]);
  });

  it('asks telemetry for more only while something is wrong, and at once then', async () => {
    const { looks, signalsRead } = watching((look) => (look < 6 || look > 9 ? known() : known(sick('web'))), []);
    await looks(6);
    expect(signalsRead()).toBe(0);
    await looks(2);
    expect(signalsRead()).toBeGreaterThan(0);
    await looks(6);
    const read = signalsRead();
    await looks(8);
    expect(signalsRead()).toBe(read);
  });

  it('tells of an alert at once: it has waited by itself', async () => {
    const { looks, events, clock } = watching(() => known(alert('Slow', clock.now(), 'web')));
    await looks(1);
    expect(types(events)).toEqual(['opened']);
  });

  it('tells of a signal at once, and counts it once where severity tells of it already', async () => {
    const start = new FakeClock().now();
    const object = refOf(deployment('web'));
    const item: SeverityItem = { source: 'signal', object, what: 'latency', grade: 1, message: 'slow', since: start };
    const signal: Signal = {
      ...{ kind: 'latency', level: 'incident', object, others: [], labels: {}, since: start, message: 'slow' },
      ...{ value: 1, usual: null, threshold: null, unit: 'ms', query: null, chart: null },
    };
    const { looks, events } = watching(() => known(item), [signal, { ...signal, kind: 'errors', message: 'failing' }]);
    await looks(1);
    expect(types(events)).toEqual(['opened']);
    const opened = events[0] as Extract<WatchEvent, { type: 'opened' }>;
    expect(opened.incident.members.map(({ message }) => message).sort()).toEqual(['failing', 'slow']);
  });

  it('does not open again what comes and goes within a look or two', async () => {
    const { looks, events } = watching((look) => (look === 4 ? known() : known(sick('web'))));
    await looks(8);
    expect(types(events)).toEqual(['opened']);
  });

  it('opens one incident for what speaks of one object, and grows it', async () => {
    const start = new FakeClock().now();
    const { looks, events } = watching((look) =>
      known(alert('Slow', start, 'web'), ...(look > 1 ? [sick('web')] : [])),
    );
    await looks(5);
    expect(types(events)).toEqual(['opened', 'grew']);
  });

  it('opens two for what has nothing to do with each other', async () => {
    const start = new FakeClock().now();
    const { looks, events } = watching(() =>
      known(alert('Slow', start, 'web'), alert('Full', start - 3_600_000, 'far')),
    );
    await looks(2);
    expect(types(events)).toEqual(['opened', 'opened']);
  });

  it('closes nothing and opens nothing while nothing is known, and says so', async () => {
    const { looks, events } = watching((look) =>
      look < 3 ? known(sick('web')) : look < 6 ? { known: false, reason: 'Prometheus does not answer' } : known(),
    );
    await looks(10);
    expect(types(events)).toEqual(['opened', 'unknown', 'unknown', 'unknown', 'known', 'closed']);
  });

  describe('of which a part does not answer', () => {
    const unknown: Severity = { known: false, reason: 'signals: Prometheus does not answer' };

    it('tells of what the others call wrong, and closes nothing', async () => {
      const start = new FakeClock().now();
      const fires = alert('Slow', start, 'web');
      const { looks, events, found } = watching(
        (look) => (look < 4 ? unknown : known()),
        null,
        [],
        (look) => (look < 2 ? { seen: [fires] } : look < 4 ? { seen: [] } : {}),
      );
      await looks(7);
      expect(types(events)).toEqual(['opened', 'unknown', 'unknown', 'unknown', 'unknown', 'known', 'closed']);
      expect(events[0]).toMatchObject({ mu: 1, incident: { title: 'Slow' } });
      expect(events[1]).toMatchObject({ isPart: true });
      expect(found.slice(0, 4).map(({ mu, open }) => [mu, open.length])).toEqual(Array(4).fill([null, 1]));
    });

    it('waits for objects to last for two looks there, too', async () => {
      const { looks, events } = watching(
        () => unknown,
        null,
        [],
        () => ({ seen: [sick('web')] }),
      );
      await looks(2);
      expect(types(events)).toEqual(['unknown', 'opened', 'unknown']);
    });

    it('is asked hardly less often: the cluster answers', async () => {
      const { clock, times, run } = watching(
        () => unknown,
        null,
        [],
        () => ({ seen: [] }),
      );
      const stop = new AbortController();
      const done = run(stop.signal);
      for (let step = 0; step < 100; step++) await clock.advance(5_000);
      stop.abort(new Error('stopped'));
      await done;
      const pauses = times.slice(1).map((at, index) => (at - times[index]!) / 1_000);
      expect(pauses.slice(0, 5)).toEqual([30, 60, 60, 60, 60]);
    });
  });

  describe('has notes', () => {
    const notedIn = (events: WatchEvent[]) => events.flatMap((event) => (event.type === 'noted' ? [event] : []));

    it('of what is not watched, once, and of what was told when it began not again', async () => {
      const absent = { objectives: 'no objective is configured', alerts: 'no source of alerts is configured' };
      const notes = ['metrics are read from Prometheus', 'signals: not watched: certificates'];
      const { looks, events } = watching(
        () => known(),
        null,
        [],
        () => ({ absent, notes }),
      );
      await looks(4);
      const fresh = [
        'not watched: objectives (no objective is configured); alerts (no source of alerts is configured)',
        'signals: not watched: certificates',
      ];
      expect(notedIn(events)).toMatchObject([{ fresh, gone: [], notes: [notes[0], ...fresh] }]);
    });

    it('of kinds that may not be listed', async () => {
      const snapshot = {
        takenAt: '',
        namespaces: ['shop'],
        objects,
        unreadable: { Secret: 'no', 'X.y': 'not served' },
      };
      const { looks, events } = watching(
        () => known(),
        null,
        [],
        () => ({ snapshot }),
      );
      await looks(2);
      expect(notedIn(events)).toMatchObject([{ fresh: ['your user may not list Secret: nothing is known of them'] }]);
    });

    it('that change, not those in which an amount does', async () => {
      const said = [
        ['a rule is 30 s late'],
        ['a rule is 2 min late'],
        [],
        ['a rule is 5 min late'],
        ['B'],
        ['B'],
        ['B'],
      ];
      const { looks, events } = watching(
        () => known(),
        null,
        [],
        (look) => ({ notes: said[look]! }),
      );
      await looks(7);
      expect(notedIn(events).map(({ fresh, gone }) => [fresh, gone])).toEqual([
        [['a rule is 30 s late'], []],
        [['B'], []],
        [[], ['a rule is 5 min late']],
      ]);
    });

    it('that a part which does not answer did not take back', async () => {
      const { looks, events } = watching(
        (look) => (look === 0 ? known() : { known: false, reason: 'alerts: no answer' }),
        null,
        [],
        (look) => (look === 0 ? { notes: ['alerts: a rule fails'] } : { seen: [] }),
      );
      await looks(5);
      expect(notedIn(events)).toHaveLength(1);
    });

    it('of what cannot be read of telemetry for causes', async () => {
      const { looks, events, ports } = watching(() => known(sick('web')), []);
      const { signals } = ports;
      ports.signals = async (...asked) => ({ ...(await signals!(...asked)), notes: ['Jaeger: it does not answer'] });
      await looks(3);
      expect(notedIn(events)).toMatchObject([{ fresh: ['Jaeger: it does not answer'] }]);
    });
  });

  it('asks ever less often while the cluster does not answer, and as before when it does', async () => {
    const { clock, times, run } = watching((look) => (look > 0 && look < 7 ? new Error('too many requests') : known()));
    const stop = new AbortController();
    const done = run(stop.signal);
    for (let step = 0; step < 400; step++) await clock.advance(5_000);
    stop.abort(new Error('stopped'));
    await done;
    const pauses = times.slice(1).map((at, index) => (at - times[index]!) / 1_000);
    expect(pauses.slice(0, 8)).toEqual([15, 30, 60, 120, 240, 300, 300, 15]);
  });

  it('ends when it is stopped', async () => {
    const { clock, run } = watching(() => known());
    const stop = new AbortController();
    const done = run(stop.signal);
    await clock.advance(40_000);
    stop.abort(new Error('stopped'));
    await expect(done).resolves.toBeUndefined();
  });
});

describe('a watch of a machine that sleeps', () => {
  const slept = 3 * 3_600_000;

  /** Looks until `ms` have passed, sleeps in between, and looks for another minute. */
  async function through(severity: Parameters<typeof watching>[0], ms: number) {
    const watched = watching(severity);
    const stop = new AbortController();
    const done = watched.run(stop.signal);
    await watched.clock.advance(ms);
    const before = watched.times.length;
    watched.clock.suspend(slept);
    await watched.clock.advance(60_000);
    stop.abort(new Error('stopped'));
    await done;
    return { ...watched, before };
  }

  it('says so, believes nothing that was read before, and looks at once', async () => {
    const { events, times, renewals, before } = await through(() => known(), 31_000);
    expect(events).toMatchObject([{ type: 'slept', forMs: expect.any(Number) as number }]);
    expect((events[0] as { forMs: number }).forMs).toBeGreaterThanOrEqual(slept);
    expect(renewals()).toBe(1);
    // Within one step of the clock, not after the pause.
    expect(times[before]! - times[before - 1]! - slept).toBeLessThanOrEqual(5_000);
  });

  it('tells of nothing that was seen once before and once after', async () => {
    const { events } = await through((look) => (look === 2 || look === 3 ? known(sick('web')) : known()), 31_000);
    expect(types(events)).toEqual(['slept']);
  });

  it('neither forgets what was open nor calls it over by one look', async () => {
    const { events, found } = await through((look) => (look < 3 || look > 3 ? known(sick('web')) : known()), 31_000);
    expect(types(events)).toEqual(['opened', 'slept']);
    expect(found.map(({ open }) => open.length)).toEqual([0, 1, 1, 1, 1, 1, 1, 1].slice(0, found.length));
  });

  it('takes nothing for what is that was read amid it', async () => {
    const { looks, events, found, clock } = watching((look) => {
      if (look === 1) clock.suspend(slept);
      return known(alert('Slow', clock.now(), 'web'));
    });
    await looks(2);
    expect(types(events)).toEqual(['opened', 'slept']);
    expect(found).toHaveLength(1);
  });

  it('takes an ordinary delay for no sleep', async () => {
    const { events, renewals } = await (async () => {
      const watched = watching(() => known());
      const stop = new AbortController();
      const done = watched.run(stop.signal);
      for (let step = 0; step < 20; step++) {
        await watched.clock.advance(7_000);
        watched.clock.suspend(20_000);
      }
      stop.abort(new Error('stopped'));
      await done;
      return watched;
    })();
    expect([events, renewals()]).toEqual([[], 0]);
  });
});

describe('a watch whose target changes', () => {
  const moved = new StratusError('target-moved', 'the target changed: it points elsewhere');

  it('ends when two looks in a row say so', async () => {
    const { clock, run, events } = watching((look) => (look > 0 ? moved : known()));
    const done = run(never);
    const ended = expect(done).rejects.toBe(moved);
    for (let step = 0; step < 20; step++) await clock.advance(5_000);
    await ended;
    expect(types(events)).toEqual(['unknown']);
  });

  it('goes on where the kubeconfig was only being written', async () => {
    const { looks, events } = watching((look) => (look % 2 === 1 ? moved : known()));
    await looks(6);
    expect(types(events)).toEqual(['unknown', 'known', 'unknown', 'known', 'unknown']);
  });
});

describe('a watch that goes on where another left off', () => {
  it('tells of nothing again that is open, and of its end', async () => {
    const first = watching(() => known(sick('web')));
    await first.looks(2);
    const { open } = first.found.at(-1)!;
    const second = watching((look) => (look < 3 ? known(sick('web')) : known()), null, [...open]);
    await second.looks(5);
    expect(types(second.events)).toEqual(['closed']);
    expect(second.found[0]!.open).toMatchObject([{ fingerprint: open[0]!.fingerprint }]);
  });
});

describe('the watch after a change', () => {
  async function after(
    severity: (look: number) => Severity | Error,
    isOurs = (name: string) => name === 'web',
    { kept = known(sick('far')), durationMs = 300_000 }: { kept?: Severity; durationMs?: number } = {},
  ) {
    const clock = new FakeClock();
    const told: string[] = [];
    const looked: (string | null)[] = [];
    let looks = 0;
    const read = async (): Promise<SeverityReading> => {
      const said = severity(looks++);
      if (said instanceof Error) throw said;
      const snapshot = { takenAt: new Date(clock.now()).toISOString(), namespaces: ['shop'], objects, unreadable: {} };
      return { severity: said, snapshot, oracles: {}, asOf: clock.now() };
    };
    const result = await whileTimePasses(
      clock,
      watchAfter(
        {
          kept,
          wroteAt: clock.now(),
          isOurs:
            () =>
            ({ name }) =>
              isOurs(name),
          read,
          clock,
          durationMs,
          tell: (text) => told.push(text),
          looked: (unknown) => looked.push(unknown),
        },
        never,
      ),
      1_000,
    );
    return { result, told, looked };
  }

  it('holds where nothing new is charged to it', async () => {
    expect((await after(() => known(sick('far')))).result).toEqual({ outcome: 'held' });
    expect((await after(() => known(sick('far'), sick('geo')))).result).toEqual({ outcome: 'held' });
  });

  it('has regressed where what it touched is worse for good', async () => {
    const { result } = await after((look) => (look < 10 ? known() : known(sick('web'))));
    expect(result).toMatchObject({ outcome: 'regressed', reason: 'web is not ready' });
  });

  it('holds through what is over at the next look', async () => {
    expect((await after((look) => (look % 3 === 0 ? known(sick('web')) : known()))).result).toEqual({
      outcome: 'held',
    });
  });

  it.each([4_000, 12_000, 300_000])(
    'has regressed also where that shows at the end of %i ms only',
    async (durationMs) => {
      const last = Math.ceil(durationMs / 5_000) - 1;
      const regressed = await after((look) => (look < last ? known() : known(sick('web'))), undefined, { durationMs });
      expect(regressed.result).toMatchObject({ outcome: 'regressed' });
      const held = await after((look) => (look === last ? known(sick('web')) : known()), undefined, { durationMs });
      expect(held.result).toEqual({ outcome: 'held' });
    },
  );

  it('ends although something else comes up at each look', async () => {
    const item = (look: number): SeverityItem => ({ ...sick('web'), what: `trouble ${look}` });
    expect((await after((look) => known(item(look)))).result).toEqual({ outcome: 'held' });
  });

  it('is unknown where nobody knows how things stood when it was kept', async () => {
    const kept: Severity = { known: false, reason: 'Prometheus does not answer' };
    const { result } = await after(() => known(sick('web')), undefined, { kept });
    expect(result).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('Prometheus') as string });
  });

  it('is unknown where nothing was known at its end, and says so meanwhile', async () => {
    const { result, told } = await after((look) => (look < 5 ? known() : new Error('the server is gone')));
    expect(result).toEqual({ outcome: 'unknown', reason: 'the server is gone' });
    expect(told).toHaveLength(1);
  });

  it('says when answers come again, and at each reading what is known', async () => {
    const { result, told, looked } = await after((look) => (look === 1 ? new Error('too many requests') : known()));
    expect(result).toEqual({ outcome: 'held' });
    expect(told).toEqual(['nothing is known at the moment: too many requests', 'answers come again']);
    expect(looked.slice(0, 3)).toEqual([null, 'too many requests', null]);
  });
});
