import type { App } from '../app-model.ts';
import { createRandom } from '../random.ts';
import { danglingPort } from './dangling-port.ts';
import type { FaultClass, FaultPlan } from './fault.ts';
import { lostKey } from './lost-key.ts';
import { noSuchImage } from './no-such-image.ts';
import { nowhereToRun } from './nowhere-to-run.ts';
import { switchedOff } from './switched-off.ts';
import { unservableClaim } from './unservable-claim.ts';

export const FAULT_CLASSES: readonly FaultClass[] = [
  danglingPort,
  switchedOff,
  nowhereToRun,
  noSuchImage,
  lostKey,
  unservableClaim,
];

/** No member of the application can have the wanted fault. */
export class UnfitError extends Error {}

export interface ChosenFault extends FaultPlan {
  fault: string;
  variant: string;
}

/**
 * The fault of a seed: six seeds in a row meet all six classes. A variant that no member of this application can have
 * gives way to the next one of its class.
 * @param wanted class name, or `class/variant`, instead of the seed's own
 * @throws UnfitError when no member can have it; an Error that lists what there is for an unknown name
 */
export function chooseFault(app: App, wanted?: string): ChosenFault {
  const random = createRandom(app.seed, 'fault');
  const [className, variantName] = wanted?.split('/') ?? [];
  const chosen = className
    ? FAULT_CLASSES.find(({ name }) => name === className)
    : FAULT_CLASSES[(app.seed - 1 + FAULT_CLASSES.length) % FAULT_CLASSES.length];
  if (!chosen) throw new Error(`unknown fault ${className}; known: ${FAULT_CLASSES.map(({ name }) => name).join(' ')}`);
  if (variantName && !chosen.variants.includes(variantName)) {
    throw new Error(`unknown variant ${variantName} of ${chosen.name}; known: ${chosen.variants.join(' ')}`);
  }
  const reasons: string[] = [];
  for (const variant of variantName ? [variantName] : random.shuffle(chosen.variants)) {
    try {
      return { fault: chosen.name, variant, ...chosen.plan(app, variant, random) };
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new UnfitError(`fault ${wanted ?? chosen.name} does not fit: ${reasons.join('; ')}`);
}
