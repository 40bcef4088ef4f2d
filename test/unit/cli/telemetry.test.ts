import { describe, expect, it } from 'vitest';
import { telemetryCommand } from '../../../src/cli/telemetry.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import type { OpenTelemetry } from '../../../src/run/telemetry/session-telemetry.ts';
import { silentIo } from './command-io.ts';

const TARGET = { context: 'prod-1', server: 's', fingerprint: 'f', namespace: 'shop' };
const CLOCK = 'its clock is 40 s ahead of the clock here';
const NOTE = 'alerts: of 1 alert that fires it is unknown whether it concerns the target';

async function tested(args: string[], opened: OpenTelemetry['opened']) {
  const app = { targets: { pin: async () => TARGET }, telemetry: { test: async () => ({ opened, notes: [NOTE] }) } };
  const io = silentIo();
  const code = await telemetryCommand(['test', ...args], io, async () => app as unknown as StratusApp);
  return { code, out: io.out.join(''), err: io.err.join('') };
}

describe('stratus telemetry test', () => {
  const answers = { role: 'metrics' as const, name: 'Prometheus in monitoring', version: '3.5.0', problem: null };
  const fails = { role: 'traces' as const, name: 'Jaeger', version: null, problem: 'Jaeger cannot be reached' };

  it('tells what answers, by which clock, and what is not known', async () => {
    const { code, out, err } = await tested([], [{ ...answers, note: CLOCK }]);
    expect(code).toBe(0);
    expect(out).toBe(`metrics  Prometheus in monitoring 3.5.0 answers; ${CLOCK}\n`);
    expect(err).toBe(`stratus: ${NOTE}\n`);
  });

  it('has the same in JSON', async () => {
    const { out } = await tested(['--json'], [{ ...answers, note: CLOCK }]);
    expect(JSON.parse(out)).toEqual({ sources: [{ ...answers, note: CLOCK }], notes: [NOTE] });
  });

  it('fails where a source does not answer', async () => {
    const { code, out } = await tested([], [answers, fails]);
    expect(code).toBe(4);
    expect(out).toContain('traces   Jaeger cannot be reached\n');
  });
});
