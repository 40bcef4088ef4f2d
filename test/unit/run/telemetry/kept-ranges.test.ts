import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer, MetricSource, Series, TimeWindow } from '../../../../src/domain/telemetry.ts';
import { KeptRanges } from '../../../../src/run/telemetry/kept-ranges.ts';

const never = new AbortController().signal;
const STEP = 30_000;
const START = 1_900_000_020_000;

/** Each service lives from a step to another, and has no sample now and then. */
interface Life {
  from: number;
  to: number;
  hole: number;
}

/** A server of made samples, which remembers what it was asked and can be told to fail. */
class Server implements MetricSource {
  readonly name = 'Prometheus here';
  readonly lagMs = 15_000;
  readonly asked: TimeWindow[] = [];
  down = false;
  readonly #lives: readonly Life[];

  constructor(lives: readonly Life[]) {
    this.#lives = lives;
  }

  instant(): Promise<Answer<Series[]>> {
    return Promise.resolve({ state: 'ok', value: [], asOf: START });
  }

  link(query: string): string {
    return `http://here/${query}`;
  }

  range(_: string, window: TimeWindow): Promise<Answer<Series[]>> {
    this.asked.push(window);
    if (this.down) return Promise.resolve({ state: 'unknown', reason: 'it is down' });
    return Promise.resolve({ state: 'ok', value: this.truth(window), asOf: window.to });
  }

  truth({ from, to, stepMs }: TimeWindow): Series[] {
    return this.#lives.flatMap(({ from: begins, to: ends, hole }, index) => {
      const samples = [];
      for (let at = from; at <= to; at += stepMs) {
        const place = (at - START) / STEP;
        if (place >= begins && place <= ends && place % 7 !== hole) samples.push({ at, value: at / STEP + index });
      }
      return samples.length > 0 ? [{ labels: { service: `s${index}` }, samples }] : [];
    });
  }

  get points(): number {
    return this.asked.reduce((sum, { from, to, stepMs }) => sum + (to - from) / stepMs + 1, 0);
  }
}

const onGrid = ({ from, to, stepMs }: TimeWindow): TimeWindow => ({
  from: Math.ceil(from / stepMs) * stepMs,
  to: Math.floor(to / stepMs) * stepMs,
  stepMs,
});
const window = (from: number, to: number): TimeWindow => ({ from: START + from, to: START + to, stepMs: STEP });
const HOUR = 3_600_000;
const forever = [{ from: -1e6, to: 1e6, hole: -1 }];

function shown(answer: Answer<Series[]>): { labels: object; samples: object[] }[] {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value
    .map(({ labels, samples }) => ({ labels, samples }))
    .sort((a, b) => JSON.stringify(a.labels).localeCompare(JSON.stringify(b.labels)));
}

describe('ranges that are kept', () => {
  it('are what the source would have said of the same moments, however they are asked for', async () => {
    const life = fc.record({ from: fc.integer({ min: -130, max: 60 }), to: fc.integer({ min: -100, max: 130 }), hole: fc.integer({ min: -1, max: 6 }) });
    const look = fc.record({
      later: fc.integer({ min: 0, max: 12 * 60_000 }),
      reach: fc.integer({ min: 20 * 60_000, max: 90 * 60_000 }),
      down: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(life, { maxLength: 5 }), fc.array(look, { minLength: 1, maxLength: 12 }), async (lives, looks) => {
        const server = new Server(lives);
        const kept = new KeptRanges(server);
        let now = START;
        for (const { later, reach, down } of looks) {
          now += later;
          server.down = down;
          const wanted = { from: now - reach, to: now, stepMs: STEP };
          const answer = await kept.range('up', wanted, never);
          if (down) expect(answer).toEqual({ state: 'unknown', reason: 'it is down' });
          else expect(shown(answer)).toEqual(server.truth(onGrid(wanted)));
        }
      }),
    );
  }); // prettier-ignore

  it('are asked for once: later only what is new, and the little before it that may have been late', async () => {
    const server = new Server(forever);
    const kept = new KeptRanges(server);
    await kept.range('up', window(-HOUR, 0), never);
    expect(server.points).toBe(121);
    const first = server.points;
    await kept.range('up', window(-HOUR + 60_000, 60_000), never);
    expect(server.points - first).toBe(4);
    await kept.range('other', window(-HOUR, 0), never);
    expect(server.points - first - 4).toBe(121);
  });

  it('of many series come in parts of which none is large', async () => {
    const many = Array.from({ length: 1_000 }, () => forever[0]!);
    const server = new Server(many);
    const answer = await new KeptRanges(server).range('up', window(-HOUR, 0), never);
    expect(shown(answer)).toHaveLength(1_000);
    expect(Math.max(...server.asked.map(({ from, to }) => (to - from) / STEP + 1))).toBe(20);
  });

  it('go on from where the source failed, and say what it says of the rest', async () => {
    const server = new Server(forever);
    const kept = new KeptRanges(server);
    await kept.range('up', window(-HOUR, 0), never);
    server.down = true;
    expect((await kept.range('up', window(-HOUR + 300_000, 300_000), never)).state).toBe('unknown');
    server.down = false;
    const before = server.points;
    const answer = await kept.range('up', window(-HOUR + 360_000, 360_000), never);
    expect(server.points - before).toBe(14);
    expect(shown(answer)).toEqual(server.truth(onGrid(window(-HOUR + 360_000, 360_000))));
  });

  it('pass on everything else', async () => {
    const kept = new KeptRanges(new Server(forever));
    expect([kept.name, kept.lagMs, kept.link('up', window(0, 1))]).toEqual(['Prometheus here', 15_000, 'http://here/up']);
    expect((await kept.instant('up', never)).state).toBe('ok');
  }); // prettier-ignore
});
