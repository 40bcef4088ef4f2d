import { describe, expect, it } from 'vitest';
import type { Severity } from '../../../../src/domain/severity.ts';
import type { Answer, LogSource, MetricSource, Series, TelemetrySources } from '../../../../src/domain/telemetry.ts';
import { EvidenceReader } from '../../../../src/run/telemetry/evidence-reader.ts';
import { parseKernelMetrics } from '../../../../src/run/telemetry/telemetry-config.ts';
import { FakeClock, whileTimePasses } from '../../../support/fake-clock.ts';
import { smallCluster } from '../../../support/small-cluster.ts';

const never = new AbortController().signal;
const NONE: TelemetrySources = { alerts: null, metrics: null, traces: null, logs: null };
const ref = (kind: string, name: string) => ({ apiVersion: 'apps/v1', kind, namespace: 'shop', name });
const START = Date.parse('2030-01-01T00:00:00Z');

/** `store` is slow since some minutes, and `cart`, which needs it, is not ready. */
const SICK: Severity = {
  known: true,
  items: [
    { source: 'object', object: ref('Deployment', 'cart'), what: 'unready', grade: 1, message: 'cart is not ready' },
    {
      source: 'alert',
      object: null,
      what: 'Slow',
      grade: 1,
      message: 'store is slow',
      subjects: [ref('StatefulSet', 'store')],
      since: START - 20 * 60_000,
    },
  ],
};

const silent: LogSource = {
  name: 'kubectl logs',
  lagMs: 0,
  search: async () => ({ state: 'ok', value: [], asOf: START }),
  link: () => null,
};
const hangs = () => new Promise<never>(() => undefined);

function metrics(range: () => Promise<Answer<Series[]>>): MetricSource {
  return { name: 'Prometheus', lagMs: 15_000, instant: range, range, link: () => null };
}

function read(sources: Partial<TelemetrySources>, severity = SICK, kubelets = silent, signal = never) {
  const clock = new FakeClock(START);
  const reader = new EvidenceReader({ sources: { ...NONE, ...sources }, kubelets, clock });
  return whileTimePasses(clock, reader.read(smallCluster(), severity, signal));
}

describe('evidence beside signals', () => {
  it('is worth reading where there are logs alone, and not without any source', () => {
    const reader = (sources: TelemetrySources) =>
      new EvidenceReader({ sources, kubelets: silent, clock: new FakeClock() });
    expect([reader(NONE).isUseful, reader({ ...NONE, logs: silent }).isUseful]).toEqual([false, true]);
  });

  it('says what belongs together, also where one of it does not tell when it began', async () => {
    const { incidents } = await read({});
    expect(incidents).toMatchObject([
      {
        count: 2,
        root: { object: { kind: 'StatefulSet', name: 'store' } },
        members: expect.arrayContaining([
          expect.objectContaining({ source: 'object', since: null, why: 'depends on StatefulSet/shop/store' }),
        ]) as unknown,
      },
    ]);
  });

  it('notes once what of kernels could not be asked', async () => {
    const { kernel, notes } = await read({ metrics: metrics(async () => ({ state: 'unknown', reason: 'no answer' })) });
    expect(kernel).toEqual([]);
    expect(notes.filter((note) => note.startsWith('events of kernels: '))).toHaveLength(1);
  });

  it('is not waited for longer than its limit', async () => {
    const clock = new FakeClock(START);
    const parts = {
      sources: { ...NONE, metrics: metrics(hangs), logs: { ...silent, search: hangs } },
      kubelets: silent,
      clock,
    };
    const seen = await whileTimePasses(clock, new EvidenceReader(parts).read(smallCluster(), SICK, never));
    expect(clock.monotonic()).toBeLessThan(35_000);
    expect(seen.notes.join()).toMatch(/logs: no answer within 10 s/);
    expect(seen.notes.join()).toMatch(/events of kernels: node_vmstat_oom_kill: no answer within 10 s/);
    expect(seen.logs).toBeUndefined();
  });

  it('ends with a cancel', async () => {
    const stop = new AbortController();
    stop.abort(new Error('cancelled'));
    await expect(read({}, SICK, silent, stop.signal)).rejects.toThrow('cancelled');
  });
});

describe('names of counters of kernels', () => {
  it('replace the usual ones of their event', () => {
    const names = parseKernelMetrics(['drops=my_drops_total', 'drops=other{a="b"}', 'oomKills= x:y ']);
    expect(names).toMatchObject({ drops: ['my_drops_total', 'other{a="b"}'], oomKills: ['x:y'] });
    expect(names.tcpRetransmits.length).toBeGreaterThan(0);
  });

  it.each(['', 'drops', 'drops=', 'rain=x', 'drops=a b', 'drops=up{a="b"}) or vector(1', 'drops=9x'])(
    'refuse %j',
    (text) => {
      expect(() => parseKernelMetrics([text])).toThrow(/EVENT=METRIC/);
    },
  );
});
