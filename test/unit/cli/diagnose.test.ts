import { describe, expect, it } from 'vitest';
import { diagnoseCommand } from '../../../src/cli/diagnose.ts';
import { shownSignals } from '../../../src/domain/signals-now.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import type { Diagnosis } from '../../../src/run/incidents.ts';
import { slowGeo } from '../../support/slow-geo.ts';
import { silentIo } from './command-io.ts';

const TARGET = { context: 'prod-1', server: 's', fingerprint: 'f', namespace: 'hotel-reservation' };
const GEO = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'hotel-reservation', name: 'geo' };
const MESSAGE = 'p99 latency of geo is 412 ms against 95 ± 12 ms over the last hour';

async function printed(args: string[], more: Partial<Diagnosis>): Promise<string> {
  return (await diagnosed(args, more)).out.join('');
}

async function diagnosed(args: string[], more: Partial<Diagnosis>) {
  const diagnosis: Diagnosis = {
    ...{ findings: [], hypotheses: [], notes: [], mu: 1, oracles: { signals: 'bad' } },
    severity: {
      known: true,
      items: [{ source: 'signal', object: GEO, what: 'latency', grade: 1, message: MESSAGE, since: 1 }],
    },
    ...more,
  };
  const app = { targets: { pin: async () => TARGET }, incidents: { diagnose: async () => diagnosis } };
  const io = silentIo();
  expect(await diagnoseCommand(args, io, async () => app as unknown as StratusApp)).toBe(0);
  return io;
}

describe('stratus diagnose', () => {
  const signals = shownSignals(slowGeo(Date.UTC(2026, 10, 21, 3)));

  it('tells what metrics and traces show, with what was compared', async () => {
    const text = await printed([], { signals });
    expect(text).toContain('severity 1');
    expect(text).toContain(`wrong now: Deployment/hotel-reservation/geo: ${MESSAGE}`);
    expect(text).toContain('traces name Deployment/hotel-reservation/geo');
    expect(text).toContain('not known: too few requests');
  });

  it('tells of alerts of which nobody knows whom they concern, as text and in JSON', async () => {
    const notes = ['alerts: of 1 alert that fires it is unknown whether it concerns the target: Nowhere'];
    expect((await diagnosed([], { notes })).err).toEqual([`stratus: ${notes[0]}\n`]);
    expect(JSON.parse(await printed(['--json'], { notes }))).toMatchObject({ notes });
  });

  it('has the same in JSON, and nothing of it where neither is read', async () => {
    const told = JSON.parse(await printed(['--json'], { signals })) as {
      signals: { signals: object[] };
      mu: { items: object[]; oracles: object };
    };
    expect(told.signals.signals[0]).toMatchObject({ kind: 'latency', level: 'incident', message: MESSAGE });
    expect(told.mu).toMatchObject({ items: [{ source: 'signal', what: 'latency' }], oracles: { signals: 'bad' } });
    expect(JSON.parse(await printed(['--json'], {}))).not.toHaveProperty('signals');
  });
});
