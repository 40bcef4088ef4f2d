import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import type { ChartData } from '../../../src/domain/signals.ts';
import { shownSignals } from '../../../src/domain/signals-now.ts';
import type { ShownSignals } from '../../../src/domain/signals-now.ts';
import { chartView } from '../../../src/ui/run/chart-view.ts';
import { sourceLink } from '../../../src/ui/run/source-link.ts';
import { TelemetryFold } from '../../../src/ui/run/telemetry-fold.ts';
import { telemetryView } from '../../../src/ui/run/telemetry-views.ts';
import { runSummary } from '../../../src/ui/doors/run-summary.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';
import { slowGeo } from '../../support/slow-geo.ts';

const NOW = Date.UTC(2026, 10, 21, 3);
const SHOWN = shownSignals(slowGeo(NOW));

function folded(...events: object[]): TelemetryFold {
  const fold = new TelemetryFold();
  events.forEach((event) => fold.apply({ at: NOW, ...event } as RunEvent));
  return fold;
}

const CHART: ChartData = {
  title: 'latency',
  unit: 'ms',
  lines: [{ label: 'p99', samples: [0, 50, 100].map((value, index) => ({ at: NOW + index * 60_000, value })) }],
  threshold: { value: 60, label: '60 ms' },
  band: { low: 10, high: 1_000, label: 'usual over the last hour' },
  marks: [{ kind: 'alert', at: NOW + 60_000, label: 'Slow' }],
};

describe('telemetry in the view of a run', () => {
  it('is not there where none was read, and is there, empty, where nothing was seen', () => {
    expect(telemetryView(folded())).toBeNull();
    const shown: ShownSignals = { at: NOW, signals: [], suspects: [], waterfall: null, unknown: [] };
    expect(telemetryView(folded({ type: 'signals', shown }))).toEqual({
      at: NOW,
      signals: [],
      suspects: [],
      trace: null,
      together: [],
      logs: null,
      kernel: [],
      unknown: [],
    });
  });

  it('shows what belongs together and why, logs as templates with how often, and kernels', () => {
    const { together, logs, kernel } = telemetryView(folded({ type: 'signals', shown: SHOWN }))!;
    expect(together).toMatchObject([
      {
        what: '2 things belong together',
        root: 'Deployment/hotel-reservation/geo',
        members: [
          { source: 'signal' },
          { source: 'object', since: null, why: 'depends on Deployment/hotel-reservation/geo' },
        ],
        more: 0,
      },
    ]);
    expect(logs).toMatchObject({ source: 'VictoriaLogs in monitoring', host: 'logs.example', more: 3, unknown: '' });
    expect(logs!.rows.map(({ mark, object, said }) => [mark, object, said])).toEqual([
      ['new', 'Deployment/hotel-reservation/search', '214 times, never in the 30 min before'],
      ['trouble', '', '31 times, 88 times in the 30 min before'],
    ]);
    expect(kernel).toEqual([expect.stringContaining('TCP segments sent again on Node/node1')]);
  });

  it('names the suspect with how sure that is, signals with how they stand, and what is not known', () => {
    const view = telemetryView(folded({ type: 'signals', shown: SHOWN }))!;
    expect(view.suspects).toEqual([
      {
        object: 'Deployment/hotel-reservation/geo',
        pod: 'Pod/hotel-reservation/geo-7c6b8d9f4-x2k8p',
        message: expect.stringContaining('389 ms in geo'),
        sure: 'almost certain: comes first in 97 % of resampled traces, with 92 % of what is worse than usual',
      },
    ]);
    expect(view.signals.map(({ standing, source }) => [standing, source])).toEqual([
      ['wrong now', 'prometheus.example'],
      ['forecast', ''],
    ]);
    expect(view.unknown).toEqual(['too few requests to search now to tell how many of them fail']);
  });

  it('shows a trace in parts of its time', () => {
    const { trace } = telemetryView(folded({ type: 'signals', shown: SHOWN }))!;
    expect(trace).toMatchObject({ duration: '460 ms', source: 'jaeger.example', cut: 2 });
    expect(trace!.rows[2]).toEqual({
      service: 'geo',
      operation: 'Nearby',
      depth: 2,
      from: 26,
      length: 937,
      duration: '431 ms',
      error: true,
    });
  });

  it('marks on a chart what the run wrote and took back within its time', async () => {
    const run = await RecordedRun.open({ telemetry: true, wrongPlanFirst: true });
    await run.untilAsked();
    await run.approve();
    const again = await run.when(({ plan, attempts }) => plan?.awaiting === true && attempts.length === 1);
    expect(again.telemetry!.signals[0]!.chart!.marks.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      'change Deployment geo, revision 4',
      'alert SlowRequests',
      'fix Take search out of the way',
      'change taken back',
    ]);
    expect(again.severity.marks.map(({ kind }) => kind)).toEqual(['alert', 'fix', 'change']);
  });

  it('stays small whatever is shown, and goes into the summary', async () => {
    const run = await RecordedRun.open({ telemetry: true });
    const snapshot = await run.untilAsked();
    expect(JSON.stringify(snapshot.telemetry).length).toBeLessThan(10_000);
    expect(runSummary(snapshot)).toMatch(
      /Telemetry:\n- 2 things belong together; it begins at [^\n]*\n- It probably begins in Deployment\/hotel-reservation\/geo, [^]*\n- Log, new: Deployment\/hotel-reservation\/search: ERROR [^]*\n- Not known: too few requests/,
    );
    expect(snapshot.log).toContainEqual(
      expect.objectContaining({ who: 'detection', text: 'VictoriaLogs in monitoring does not answer' }),
    );
    expect(snapshot.checks.find(({ name }) => name === 'alerts')).toEqual({ name: 'alerts', state: 'bad' });
    const alert = snapshot.severity.items.find(({ source }) => source === 'alert')!;
    expect(alert.looks).toContain('logs');
    expect(run.session.objectOfItem(alert.id)).toMatchObject({ kind: 'Deployment', name: 'geo' });
  });
});

describe('a chart', () => {
  it('is in thousandths of its plot, with what lies beyond at its edge', () => {
    const view = chartView(CHART, [])!;
    expect(view).toMatchObject({ from: NOW, seconds: 120, low: '0 ms', high: '108 ms' });
    expect(view.lines[0]!.points).toEqual([
      [0, 0],
      [60, 463],
      [120, 926],
    ]);
    expect(view.lines[0]!.values).toEqual(['0 ms', '50 ms', '100 ms']);
    expect(view.threshold).toEqual({ height: 556, label: 'line at 60 ms' });
    expect(view.band).toMatchObject({ low: 93, high: 1_000, label: 'usual over the last hour: 10 ms to 1 s' });
    expect(view.label).toBe(
      'latency: 0 ms at first, 100 ms at last, from 0 ms to 100 ms; line at 60 ms; usual over the last hour 10 ms to 1 s; alert: Slow',
    );
  });

  it('is none without samples, and has room where all are alike', () => {
    expect(chartView({ ...CHART, lines: [{ label: 'p99', samples: [] }] }, [])).toBeNull();
    const flat = chartView(
      { ...CHART, threshold: null, band: null, lines: [{ label: 'up', samples: [{ at: NOW, value: 0 }] }] },
      [],
    )!;
    expect(flat.lines[0]!.points).toEqual([[0, 0]]);
    expect(flat.seconds).toBeGreaterThan(0);
  });

  it('leaves out what was written before or after its time', () => {
    const write = (minutes: number) => ({ kind: 'fix' as const, at: NOW + minutes * 60_000, label: `at ${minutes}` });
    const { marks } = chartView(CHART, [write(-1), write(1.5), write(3)])!;
    expect(marks.map(({ label }) => label)).toEqual(['Slow', 'at 1.5']);
  });
});

describe('where telemetry is opened', () => {
  const events = (link: string) =>
    [
      { at: NOW, type: 'signals', shown: { ...SHOWN, waterfall: null } },
      { at: NOW, type: 'signals', shown: { ...SHOWN, waterfall: { ...SHOWN.waterfall!, link } } },
    ] as RunEvent[];

  it('is the link of the latest reading, as it was made', () => {
    expect(sourceLink(events('https://jaeger.example/trace/1'), -1)).toBe('https://jaeger.example/trace/1');
    expect(sourceLink(events('https://jaeger.example/trace/1'), 0)).toBe(SHOWN.signals[0]!.link);
    expect(SHOWN.signals[0]!.link).toContain('%2Bb');
    expect(sourceLink(events('https://jaeger.example/trace/1'), 7)).toBeNull();
    expect(sourceLink(events('https://jaeger.example/trace/1'), -2)).toBe(SHOWN.logs!.link);
    expect(sourceLink([], -1)).toBeNull();
  });

  it('is nothing but a web page without credentials', () => {
    for (const link of [
      'command:workbench.action.quit',
      'file:///etc/passwd',
      'https://a:b@jaeger.example/',
      'nonsense',
    ])
      expect(sourceLink(events(link), -1), link).toBeNull();
  });
});
