import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../../src/domain/telemetry.ts';
import type { MemoryHistory } from '../../../../src/signals/incident-types/memory-cause.ts';
import { memoryCause } from '../../../../src/signals/incident-types/memory-cause.ts';
import { seededRandom } from '../../../../src/signals/statistics/random.ts';

const MINUTE = 60_000;
const MIB = 2 ** 20;
const SEEDS = [1, 2, 3, 4, 5];

const samples = (minutes: number, value: (minute: number) => number, from = 0): Sample[] =>
  Array.from({ length: minutes * 2 }, (_, index) => ({ at: from + index * 30_000, value: value(index / 2) * MIB }));
const rates = (minutes: number, value: (minute: number) => number): Sample[] =>
  samples(minutes, value).map((sample) => ({ at: sample.at, value: sample.value / MIB }));
const history = (more: Partial<MemoryHistory>): MemoryHistory => ({
  pods: [],
  limitBytes: 256 * MIB,
  traffic: rates(60, () => 5),
  former: null,
  ...more,
});
/** Grows by garbage, falls back to its floor every four minutes. */
const collected = (floor: (minute: number) => number, seed: number) => {
  const random = seededRandom(seed);
  return (minute: number) => floor(minute) + 15 * (minute % 4) + 3 * random();
};

describe('memory', () => {
  it.each(SEEDS)('that rises from collection to collection is a leak (seed %i)', (seed) => {
    const { cause, evidence } = memoryCause(
      history({
        pods: [
          {
            samples: samples(
              60,
              collected((minute) => 60 + 2 * minute, seed),
            ),
            starts: [0],
          },
        ],
      }),
    );
    expect({ cause, evidence }).toMatchObject({ cause: 'leak' });
    expect(evidence[0]).toMatch(
      /^what is left after \d+ collections rose from [\d.]+ MiB to [\d.]+ MiB in .*, while traffic did not rise$/,
    );
  });

  it.each(SEEDS)('that stays high with its floor flat is a tight limit (seed %i)', (seed) => {
    const flat = collected(() => 222, seed);
    const { cause, evidence } = memoryCause(
      history({ limitBytes: 256 * MIB, pods: [{ samples: samples(60, (m) => Math.min(255, flat(m))), starts: [0] }] }),
    );
    expect({ cause, evidence }).toMatchObject({ cause: 'tight-limit' });
  });

  it('that fills a fresh container at once is a tight limit', () => {
    const starts = [0, 2, 4, 7, 12].map((minute) => minute * MINUTE);
    const pod = {
      samples: samples(14, (minute) => 240 + (minute % 1) - 100 * Number(minute % 1 === 0 && minute < 1)),
      starts,
    };
    const { cause, evidence } = memoryCause(history({ pods: [pod] }));
    expect({ cause, evidence }).toMatchObject({ cause: 'tight-limit' });
    expect(evidence.join()).toMatch(/starts had 85 % of the limit in use within/);
  });

  it.each(SEEDS)('that grew all the way until it was killed is a leak, though no life was long (seed %i)', (seed) => {
    const random = seededRandom(seed);
    // Four minutes from the start to the limit, then again.
    const pod = {
      samples: Array.from({ length: 30 }, (_, index) => ({
        at: 5_000 + index * 15_000,
        value: (10 + ((index % 16) / 16) * 50 + 4 * random()) * MIB,
      })),
      starts: [0, 4 * MINUTE],
      kills: [4 * MINUTE - 2_000],
    };
    const before = { samples: samples(4, () => 12, -5 * MINUTE), starts: [-20 * MINUTE] };
    const told = history({ limitBytes: 64 * MIB, pods: [before, pod], traffic: rates(10, () => 5) });
    const { cause, evidence } = memoryCause(told);
    expect({ cause, evidence }).toMatchObject({ cause: 'leak' });
    expect(evidence.join()).toMatch(/it was killed .* after its start, and memory grew all the way, from .* to /);
  });

  it('that is told of a container that was killed is not taken for that of the next one', () => {
    const life = (from: number, value: (index: number) => number, length: number) =>
      Array.from({ length }, (_, index) => ({ at: from + index * 15_000, value: value(index) * MIB }));
    const pod = {
      // The last sample goes on for a minute and a half.
      samples: [...life(5_000, (index) => 10 + 3 * index, 17), ...life(260_000, () => 58, 6)],
      starts: [0, 256_000],
      kills: [255_000],
    };
    const { cause, evidence } = memoryCause(history({ limitBytes: 64 * MIB, pods: [pod] }));
    expect({ cause, evidence }).toMatchObject({ cause: 'leak' });
  });

  it('that grew all the way to its limit is a leak before it is killed, too', () => {
    const grown = (minutes: number) => ({
      samples: Array.from({ length: minutes * 4 }, (_, index) => ({
        at: 5_000 + index * 15_000,
        value: (10 + 3 * index) * MIB,
      })),
      starts: [0],
    });
    const { cause, evidence } = memoryCause(history({ limitBytes: 64 * MIB, pods: [grown(4.5)] }));
    expect({ cause, evidence }).toMatchObject({ cause: 'leak' });
    expect(evidence[0]).toMatch(/^it had nearly filled its limit 4\.\d+ min after its start/);
    expect(memoryCause(history({ limitBytes: 128 * MIB, pods: [grown(4.5)] })).cause).toBe('unknown');
  });

  it.each<[string, (index: number) => number, number]>([
    ['levels off before', (index) => 60 - 50 * Math.exp(-index / 2), 4],
    ['jumps', (index) => (index > 12 ? 63 : 20), 4],
    ['was there within two minutes', (index) => 10 + 6 * index, 2],
  ])('that was killed is no leak for that where it %s', (_, value, minutes) => {
    const pod = {
      samples: Array.from({ length: minutes * 4 }, (__, index) => ({
        at: 5_000 + index * 15_000,
        value: value(index) * MIB,
      })),
      starts: [0],
      kills: [minutes * MINUTE],
    };
    expect(memoryCause(history({ limitBytes: 64 * MIB, pods: [pod] })).cause).not.toBe('leak');
  });

  it('that was used nearly all before the limit was lowered is a tight limit, though little is known of it', () => {
    const former = { limitBytes: 64 * MIB, changedAt: 2 * MINUTE };
    const pods = [
      { samples: samples(2, () => 42), starts: [] },
      { samples: samples(1, () => 43, 2 * MINUTE), starts: [2 * MINUTE] },
    ];
    const { cause, evidence } = memoryCause(history({ limitBytes: 50 * MIB, pods, former }));
    expect(cause).toBe('tight-limit');
    expect(evidence[0]).toMatch(/^1 of 1 start had 85 % of the limit in use/);
    expect(evidence.at(-1)).toMatch(/no life of the container of 5 min/);
    const roomy = [{ samples: samples(2, () => 20), starts: [] }];
    expect(memoryCause(history({ limitBytes: 50 * MIB, pods: roomy, former })).cause).toBe('unknown');
  });

  it('that rises with traffic and falls again with it is a tight limit', () => {
    const wave = (minute: number) => 1 + Math.sin(minute / 4);
    const pod = { samples: samples(60, (minute) => 120 + 60 * wave(minute)), starts: [0] };
    const { cause } = memoryCause(history({ traffic: rates(60, (minute) => 5 + 4 * wave(minute)), pods: [pod] }));
    expect(cause).toBe('tight-limit');
  });

  it('that was used before the limit was lowered is a tight limit', () => {
    const pod = { samples: samples(30, () => 250), starts: [] };
    const former = { limitBytes: 512 * MIB, changedAt: 20 * MINUTE };
    const { cause, evidence } = memoryCause(history({ pods: [pod], former }));
    expect(cause).toBe('tight-limit');
    expect(evidence.join()).toMatch(/lowered from 512 MiB to 256 MiB, and 250 MiB were used before already/);
  });

  it.each([
    ['nothing is known', {}],
    [
      'the container has not lived long',
      { pods: [{ samples: samples(3, (minute) => 100 + 10 * minute), starts: [0] }] },
    ],
    [
      'traffic rises as well',
      {
        traffic: rates(60, (minute) => 5 + minute / 6),
        pods: [{ samples: samples(60, (minute) => 60 + 2 * minute), starts: [0] }],
      },
    ],
    [
      'clues disagree',
      {
        pods: [{ samples: samples(60, (minute) => 60 + 2 * minute), starts: [0] }],
        former: { limitBytes: 512 * MIB, changedAt: 60 * MINUTE },
        limitBytes: 100 * MIB,
      },
    ],
  ])('is of unknown cause where %s', (_, more) => {
    expect(memoryCause(history(more)).cause).toBe('unknown');
  });
});
