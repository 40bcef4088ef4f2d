import { createRandom } from '../judge/random.ts';
import type { Fault, FaultProxy, SeenRequest } from '../testbed/fault-proxy.ts';
import type { Instance } from '../testbed/instance.ts';
import { MitigateLab } from './mitigate-lab.ts';

type Kind = SeenRequest['kind'];

interface Disturbance {
  name: string;
  kind: Kind;
  /** Request of that kind, counted from 1, and how many in a row. */
  nth: number;
  times: number;
  fault: Fault;
}

/** About how many requests of a kind an undisturbed mitigation sends; those of importance come up more often. */
const REQUESTS: ReadonlyArray<[kind: Kind, about: number]> = [
  ['read', 220],
  ['read', 220],
  ['watch', 10],
  ['dry-run', 4],
  ['review', 3],
  ['lease', 8],
  ['lease', 8],
  ['write', 2],
  ['write', 2],
];

const STORING: Kind[] = ['dry-run', 'lease', 'write'];
const FAULTS: Record<string, { fault: Fault; on?: Kind[]; slow?: true }> = {
  429: { fault: { kind: 'status', code: 429, retryAfter: 0 } },
  500: { fault: { kind: 'status', code: 500 } },
  503: { fault: { kind: 'status', code: 503 } },
  504: { fault: { kind: 'status', code: 504 } },
  409: { fault: { kind: 'status', code: 409 }, on: STORING },
  'cut before': { fault: { kind: 'cut-before' } },
  reset: { fault: { kind: 'reset' } },
  'cut after': { fault: { kind: 'cut-after' }, on: ['read', 'review', ...STORING] },
  'cut in the body': { fault: { kind: 'cut-body' }, on: ['read', 'review', ...STORING] },
  'cut in the stream': { fault: { kind: 'cut-stream', ms: 200 }, on: ['watch'] },
  late: { fault: { kind: 'late', ms: 250 }, on: ['dry-run', 'write'] },
  delay: { fault: { kind: 'delay', ms: 1_000 } },
  'long delay': { fault: { kind: 'delay', ms: 3_000 }, on: ['lease', 'write'] },
  'closed at rest': { fault: { kind: 'close-idle', when: 'at once', how: 'FIN' } },
  'closed at the next request': { fault: { kind: 'close-idle', when: 'next request', how: 'FIN' } },
  'reset at the next request': { fault: { kind: 'close-idle', when: 'next request', how: 'RST' } },
  // Half a minute until the request is given up.
  'black hole before': { fault: { kind: 'black-hole', stored: false }, slow: true },
  'black hole after': { fault: { kind: 'black-hole', stored: true }, on: ['read', 'review', ...STORING], slow: true },
};

/** A handful of faults for one mitigation, drawn from the seed. */
function drawDisturbances(seed: number, withSlow: boolean): Disturbance[] {
  const random = createRandom(seed, 'disturbances');
  return Array.from({ length: random.int(3, 7) }, () => {
    const [kind, about] = random.pick(REQUESTS);
    const fitting = Object.keys(FAULTS).filter((name) => {
      const { on, slow } = FAULTS[name]!;
      return (!on || on.includes(kind)) && (withSlow || !slow);
    });
    const name = random.pick(fitting);
    const { fault, slow } = FAULTS[name]!;
    const times = slow ? 1 : random.pick([1, 1, 2, 4, 12]);
    return { name, kind, nth: random.int(1, about), times, fault };
  });
}

function install(proxy: FaultProxy, disturbances: Disturbance[]): { hits: string[] } {
  const counts: Partial<Record<Kind, number>> = {};
  const hits: string[] = [];
  proxy.restart(({ kind }) => {
    const n = (counts[kind] = (counts[kind] ?? 0) + 1);
    const due = disturbances.find((one) => one.kind === kind && n >= one.nth && n < one.nth + one.times);
    if (due) hits.push(`${due.name} at ${kind} ${n}`);
    return due?.fault ?? null;
  });
  return { hits };
}

/**
 * A mitigation through a proxy that disturbs it as the seed says. The writer lock is short in every other seed, so that
 * a delay can cost it.
 * @param withSlow also faults that take half a minute each
 */
export async function disturbedMitigation(
  instance: Instance,
  seed: number,
  withSlow = false,
): Promise<{ problems: string[]; hits: string[]; outcome: string }> {
  const lab = await MitigateLab.open(instance, { seed, ...(seed % 2 === 0 ? { lockSeconds: 6 } : {}) });
  try {
    const { hits } = install(lab.proxy, drawDisturbances(seed, withSlow));
    const run = await lab.mitigate();
    lab.proxy.restart();
    await lab.proxy.settle();
    const problems = await lab.problems(run);
    return { problems: problems.map((text) => `${text} [${hits.join(', ')}]`), hits, outcome: String(run.code) };
  } finally {
    await lab.close();
  }
}
