import { createRandom } from '../../judge/random.ts';
import type { Random } from '../../judge/random.ts';
import { SHOP_IMAGE, SHOP_IMAGE_LATER } from '../../testbed/app/topology.ts';

/** A break of the shop, and the plan that an engineer has for it. */
export interface DrawnFix {
  what: string;
  fault: string;
  /** Where the fault is put; absent: where it usually is. */
  target?: string;
  /** kubectl commands, one a line, as `mitigate --plan` reads them. */
  lines: string[];
  /** Of a bad one: the alert that alone shows what it breaks. */
  alert?: string;
}

/** How many of each kind there are before values alone differ. */
export const FIXES = 10;

/**
 * A repair that helps: which one, and with which values, the seed says. Its alert clears when the windows of its rule have
 * passed, a minute and more after the cause is gone.
 */
export function drawGoodFix(seed: number): DrawnFix {
  const random = createRandom(seed, 'good fix');
  return REPAIRS[(seed - 1) % REPAIRS.length]!(random);
}

/**
 * A repair of what everybody sees, and with it a change that breaks what only an alert shows: all objects are well after it.
 * The fault leaves guests alone, so that no alert fires before.
 */
export function drawBadFix(seed: number): DrawnFix {
  const random = createRandom(seed, 'bad fix');
  const { alert, line, what } = HARMS[(seed - 1) % HARMS.length]!(random);
  const target = random.pick(STAYS_UP);
  const fault = random.pick(OBJECT_FAULTS);
  return {
    what: `${fault} at ${target} is taken back, and ${what}`,
    fault,
    target,
    lines: [`kubectl rollout undo deployment/${target}`, `kubectl ${line}`],
    alert,
  };
}

const REPAIRS: readonly ((random: Random) => DrawnFix)[] = [
  () => repair('slow-dependency', `set image deployment/rate rate=${SHOP_IMAGE}`),
  () => repair('error-ratio', 'rollout undo deployment/profile'),
  (random) =>
    repair(
      'retry-storm',
      `set env deployment/search UPSTREAM_ATTEMPTS=1 UPSTREAM_RETRY_AFTER_MS=${random.pick([500, 1000, 2000])}`,
    ),
  (random) => repair('saturated-pool', `set env deployment/geo REDIS_POOL_SIZE=${random.pick([12, 16, 24])}`),
  (random) => repair('wrong-answer', `set env deployment/geo SEARCH_RADIUS_KM=${random.pick([8, 10, 15])}`),
  (random) =>
    repair('tight-limit', `set resources deployment/profile --limits=memory=${random.pick(['64Mi', '72Mi', '96Mi'])}`),
  () => repair('slow-dependency', 'rollout undo deployment/rate'),
  () => {
    const containers = [{ name: 'profile', image: SHOP_IMAGE }];
    const patch = JSON.stringify({ spec: { template: { spec: { containers } } } });
    return repair('error-ratio', `patch deployment/profile -p '${patch}'`);
  },
  () => repair('one-bad-replica', 'rollout restart deployment/rate'),
  () => repair('saturated-pool', 'rollout undo deployment/geo'),
];

function repair(fault: string, line: string): DrawnFix {
  return { what: `${fault}: ${line}`, fault, lines: [`kubectl ${line}`] };
}

/** With more than one pod, of which one at a time is replaced: guests are served whatever becomes of a rollout. */
const STAYS_UP = ['rate', 'search'] as const;
const OBJECT_FAULTS = ['image-pull', 'node-selector'] as const;

interface Harm {
  alert: string;
  what: string;
  line: string;
}

const HARMS: readonly ((random: Random) => Harm)[] = [
  () => ({ alert: 'SlowRequests', what: 'a slow release of rate', line: `set image deployment/rate rate=${SHOP_IMAGE_LATER}` }),
  () => ({ alert: 'HighErrorRatio', what: 'a failing release of profile', line: `set image deployment/profile profile=${SHOP_IMAGE_LATER}` }),
  (random) => ({ alert: 'RetryStorm', what: 'calls that are repeated at once', line: `set env deployment/search UPSTREAM_ATTEMPTS=${random.pick([4, 5])} UPSTREAM_RETRY_AFTER_MS=5` }),
  () => ({ alert: 'StorePoolSaturated', what: 'a pool of one connection', line: 'set env deployment/geo REDIS_POOL_SIZE=1' }),
  (random) => ({ alert: 'EmptyAnswers', what: 'a radius in which nothing lies', line: `set env deployment/geo SEARCH_RADIUS_KM=${random.pick(['0.01', '0.02', '0.05'])}` }),
  (random) => ({ alert: 'MemoryNearLimit', what: 'a limit just above what is needed', line: `set resources deployment/profile --limits=memory=${random.pick(['49Mi', '50Mi'])}` }),
  () => ({ alert: 'SlowRequests', what: 'a long wait in geo', line: 'set env deployment/geo WORK_MS=400' }),
  () => ({ alert: 'SlowRequests', what: 'a long wait in profile', line: 'set env deployment/profile WORK_MS=450' }),
  () => ({ alert: 'EmptyAnswers', what: 'a radius of a few steps', line: 'set env deployment/geo SEARCH_RADIUS_KM=0.1' }),
  () => ({ alert: 'RetryStorm', what: 'many attempts', line: 'set env deployment/search UPSTREAM_ATTEMPTS=6 UPSTREAM_RETRY_AFTER_MS=5' }),
]; // prettier-ignore
