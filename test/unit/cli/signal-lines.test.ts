import { describe, expect, it } from 'vitest';
import { painter } from '../../../src/cli/paint.ts';
import { runSummary } from '../../../src/cli/run-summary.ts';
import { logLines } from '../../../src/signals/told/log-lines.ts';
import { signalLines, suspectLine } from '../../../src/signals/told/signal-lines.ts';
import { TerminalView } from '../../../src/cli/terminal.ts';
import { shownSignals } from '../../../src/domain/signals-now.ts';
import type { ShownSignals } from '../../../src/domain/signals-now.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';
import { slowGeo } from '../../support/slow-geo.ts';

const SHOWN = shownSignals(slowGeo(Date.UTC(2026, 10, 21, 3)));
const plain = painter(false);
/** Whatever the clock of this machine says. */
const timeless = (text: string) => text.replaceAll(/(?:\d+ [A-Z][a-z]{2} )?\d\d:\d\d/g, 'HH:MM');

describe('telemetry on the terminal', () => {
  it('calls logs of which nothing is known not quiet', () => {
    const silent = { ...SHOWN.logs!, templates: [], more: 0, unknown: 'no line at all has come since' };
    expect(timeless(logLines(silent, plain).join('\n'))).toBe(
      'logs since HH:MM: nothing is known of what is written: no line at all has come since (VictoriaLogs in monitoring)',
    );
    expect(timeless(logLines({ ...silent, unknown: null }, plain).join('\n'))).toMatch(
      /^logs since HH:MM: nothing new/,
    );
  });

  it('is what belongs together, whom traces name, a trace, signals, kernels, logs, and what is not known', () => {
    expect(timeless(signalLines(SHOWN, plain).join('\n'))).toMatchInlineSnapshot(`
      "2 things belong together, since HH:MM
        begins at Deployment/hotel-reservation/geo: a request spends 389 ms in geo on average, against 90 ms usually
        signal: p99 latency of geo is 412 ms against 95 ± 12 ms over the last hour (about Deployment/hotel-reservation/geo)
        object: Deployment search has 1 of 2 pods ready (depends on Deployment/hotel-reservation/geo)
      traces name Deployment/hotel-reservation/geo, in Pod/hotel-reservation/geo-7c6b8d9f4-x2k8p only: a request spends 389 ms in geo on average, against 90 ms usually: 92 % of what is slower
        almost certain: comes first in 97 % of resampled traces, with 92 % of what is worse than usual
      trace 4bf92f3577b34da6a3ce929d0e0e4736, 460 ms
        frontend GET /hotels                     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 460 ms error
          search Nearby                          ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 448 ms
            geo Nearby                            ━━━━━━━━━━━━━━━━━━━━━━━━━━━━  431 ms error
              mongo-geo find points               ━                             3.2 ms
            rate GetRates                                                     ━ 7 ms
          profile GetProfiles                                                 ━ 4.5 ms
        2 more calls
      wrong now: Deployment/hotel-reservation/geo: p99 latency of geo is 412 ms against 95 ± 12 ms over the last hour
        ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████  86 ms to 417 ms, line at 131 ms, change: Deployment geo, revision 4, alert: SlowRequests
      forecast: Deployment/hotel-reservation/search: memory of search reaches its limit of 1 GiB in about 1.6 h (confidence 0.84)
        ▁▁▁▁▁▂▂▂▂▂▃▃▃▃▃▄▄▄▄▄▅▅▅▅▅▆▆▆▆▆▇▇▇▇▇█████  400 MiB to 640 MiB, line at 1 GiB
      kernel: TCP segments sent again on Node/node1: 14 a second over the last 8 min, against 0.2 a second over the hour before it began (node_netstat_Tcp_RetransSegs)
      logs since HH:MM, from VictoriaLogs in monitoring:
        new Deployment/hotel-reservation/search: ERROR nearby: rpc to geo:<num> timed out after <num>
          214 times, never in the 30 min before; first HH:MM, last HH:MM
        trouble WARN cache miss for <id>
          31 times, 88 times in the 30 min before; first HH:MM, last HH:MM
        and 3 more kinds of lines
      not known: too few requests to search now to tell how many of them fail"
    `);
  });

  it('is nothing where nothing was seen, and at most 45 lines where everything was', () => {
    expect(signalLines({ at: 0, signals: [], suspects: [], waterfall: null, unknown: [] }, plain)).toEqual([]);
    const many = <T>(one: T) => Array.from({ length: 12 }, () => one);
    const all: ShownSignals = {
      ...SHOWN,
      signals: many(SHOWN.signals[0]!),
      suspects: many(SHOWN.suspects[0]!),
      unknown: many('who knows'),
      kernel: many(SHOWN.kernel![0]!),
      incidents: many({ ...SHOWN.incidents![0]!, members: many(SHOWN.incidents![0]!.members[0]!), count: 40 }),
      logs: { ...SHOWN.logs!, templates: many(SHOWN.logs!.templates[0]!), unknown: 'more was written' },
      waterfall: { ...SHOWN.waterfall!, rows: many(SHOWN.waterfall!.rows).flat() },
    };
    const lines = signalLines(all, plain);
    expect(lines.length).toBeLessThanOrEqual(45);
    expect(lines).toContain('and 8 more to be seen');
    expect(lines.at(-1)).toBe('and 10 more not known');
  });

  it('names those that come next, and says what of logs is not known', () => {
    const [suspect] = SHOWN.suspects;
    const second = { ...suspect!, node: { id: 'x', name: 'mail\u0007', object: null }, confidence: 0.5 };
    const said = suspectLine({ ...SHOWN, suspects: [suspect!, second, second, second] });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^traces name Deployment\/hotel-reservation\/geo \(almost certain: .*\): a request spends 389 ms.*; next: mail \(uncertain\), mail \(uncertain\) and 1 more$/,
    );
    expect(suspectLine({ ...SHOWN, suspects: [] })).toEqual([]);
    const logs = { ...SHOWN.logs!, templates: [{ ...SHOWN.logs!.templates[0]!, before: null, isNew: false }], more: 0 };
    expect(logLines({ ...logs, unknown: 'only 3 lines from before are there' }, plain).map(timeless)).toEqual([
      'logs since HH:MM, from VictoriaLogs in monitoring:',
      '  trouble Deployment/hotel-reservation/search: ERROR nearby: rpc to geo:<num> timed out after <num>',
      '    214 times, how often in the 30 min before is not known; first HH:MM, last HH:MM',
      '  which of it is new is not known: only 3 lines from before are there',
    ]);
    expect(logLines({ ...logs, templates: [] }, plain).map(timeless)).toEqual([
      'logs since HH:MM: nothing new and nothing of trouble (VictoriaLogs in monitoring)',
    ]);
  });

  it('shows failed calls before long ones, in their order', () => {
    const { rows } = SHOWN.waterfall!;
    const long = Array.from({ length: 9 }, () => rows[1]!);
    const lines = signalLines(
      { ...SHOWN, waterfall: { ...SHOWN.waterfall!, rows: [rows[0]!, ...long, rows[2]!] } },
      plain,
    );
    const calls = lines.filter((line) => line.includes('━'));
    expect([calls[0], calls.at(-1)].map((line) => line!.trim().split(/\s+/)[0])).toEqual(['frontend', 'geo']);
    expect(calls).toHaveLength(6);
    expect(lines).toContain('  7 more calls');
  });

  it('stands in a run once for each reading, and its suspect in the last lines', async () => {
    const run = await RecordedRun.open({ telemetry: true });
    await run.untilAsked();
    await run.approve();
    await run.when(({ result }) => result !== null);
    let text = '';
    const view = new TerminalView((line) => (text += line), plain);
    const events = run.session.events();
    for (const event of events) view.show(event);
    const readings = events.filter(({ type }) => type === 'signals').length;
    expect(readings).toBeGreaterThan(0);
    expect(text.match(/traces name/g)).toHaveLength(readings);
    const result = events.findLast((event) => event.type === 'result')!.result;
    expect(runSummary(result, events, false)).toContain(
      'traces name Deployment/hotel-reservation/geo (almost certain: comes first in 97 %',
    );
  });
});
