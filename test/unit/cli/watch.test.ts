import { describe, expect, it } from 'vitest';
import { watchCommand } from '../../../src/cli/watch.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import type { WatchRequest } from '../../../src/run/incidents.ts';
import type { WatchEvent } from '../../../src/run/watch/watch-event.ts';
import { silentIo } from './command-io.ts';

const TARGET = { context: 'prod-1', server: 's', fingerprint: 'f', namespace: 'shop' };
const at = Date.UTC(2026, 10, 21, 3);
const FOUND = 'metrics are read from Prometheus in monitoring';
const BLIND = 'not watched: objectives (no objective is configured)';

async function watched(args: string[], events: readonly WatchEvent[]) {
  const watch = async ({ tell }: WatchRequest) => events.forEach((event) => tell(event));
  const app = { targets: { pin: async () => TARGET }, incidents: { watch } };
  const io = silentIo();
  expect(await watchCommand(args, io, async () => app as unknown as StratusApp)).toBe(0);
  return { out: io.out.join(''), err: io.err.join('') };
}

describe('stratus watch', () => {
  const events: WatchEvent[] = [
    { type: 'started', at, notes: [FOUND] },
    { type: 'noted', at, notes: [FOUND, BLIND], fresh: [BLIND], gone: [] },
    { type: 'unknown', at, reason: 'signals: no answer', retryMs: 15_000, isPart: true },
    { type: 'unknown', at, reason: 'signals: no answer', retryMs: 30_000, isPart: true },
    { type: 'known', at },
    { type: 'noted', at, notes: [FOUND], fresh: [], gone: [BLIND] },
  ];

  it('tells what is not watched once, and when that changes', async () => {
    const { out, err } = await watched([], events);
    expect(err).toContain(`stratus: ${FOUND}\n`);
    const lines = out.split('\n').map((line) => line.replace(/^[\d:]{8} /, ''));
    expect(lines).toEqual([
      `note ${BLIND}`,
      'unknown in part signals: no answer; asked again in 15 s',
      'answers come again',
      `no longer: ${BLIND}`,
      '',
    ]);
  });

  it('has every event as JSON', async () => {
    const { out } = await watched(['--json'], events);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(events);
  });
});
