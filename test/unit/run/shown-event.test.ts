import { expect, it } from 'vitest';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import { shownSignals } from '../../../src/domain/signals-now.ts';
import { shownEvent } from '../../../src/run/incident/shown-event.ts';
import { slowGeo } from '../../support/slow-geo.ts';

const argv = ['create', 'secret', 'generic', 'x', '--from-literal=k=hunter2'];
const step = { type: 'kubectl' as const, argv, why: 'needed' };
const content = 'apiVersion: v1\nkind: Secret\nstringData: {k: hunter2}\n';
const plan = {
  hash: 'h',
  title: 't',
  findingId: 'f',
  steps: [step],
  files: [{ name: 'secret', content }],
  expects: 'e',
};
const rehearsal = { argv, ok: false, problem: 'no', writes: [], partial: false, instead: [argv] };

it.each<RunEvent>([
  { at: 1, type: 'planned', plan, reason: '' },
  { at: 1, type: 'rehearsed', steps: [rehearsal], hash: 'h' },
  { at: 1, type: 'command', argv, exitCode: 0, stdout: '', stderr: '', writes: 1 },
  { at: 1, type: 'converted', from: argv, to: [argv], reason: 'r' },
])('what listeners and the log get of $type holds no literal of a Secret', (event) => {
  const whole = JSON.stringify(event);
  expect(JSON.stringify(shownEvent(event))).not.toContain('hunter2');
  expect(JSON.stringify(shownEvent(event))).toContain('generic');
  expect(JSON.stringify(event), 'the run goes on with the whole').toBe(whole);
});

it('leaves every other event and manifest as it is', () => {
  const settled: RunEvent = { at: 1, type: 'settled', settled: true, pending: ['a'] };
  expect(shownEvent(settled)).toEqual(settled);
  const files = [{ name: 'map', content: 'kind: ConfigMap\n' }];
  const planned: RunEvent = { at: 1, type: 'planned', plan: { ...plan, steps: [], files }, reason: '' };
  expect(shownEvent(planned)).toEqual(planned);
});

it('holds no terminal codes and nothing that looks like a credential', () => {
  const pending = ['pod says \u001b[2J\u202epassword=hunter2'];
  expect(shownEvent({ at: 1, type: 'settled', settled: false, pending })).toMatchObject({
    pending: ['pod says password=[redacted]'],
  });
});

it('holds of what telemetry showed neither credentials nor terminal codes, and its numbers as they are', () => {
  const shown = shownSignals(slowGeo(1_000));
  const [signal] = shown.signals;
  const hostile = 'GET /x?password=hunter2 \u001b[2J';
  const event: RunEvent = {
    at: 1,
    type: 'signals',
    shown: {
      ...shown,
      signals: [{ ...signal!, message: hostile, labels: { api_token: 'hunter2', job: 'geo' } }],
      waterfall: { ...shown.waterfall!, rows: [{ ...shown.waterfall!.rows[0]!, operation: hostile }] },
      unknown: [hostile],
    },
  };
  const text = JSON.stringify(shownEvent(event));
  expect(text).not.toMatch(/hunter2|u001b/);
  const got = shownEvent(event);
  expect(got.type === 'signals' && got.shown.signals[0]!.chart).toEqual(signal!.chart);
});
